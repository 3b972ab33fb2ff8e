"""Deliveries of events: what is due is taken with a lease, tried, and settled; many at a time.

`due_at` is the lease: whoever takes a delivery moves it ahead, and settles it only while it stands there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.webhook import Event
from bankfeeds.domain.webhook_delivery import Answered, Claim, Standing
from bankfeeds.store import tables_webhooks as t
from bankfeeds.store.consumers import SealedSecrets, secrets_of
from bankfeeds.store.engine import Read, Write

_c, _d, _e = t.webhook_consumers.c, t.webhook_deliveries.c, t.webhook_events.c
_pending = sa.text("webhook_deliveries.status = 'pending'")
"""In the words of the index `ix_webhook_deliveries_due`."""
_now = sa.bindparam("now", type_=_d.due_at.type)
_WAITED_FOR = (
    sa.select(t.webhook_consumers)
    .where(_c.removed_at.is_(None), sa.not_(_c.is_disabled))
    .where(sa.exists(sa.select(_d.pk).where(_d.consumer_pk == _c.pk, _pending, _d.due_at <= _now)))
    .order_by(_c.pk)
)
_TAKE = (
    t.webhook_deliveries.update()
    .where(
        _d.pk.in_(
            sa.select(_d.pk)
            .where(_d.consumer_pk == sa.bindparam("the_consumer"), _pending, _d.due_at <= _now)
            .order_by(_d.due_at, _d.pk)
            .limit(sa.bindparam("the_limit", type_=sa.Integer))
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(due_at=sa.bindparam("the_lease", type_=_d.due_at.type))
    .returning(_d.pk, _d.event_id, _d.consumer_pk, _d.sequence, _d.attempts)
)
_HELD = sa.and_(_d.pk == sa.bindparam("the_pk"), _d.due_at == sa.bindparam("the_lease", type_=_d.due_at.type), _pending)
_GIVE_BACK = t.webhook_deliveries.update().where(_HELD).values(due_at=_now)
_SETTLE = t.webhook_deliveries.update().where(_HELD)


@dataclass(frozen=True, slots=True)
class Address:
    """A consumer that has something due."""

    pk: int
    url: str
    secrets: SealedSecrets
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Tried:
    claim: Claim
    answered: Answered
    at: datetime
    standing: Standing


def waited_for(tx: Read, now: datetime) -> list[Address]:
    """Consumers with deliveries that are due; a look that takes no lock."""
    return [Address(row.pk, row.url, secrets_of(row), row.failing_since) for row in tx.rows(_WAITED_FOR, {"now": now})]


def take(tx: Write, consumer_pk: int, now: datetime, lease: datetime, limit: int) -> list[Claim]:
    """Oldest first, ours until `lease`."""
    which = {"the_consumer": consumer_pk, "now": now, "the_lease": lease, "the_limit": limit}
    rows = sorted(tx.rows(_TAKE, which), key=lambda row: row.pk)
    if not rows:
        return []
    found = tx.rows(sa.select(t.webhook_events).where(_e.id.in_([row.event_id for row in rows])))
    events = {row.id: event(row) for row in found}
    return [Claim(row.pk, consumer_pk, row.attempts, row.sequence, lease, events[row.event_id]) for row in rows]


def give_back(tx: Write, claims: Sequence[Claim], now: datetime) -> None:
    """Not begun: due at once for whoever comes."""
    if claims:
        rows = [{"the_pk": each.pk, "the_lease": each.lease, "now": now} for each in claims]
        tx.connection.execute(_GIVE_BACK, rows)


def settle(tx: Write, tried: Sequence[Tried]) -> None:
    """Each attempt is on record; a delivery that somebody else has taken since is left to them."""
    if not tried:
        return
    tx.connection.execute(_SETTLE, [_settled(each) for each in tried])
    tx.connection.execute(
        t.webhook_attempts.insert(),
        [
            {
                "delivery_pk": each.claim.pk,
                "at": each.at,
                "took_ms": each.answered.took_ms,
                "status_code": each.answered.status_code,
                "error": each.answered.error,
            }
            for each in tried
        ],
    )


def _settled(each: Tried) -> dict[str, Any]:
    return {
        "the_pk": each.claim.pk,
        "the_lease": each.claim.lease,
        "status": each.standing.status.value,
        "attempts": each.claim.attempts + 1,
        "due_at": each.standing.due_at,
        "finished_at": None if each.standing.due_at else each.at,
        "last_status_code": each.answered.status_code,
        "last_error": each.answered.error,
    }


def got_through(tx: Write, consumer_pks: Sequence[int]) -> None:
    tx.run(
        t.webhook_consumers.update()
        .where(_c.pk.in_(consumer_pks), _c.failing_since.is_not(None))
        .values(failing_since=None)
    )


def failed(tx: Write, consumer_pk: int, now: datetime) -> datetime | None:
    """Since when nothing got through, this failure included; None if it is disabled or removed by now."""
    which = sa.and_(_c.pk == consumer_pk, sa.not_(_c.is_disabled), _c.removed_at.is_(None))
    since = sa.func.coalesce(_c.failing_since, sa.bindparam("now", now, type_=_c.failing_since.type))
    change = t.webhook_consumers.update().where(which).values(failing_since=since).returning(_c.failing_since)
    rows = tx.rows(change)
    return rows[0].failing_since if rows else None


def event(row: Any) -> Event:
    """Of a row of the table."""
    return Event(row.id, row.type, row.at, row.company_id, row.account_pk, row.payload)
