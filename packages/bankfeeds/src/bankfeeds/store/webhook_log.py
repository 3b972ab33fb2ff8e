"""Deliveries as operators see them: read a page at a time, and put on their way again by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.webhook_delivery import DeliveryStatus
from bankfeeds.store import outbox
from bankfeeds.store import tables_webhooks as t
from bankfeeds.store.engine import Read, Write

_d, _e, _a, _c = t.webhook_deliveries.c, t.webhook_events.c, t.webhook_attempts.c, t.webhook_consumers.c
PURGED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """`account_pk` numbers the account whose stream `sequence` counts."""

    pk: int
    event_id: str
    event_type: str
    at: datetime
    company_id: str | None
    sequence: int | None
    status: DeliveryStatus
    attempts: int
    due_at: datetime | None
    finished_at: datetime | None
    last_status_code: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    took_ms: int
    status_code: int | None
    error: str | None


def page(tx: Read, consumer_pk: int, status: DeliveryStatus | None, before_pk: int | None, limit: int) -> list[Entry]:
    """Newest first, those older than `before_pk`."""
    query = _entries().where(_d.consumer_pk == consumer_pk)
    if status is not None:
        query = query.where(_d.status == status.value)
    if before_pk is not None:
        query = query.where(_d.pk < before_pk)
    return [_entry(row) for row in tx.rows(query.order_by(_d.pk.desc()).limit(limit))]


def find(tx: Read, consumer_pk: int, event_id: str) -> Entry | None:
    row = tx.row(_entries().where(_d.consumer_pk == consumer_pk, _d.event_id == event_id))
    return None if row is None else _entry(row)


def payload(tx: Read, event_id: str) -> str:
    return str(tx.value(sa.select(_e.payload).where(_e.id == event_id)))


def attempts(tx: Read, delivery_pk: int) -> list[Attempt]:
    """Oldest first."""
    rows = tx.rows(sa.select(t.webhook_attempts).where(_a.delivery_pk == delivery_pk).order_by(_a.pk))
    return [Attempt(row.at, row.took_ms, row.status_code, row.error) for row in rows]


def send_again(tx: Write, pk: int, now: datetime) -> None:
    """As if it had never been tried."""
    tx.run(t.webhook_deliveries.update().where(_d.pk == pk).values(_afresh(now)))


def send_all_again(tx: Write, consumer_pk: int, status: DeliveryStatus, since: datetime, now: datetime) -> int:
    """Those of events since then that stand so. How many."""
    events = sa.select(_e.id).where(_e.at >= since)
    which = sa.and_(_d.consumer_pk == consumer_pk, _d.status == status.value, _d.event_id.in_(events))
    return tx.run(t.webhook_deliveries.update().where(which).values(_afresh(now)))


def counts(tx: Read, consumer_pk: int) -> dict[DeliveryStatus, int]:
    query = sa.select(_d.status, sa.func.count().label("many")).where(_d.consumer_pk == consumer_pk)
    return {DeliveryStatus(row.status): int(row.many) for row in tx.rows(query.group_by(_d.status))}


def purge(tx: Write, before: datetime) -> int:
    """Events older than that, none of which is still on its way. How many; call again until there are none."""
    pending = sa.exists(sa.select(_d.pk).where(_d.event_id == _e.id, sa.text("webhook_deliveries.status = 'pending'")))
    query = sa.select(_e.id).where(_e.at < before, sa.not_(pending)).order_by(_e.at).limit(PURGED_AT_ONCE)
    events: Sequence[str] = [row.id for row in tx.rows(query)]
    if events:
        old = sa.select(_d.pk).where(_d.event_id.in_(events))
        tx.run(t.webhook_attempts.delete().where(_a.delivery_pk.in_(old)))
        tx.run(t.webhook_deliveries.delete().where(_d.event_id.in_(events)))
        tx.run(t.webhook_events.delete().where(_e.id.in_(events)))
    return len(events)


def consumers(tx: Read) -> dict[str, int]:
    """How many are `enabled`, `failing` or `disabled`."""
    state = sa.case((_c.is_disabled, "disabled"), (_c.failing_since.is_not(None), "failing"), else_="enabled")
    query = sa.select(state.label("state"), sa.func.count().label("many")).where(_c.removed_at.is_(None))
    found = {row.state: int(row.many) for row in tx.rows(query.group_by(state))}
    return {name: found.get(name, 0) for name in ("enabled", "failing", "disabled")}


def oldest_waiting(tx: Read, now: datetime) -> datetime | None:
    """Since when the oldest event has waited to be sent; consumers that fail or are disabled aside."""
    _, happened = outbox.waiting(tx)
    due = _oldest_due(tx, now)
    return min((each for each in (happened, due) if each is not None), default=None)


def _oldest_due(tx: Read, now: datetime) -> datetime | None:
    healthy = sa.and_(_c.removed_at.is_(None), sa.not_(_c.is_disabled), _c.failing_since.is_(None))
    query = (
        sa.select(sa.func.min(_d.due_at))
        .select_from(t.webhook_deliveries.join(t.webhook_consumers, _c.pk == _d.consumer_pk))
        .where(sa.text("webhook_deliveries.status = 'pending'"), _d.due_at <= now, healthy)
    )
    found: datetime | None = tx.value(query)
    return found


def pending(tx: Read) -> int:
    query = sa.select(sa.func.count()).select_from(t.webhook_deliveries)
    return int(tx.value(query.where(sa.text("webhook_deliveries.status = 'pending'"))))


def _afresh(now: datetime) -> dict[str, Any]:
    return {"status": DeliveryStatus.pending.value, "attempts": 0, "due_at": now, "finished_at": None}


def _entries() -> "sa.Select[Any]":
    return sa.select(
        t.webhook_deliveries, _e.type.label("event_type"), _e.at.label("event_at"), _e.company_id.label("company_id")
    ).join(t.webhook_events, _e.id == _d.event_id)


def _entry(row: Any) -> Entry:
    return Entry(
        pk=row.pk,
        event_id=row.event_id,
        event_type=row.event_type,
        at=row.event_at,
        company_id=row.company_id,
        sequence=row.sequence,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        due_at=row.due_at,
        finished_at=row.finished_at,
        last_status_code=row.last_status_code,
        last_error=row.last_error,
    )
