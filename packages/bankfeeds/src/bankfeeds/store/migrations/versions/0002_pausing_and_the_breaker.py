"""Pausing deliveries, and counting a listing's failures in a row."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEFORE = "status = 'open' AND due_at IS NOT NULL"
_AFTER = f"{_BEFORE} AND NOT is_held"


def upgrade() -> None:
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.add_column("budgets", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("statements", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("feeds", sa.Column("is_held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("ix_feeds_due", table_name="feeds")
    op.create_index(
        "ix_feeds_due", "feeds", ["due_at"], sqlite_where=sa.text(_AFTER), postgresql_where=sa.text(_AFTER)
    )


def downgrade() -> None:
    op.drop_index("ix_feeds_due", table_name="feeds")
    with op.batch_alter_table("feeds") as feeds:
        feeds.drop_column("is_held")
    op.create_index(
        "ix_feeds_due", "feeds", ["due_at"], sqlite_where=sa.text(_BEFORE), postgresql_where=sa.text(_BEFORE)
    )
    with op.batch_alter_table("statements") as statements:
        statements.drop_column("refusals")
    with op.batch_alter_table("budgets") as budgets:
        budgets.drop_column("failures")
    op.drop_table("pauses")
