"""Webhook consumers: rows to values and back, with what each subscribes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.webhook import Consumer
from bankfeeds.store import dialect
from bankfeeds.store import tables_webhooks as t
from bankfeeds.store.engine import Read, Write

_c, _s, _d = t.webhook_consumers.c, t.webhook_subscriptions.c, t.webhook_deliveries.c


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """`old` signs too until `old_until`. `headers` is JSON."""

    current: str
    old: str | None = None
    old_until: datetime | None = None
    headers: str | None = None


def every(tx: Read) -> list[Consumer]:
    """Those that are not removed, in the order they were made."""
    return _with_types(tx, tx.rows(_live().order_by(_c.pk)))


def find(tx: Read, consumer_id: str) -> Consumer | None:
    return next(iter(_with_types(tx, tx.rows(_live().where(_c.id == consumer_id)))), None)


def lock(tx: Write, consumer_id: str) -> Consumer | None:
    """Locked until the transaction ends; None if unknown or removed."""
    return next(iter(_with_types(tx, tx.rows(dialect.for_update(_live().where(_c.id == consumer_id))))), None)


def count(tx: Read) -> int:
    return int(tx.value(sa.select(sa.func.count()).select_from(_live().subquery())))


def insert(tx: Write, consumer: Consumer, secrets: SealedSecrets) -> int:
    """The new one's number; `consumer.pk` is not looked at."""
    result = tx.connection.execute(
        t.webhook_consumers.insert().values(
            id=consumer.id,
            url=consumer.url,
            company_tags=list(consumer.company_tags),
            is_disabled=consumer.is_disabled,
            disabled_at=consumer.disabled_at,
            disabled_cause=consumer.disabled_cause,
            created_at=consumer.created_at,
            **_values(secrets),
        )
    )
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("an inserted consumer has a number")
    _subscribe(tx, int(key[0]), consumer.event_types)
    return int(key[0])


def update(tx: Write, pk: int, **values: Any) -> None:
    tx.run(t.webhook_consumers.update().where(_c.pk == pk).values(**values))


def set_types(tx: Write, pk: int, event_types: Sequence[str]) -> None:
    tx.run(t.webhook_subscriptions.delete().where(_s.consumer_pk == pk))
    _subscribe(tx, pk, event_types)


def remove(tx: Write, pk: int, at: datetime) -> None:
    """With what was still to be sent to it."""
    pending = sa.select(_d.pk).where(_d.consumer_pk == pk, sa.text("status = 'pending'"))
    tx.run(t.webhook_attempts.delete().where(t.webhook_attempts.c.delivery_pk.in_(pending)))
    tx.run(t.webhook_deliveries.delete().where(_d.pk.in_(pending)))
    tx.run(t.webhook_subscriptions.delete().where(_s.consumer_pk == pk))
    tx.run(t.webhook_consumers.update().where(_c.pk == pk).values(removed_at=at))


def secrets(tx: Read, pk: int) -> SealedSecrets:
    return secrets_of(tx.rows(sa.select(t.webhook_consumers).where(_c.pk == pk))[0])


def set_secrets(tx: Write, pk: int, sealed: SealedSecrets) -> None:
    update(tx, pk, **_values(sealed))


def secrets_of(row: Any) -> SealedSecrets:
    """Of a row of the table."""
    return SealedSecrets(row.sealed_secret, row.sealed_old_secret, row.old_secret_until, row.sealed_headers)


def _values(sealed: SealedSecrets) -> Mapping[str, Any]:
    return {
        "sealed_secret": sealed.current,
        "sealed_old_secret": sealed.old,
        "old_secret_until": sealed.old_until,
        "sealed_headers": sealed.headers,
    }


def _subscribe(tx: Write, pk: int, event_types: Sequence[str]) -> None:
    rows = [{"event_type": each, "consumer_pk": pk} for each in event_types]
    tx.connection.execute(t.webhook_subscriptions.insert(), rows)


def _live() -> "sa.Select[Any]":
    return sa.select(t.webhook_consumers).where(_c.removed_at.is_(None))


def _with_types(tx: Read, rows: Sequence[Any]) -> list[Consumer]:
    types: dict[int, list[str]] = {row.pk: [] for row in rows}
    if types:
        query = sa.select(_s.consumer_pk, _s.event_type).where(_s.consumer_pk.in_(list(types)))
        for row in tx.rows(query.order_by(_s.event_type)):
            types[row.consumer_pk].append(row.event_type)
    return [_consumer(row, types[row.pk]) for row in rows]


def _consumer(row: Any, types: Sequence[str]) -> Consumer:
    return Consumer(
        pk=row.pk,
        id=row.id,
        url=row.url,
        event_types=tuple(types),
        company_tags=tuple(row.company_tags),
        is_disabled=row.is_disabled,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_cause=row.disabled_cause,
        failing_since=row.failing_since,
    )
