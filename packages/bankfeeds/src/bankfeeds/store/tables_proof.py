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

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False, index=True),
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
    sa.Index(
        "uq_holds_push_pk",
        "push_pk",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)
"""Pushes held in quarantine, whole or what of them was not sent yet; `ended_as` released or dropped."""
