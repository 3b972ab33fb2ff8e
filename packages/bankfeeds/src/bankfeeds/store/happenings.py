"""What waits in the outbox, with all that events tell of it; and the events made of it, with their deliveries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bankfeeds.domain.company import PRODUCTS, Company
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.webhook import Event, Happening, Subject
from bankfeeds.store import dialect, products, pushes, source_accounts
from bankfeeds.store import tables as base
from bankfeeds.store import tables_webhooks as t
from bankfeeds.store.engine import Read, Write

T = TypeVar("T")

FAN_OUT_LOCK = 6_201
"""PostgreSQL's number for it: one at a time makes events of happenings, so that sequences follow the outbox's order."""
_o, _q = t.webhook_outbox.c, t.webhook_sequences.c
_ANY = sa.select(_o.pk).limit(1)


@dataclass(frozen=True, slots=True)
class Waiting:
    pk: int
    account_pk: int | None
    subject: Subject


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`is_missed`: its consumer is disabled."""

    consumer_pk: int
    event: Event
    sequence: int | None
    is_missed: bool


def is_any(tx: Read) -> bool:
    return tx.row(_ANY) is not None


def take(tx: Write, limit: int, institution: str) -> list[Waiting]:
    """The oldest ones; nothing while somebody else is at it."""
    if not dialect.try_lock(tx.connection, FAN_OUT_LOCK):
        return []
    rows = tx.rows(sa.select(t.webhook_outbox).order_by(_o.pk).limit(limit))
    companies = _found(tx, base.companies, "id", (row.company_id for row in rows), _company)
    connections = _found(tx, base.connections, "id", (row.connection_id for row in rows), _connection)
    accounts = _found(tx, base.source_accounts, "pk", (row.account_pk for row in rows), source_accounts.account)
    ended = _found(tx, base.pushes, "key", (row.push_key for row in rows), pushes.operation)
    removed = products.removed(tx, list(companies))

    def subject(row: Any) -> Subject:
        return Subject(
            happening=Happening(row.happening),
            at=row.at,
            company=companies.get(row.company_id),
            products=[each for each in PRODUCTS if each not in removed.get(row.company_id, ())],
            connection=connections.get(row.connection_id),
            account=accounts.get(row.account_pk),
            push=ended.get(row.push_key),
            facts=row.facts or {},
            institution=institution,
        )

    return [Waiting(row.pk, row.account_pk, subject(row)) for row in rows]


def done(tx: Write, taken: Sequence[Waiting]) -> None:
    tx.run(t.webhook_outbox.delete().where(_o.pk.in_([each.pk for each in taken])))


def sequences(tx: Read, account_pks: Sequence[int]) -> dict[tuple[int, int], int]:
    """The last number of each stream, by consumer and account."""
    rows = tx.rows(sa.select(t.webhook_sequences).where(_q.account_pk.in_(account_pks)))
    return {(row.consumer_pk, row.account_pk): row.last for row in rows}


def set_sequences(tx: Write, before: Mapping[tuple[int, int], int], after: Mapping[tuple[int, int], int]) -> None:
    new = [{"consumer_pk": c, "account_pk": a, "last": last} for (c, a), last in after.items() if (c, a) not in before]
    if new:
        tx.connection.execute(t.webhook_sequences.insert(), new)
    moved = [
        {"the_consumer": c, "the_account": a, "the_last": last}
        for (c, a), last in after.items()
        if (c, a) in before and before[c, a] != last
    ]
    if moved:
        which = sa.and_(_q.consumer_pk == sa.bindparam("the_consumer"), _q.account_pk == sa.bindparam("the_account"))
        change = t.webhook_sequences.update().where(which).values(last=sa.bindparam("the_last"))
        tx.connection.execute(change, moved)


def insert(tx: Write, deliveries: Sequence[NewDelivery]) -> None:
    """With their events, each once."""
    if not deliveries:
        return
    events = {each.event.id: each.event for each in deliveries}
    tx.connection.execute(t.webhook_events.insert(), [_event_values(event) for event in events.values()])
    tx.connection.execute(t.webhook_deliveries.insert(), [_values(each) for each in deliveries])


def _values(each: NewDelivery) -> dict[str, Any]:
    return {
        "event_id": each.event.id,
        "consumer_pk": each.consumer_pk,
        "sequence": each.sequence,
        "status": "missed" if each.is_missed else "pending",
        "due_at": None if each.is_missed else each.event.at,
        "created_at": each.event.at,
    }


def _event_values(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "at": event.at,
        "company_id": event.company_id,
        "account_pk": event.account_pk,
        "payload": event.payload,
    }


def _found(tx: Read, table: sa.Table, key: str, wanted: Iterable[Any], make: Callable[[Any], T]) -> dict[Any, T]:
    """Rows by their key, deleted ones too."""
    keys = {each for each in wanted if each is not None}
    if not keys:
        return {}
    return {getattr(row, key): make(row) for row in tx.rows(sa.select(table).where(table.c[key].in_(keys)))}


def _company(row: Any) -> Company:
    return Company(row.id, row.name, row.description, row.tags, row.created_at)


def _connection(row: Any) -> Connection:
    return Connection(row.id, row.company_id, ConnectionStatus(row.status), row.created_at)
