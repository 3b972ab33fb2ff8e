"""Tables of webhooks: who wants to hear what, what happened, the events made of it, and their way to consumers."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Json

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PENDING = sa.text("status = 'pending'")


def _pk() -> sa.Column[int]:
    return sa.Column("pk", _Key, sa.Identity(), primary_key=True)


webhook_consumers = sa.Table(
    "webhook_consumers",
    metadata,
    _pk(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("company_tags", Json, nullable=False),
    sa.Column("sealed_secret", sa.Text, nullable=False),
    sa.Column("sealed_old_secret", sa.Text),
    sa.Column("old_secret_until", Instant),
    sa.Column("sealed_headers", sa.Text),
    sa.Column("is_disabled", sa.Boolean, nullable=False),
    sa.Column("disabled_at", Instant),
    sa.Column("disabled_cause", sa.Text),
    sa.Column("failing_since", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("removed_at", Instant),
)

webhook_subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    sa.Column("event_type", sa.Text, primary_key=True),
    sa.Column("consumer_pk", sa.BigInteger, sa.ForeignKey("webhook_consumers.pk"), primary_key=True),
)

webhook_outbox = sa.Table(
    "webhook_outbox",
    metadata,
    _pk(),
    sa.Column("happening", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("company_id", sa.Text),
    sa.Column("connection_id", sa.Text),
    sa.Column("account_pk", sa.BigInteger),
    sa.Column("push_key", sa.Text),
    sa.Column("facts", Json),
)

webhook_sequences = sa.Table(
    "webhook_sequences",
    metadata,
    sa.Column("consumer_pk", sa.BigInteger, sa.ForeignKey("webhook_consumers.pk"), primary_key=True),
    sa.Column("account_pk", sa.BigInteger, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("company_id", sa.Text),
    sa.Column("account_pk", sa.BigInteger),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("ix_webhook_events_at", "at"),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    _pk(),
    sa.Column("event_id", sa.Text, sa.ForeignKey("webhook_events.id"), nullable=False, index=True),
    sa.Column("consumer_pk", sa.BigInteger, sa.ForeignKey("webhook_consumers.pk"), nullable=False),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("last_status_code", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Index("ix_webhook_deliveries_due", "consumer_pk", "due_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
    sa.Index("ix_webhook_deliveries_consumer", "consumer_pk", "pk"),
)

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    _pk(),
    sa.Column("delivery_pk", sa.BigInteger, sa.ForeignKey("webhook_deliveries.pk"), nullable=False, index=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("took_ms", sa.Integer, nullable=False),
    sa.Column("status_code", sa.Integer),
    sa.Column("error", sa.Text),
)
