"""Accounts that are verified after a restore, and which older programs may work on a newer schema."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_accounts", sa.Column("verifying_since", Instant))
    op.add_column("source_accounts", sa.Column("restored_seq", sa.BigInteger))
    state = op.create_table(
        "schema_state",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
        sa.Column("runs_from", sa.Text, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "runs_from": "0008"}])


def downgrade() -> None:
    op.drop_table("schema_state")
    op.drop_column("source_accounts", "restored_seq")
    op.drop_column("source_accounts", "verifying_since")
