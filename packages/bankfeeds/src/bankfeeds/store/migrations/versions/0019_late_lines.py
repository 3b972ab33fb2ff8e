"""Late lines: which accounts present them on the day they come, and those that wait, were presented or dropped."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Money

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "source_accounts", sa.Column("presents_late", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "late_lines",
        sa.Column("pk", _Key, sa.Identity(), nullable=False),
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("posted_on", sa.Date, nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column("balance", Money, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("counterparty", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("file_id", sa.Text),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("ended_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("push_key", sa.Text),
        sa.Column("seq", sa.BigInteger),
        sa.Column("presented_on", sa.Date),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("account_pk", "id"),
    )
    op.create_index("ix_late_lines_state", "late_lines", ["state", "account_pk"])


def downgrade() -> None:
    op.drop_table("late_lines")
    op.drop_column("source_accounts", "presents_late")
