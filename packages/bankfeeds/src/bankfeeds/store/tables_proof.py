"""Tables of the balance proof: what an institution itself says that an account closed with."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Money

closing_balances = sa.Table(
    "closing_balances",
    metadata,
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), primary_key=True),
    sa.Column("on", sa.Date, primary_key=True),
    sa.Column("balance", Money, nullable=False),
    sa.Column("given_at", Instant, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
)
