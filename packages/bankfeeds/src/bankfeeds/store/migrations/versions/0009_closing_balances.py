"""The institution's own closing balances, for the balance proof."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Money

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closing_balances",
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), primary_key=True),
        sa.Column("on", sa.Date, primary_key=True),
        sa.Column("balance", Money, nullable=False),
        sa.Column("given_at", Instant, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("closing_balances")
