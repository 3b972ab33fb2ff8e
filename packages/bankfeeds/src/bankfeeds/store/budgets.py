"""One budget of requests per listing, shared by everyone who calls that listing's Sage."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from bankfeeds.domain.backoff import breaker_pause
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write

_b = t.budgets.c
_LOOK = sa.select(_b.next_at).where(_b.listing_id == sa.bindparam("the_listing"))
_LOCK = dialect.for_update(_LOOK)
_CHANGE = t.budgets.update().where(_b.listing_id == sa.bindparam("the_listing"))
_FORGIVE = _CHANGE.where(_b.failures > 0)
_TAKE = sa.text(
    "UPDATE budgets SET next_at = :spacing + CASE WHEN next_at > :now AND next_at < :far THEN next_at ELSE :now END"
    " WHERE listing_id = :the_listing RETURNING next_at"
)
"""PostgreSQL: looked at and taken at once, so that the row is locked for one statement and the commit only."""
SPACING = 1.05
"""Requests are spaced a little wider than Sage's limit: they do not arrive as evenly as they leave, and one refused as
too many costs more than the twentieth part of a turn.
"""
WAIT_MAX_S = 3.0
"""How long anyone waits for a turn in the budget; a longer wait is spent without holding anything."""
FAR = timedelta(minutes=15)
"""Nothing is ever put off for longer: a time further ahead was written by a clock that has been set back since."""


def reserve(tx: Write, listing_id: str, now: datetime, per_second: int) -> datetime:
    """The moment of the next free request, now taken; never before `now`. 0 per second means no limit."""
    if tx.is_postgresql and per_second > 0:
        spacing = timedelta(seconds=SPACING) / per_second
        parameters = {"the_listing": listing_id, "now": now, "far": now + FAR, "spacing": spacing}
        taken = tx.row(_TAKE, parameters)
        if taken is not None:
            return taken.next_at - spacing
    which = {"the_listing": listing_id}
    row = tx.row(_LOCK if per_second > 0 else _LOOK, which)
    if row is None:
        tx.run(dialect.insert_if_absent(tx.is_postgresql, t.budgets, {"listing_id": listing_id, "next_at": now}))
        row = tx.row(_LOCK, which)
    slot = max(now, row.next_at) if row is not None and row.next_at < now + FAR else now
    if per_second > 0:
        following = slot + timedelta(seconds=SPACING) / per_second
        tx.run(_CHANGE, {**which, "next_at": following})
    return slot


def hold(tx: Write, listing_id: str, until: datetime) -> None:
    """Nobody calls before `until`: Sage asked for a pause."""
    tx.run(t.budgets.update().where(_b.listing_id == listing_id, _b.next_at < until).values(next_at=until))


def failed(tx: Write, listing_id: str, now: datetime) -> int:
    """One more failure in a row; nobody calls for a while once they are too many. Answers how many they are."""
    tx.run(t.budgets.update().where(_b.listing_id == listing_id).values(failures=_b.failures + 1))
    failures = int(tx.value(sa.select(_b.failures).where(_b.listing_id == listing_id)) or 0)
    pause = breaker_pause(failures)
    if pause is not None:
        hold(tx, listing_id, now + pause)
    return failures


def answered(tx: Write, listing_id: str) -> None:
    """Sage is there: the failures before count no more."""
    tx.run(_FORGIVE, {"the_listing": listing_id, "failures": 0})
