"""The outbox: what happened, written in the transaction of the change, if any consumer would hear of it.

Each write looks for a subscription in the same statement: where nobody has one, nothing is stored.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.webhook import EVENT_TYPES, Happening
from bankfeeds.store import tables as base
from bankfeeds.store import tables_webhooks as t
from bankfeeds.store.engine import Read, Write

_o, _p = t.webhook_outbox.c, base.pushes.c
_COLUMNS = [_o.happening, _o.at, _o.company_id, _o.connection_id, _o.account_pk, _o.push_key, _o.facts]
_ENDED = {
    PushStatus.success: Happening.push_succeeded,
    PushStatus.failed: Happening.push_failed,
    PushStatus.timed_out: Happening.push_timed_out,
}
_types: sa.BindParameter[str] = sa.bindparam("the_types", expanding=True)
_heard = sa.exists(
    sa.select(t.webhook_subscriptions.c.consumer_pk).where(t.webhook_subscriptions.c.event_type.in_(_types))
)
_ADD = t.webhook_outbox.insert().from_select(
    _COLUMNS, sa.select(*(sa.bindparam(f"the_{c.name}", type_=c.type).label(c.name) for c in _COLUMNS)).where(_heard)
)
_ADD_PUSHES = t.webhook_outbox.insert().from_select(
    _COLUMNS,
    sa.select(
        sa.bindparam("the_happening", type_=_o.happening.type).label("happening"),
        sa.bindparam("the_at", type_=_o.at.type).label("at"),
        _p.company_id,
        _p.connection_id,
        _p.account_pk,
        _p.key,
        sa.null(),
    )
    .where(_p.pk.in_(sa.bindparam("the_pks", expanding=True)), sa.text("pushes.status = 'Pending'"), _heard)
    .order_by(_p.pk),
)


def add(
    tx: Write,
    happening: Happening,
    at: datetime,
    *,
    company_id: str | None = None,
    connection_id: str | None = None,
    account_pk: int | None = None,
    push_key: str | None = None,
    facts: Mapping[str, str | None] | None = None,
) -> None:
    values = {"at": at, "company_id": company_id, "connection_id": connection_id, "account_pk": account_pk}
    values |= {"happening": happening.value, "push_key": push_key, "facts": dict(facts) if facts else None}
    parameters = {f"the_{name}": value for name, value in values.items()}
    tx.run(_ADD, {**parameters, "the_types": list(EVENT_TYPES[happening])})


def add_pushes(tx: Write, pks: Sequence[int], status: PushStatus, at: datetime) -> None:
    """Of those that are pending and about to end so."""
    happening = _ENDED[status]
    which = {"the_pks": list(pks), "the_types": list(EVENT_TYPES[happening])}
    tx.run(_ADD_PUSHES, {**which, "the_happening": happening.value, "the_at": at})


def add_ended_push(
    tx: Write, status: PushStatus, at: datetime, company_id: str, connection_id: str, account_pk: int, push_key: str
) -> None:
    """Of one that was born with its final status."""
    add(
        tx,
        _ENDED[status],
        at,
        company_id=company_id,
        connection_id=connection_id,
        account_pk=account_pk,
        push_key=push_key,
    )


def waiting(tx: Read) -> tuple[int, datetime | None]:
    """How many happenings no event was made of yet, and when the oldest was."""
    row = tx.row(sa.select(sa.func.count().label("many"), sa.func.min(_o.at).label("oldest")))
    return (0, None) if row is None else (int(row.many), row.oldest)
