"""The table of late lines: dated before the newest line that was accepted when they came."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Money

late_lines = sa.Table(
    "late_lines",
    metadata,
    sa.Column("pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
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
    sa.UniqueConstraint("account_pk", "id"),
    sa.Index("ix_late_lines_state", "state", "account_pk"),
)
"""As the institution gave them. What is presented stands in `lines` too, as number `seq`, with another day and text.
Erased, the texts are null; a line always has a description otherwise.
"""
