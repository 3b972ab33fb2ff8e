"""Webhooks: consumers and what they subscribe to, the outbox, events, deliveries and their attempts."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PENDING = sa.text("status = 'pending'")


def _pk() -> "sa.Column[int]":
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("pk", key, sa.Identity(always=False), nullable=False)


def _consumer(table: str, *, name: str = "consumer_pk") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], ["webhook_consumers.pk"], name=f"fk_{table}_{name}")


def upgrade() -> None:
    op.create_table(
        "webhook_consumers",
        _pk(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("company_tags", Json(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("sealed_old_secret", sa.Text()),
        sa.Column("old_secret_until", Instant()),
        sa.Column("sealed_headers", sa.Text()),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", Instant()),
        sa.Column("disabled_cause", sa.Text()),
        sa.Column("failing_since", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant()),
        sa.PrimaryKeyConstraint("pk", name="pk_webhook_consumers"),
        sa.UniqueConstraint("id", name="uq_webhook_consumers_id"),
    )
    op.create_table(
        "webhook_subscriptions",
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("consumer_pk", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_type", "consumer_pk", name="pk_webhook_subscriptions"),
        _consumer("webhook_subscriptions"),
    )
    op.create_table(
        "webhook_outbox",
        _pk(),
        sa.Column("happening", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("company_id", sa.Text()),
        sa.Column("connection_id", sa.Text()),
        sa.Column("account_pk", sa.BigInteger()),
        sa.Column("push_key", sa.Text()),
        sa.Column("facts", Json()),
        sa.PrimaryKeyConstraint("pk", name="pk_webhook_outbox"),
    )
    op.create_table(
        "webhook_sequences",
        sa.Column("consumer_pk", sa.BigInteger(), nullable=False),
        sa.Column("account_pk", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer_pk", "account_pk", name="pk_webhook_sequences"),
        _consumer("webhook_sequences"),
    )
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("company_id", sa.Text()),
        sa.Column("account_pk", sa.BigInteger()),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_at", "webhook_events", ["at"])
    op.create_table(
        "webhook_deliveries",
        _pk(),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("consumer_pk", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("due_at", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant()),
        sa.Column("last_status_code", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("pk", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(["event_id"], ["webhook_events.id"], name="fk_webhook_deliveries_event_id"),
        _consumer("webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_event_id", "webhook_deliveries", ["event_id"])
    op.create_index("ix_webhook_deliveries_consumer", "webhook_deliveries", ["consumer_pk", "pk"])
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["consumer_pk", "due_at"],
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )
    op.create_table(
        "webhook_attempts",
        _pk(),
        sa.Column("delivery_pk", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("pk", name="pk_webhook_attempts"),
        sa.ForeignKeyConstraint(["delivery_pk"], ["webhook_deliveries.pk"], name="fk_webhook_attempts_delivery_pk"),
    )
    op.create_index("ix_webhook_attempts_delivery_pk", "webhook_attempts", ["delivery_pk"])


def downgrade() -> None:
    for table in ("attempts", "deliveries", "events", "sequences", "outbox", "subscriptions", "consumers"):
        op.drop_table(f"webhook_{table}")
