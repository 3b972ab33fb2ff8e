"""One budget of requests per listing, shared by everyone who calls that listing's Sage."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write

_b = t.budgets.c


def reserve(tx: Write, listing_id: str, now: datetime, per_second: int) -> datetime:
    """The moment of the next free request, now taken; never before `now`. 0 per second means no limit."""
    if per_second <= 0:
        return now
    row = tx.row(dialect.for_update(sa.select(_b.next_at).where(_b.listing_id == listing_id)))
    slot = now if row is None else max(now, row.next_at)
    following = slot + timedelta(seconds=1) / per_second
    if row is None:
        tx.run(t.budgets.insert().values(listing_id=listing_id, next_at=following))
    else:
        tx.run(t.budgets.update().where(_b.listing_id == listing_id).values(next_at=following))
    return slot


def hold(tx: Write, listing_id: str, until: datetime) -> None:
    """Nobody calls before `until`: Sage asked for a pause."""
    tx.run(t.budgets.update().where(_b.listing_id == listing_id, _b.next_at < until).values(next_at=until))
