"""Pushes held in quarantine, and the listings that hold lines whose balances do not follow on."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.add_column("source_accounts", sa.Column("hold_seq", sa.BigInteger))
    op.add_column("listings", sa.Column("holds_gaps", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "holds",
        sa.Column("pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False),
        sa.Column("push_pk", sa.BigInteger, sa.ForeignKey("pushes.pk"), nullable=False),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_as", sa.Text),
        sa.Column("end_reason", sa.Text),
    )
    op.create_index("ix_holds_account_pk", "holds", ["account_pk"])
    op.create_index(
        "uq_holds_push_pk", "holds", ["push_pk"], unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_column("listings", "holds_gaps")
    op.drop_column("source_accounts", "hold_seq")
