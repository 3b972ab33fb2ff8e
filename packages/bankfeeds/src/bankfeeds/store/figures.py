"""Figures for monitoring that are worth a query each time they are asked for: bounded, whatever the database holds."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_f, _a, _p, _b = t.feeds.c, t.source_accounts.c, t.pushes.c, t.budgets.c
_MOVES = sa.and_(_f.status == FeedStatus.open.value, sa.not_(_f.is_held))


@dataclass(frozen=True, slots=True)
class Budget:
    """`next_at`: when the listing's next request is free; `failures`: calls in a row that Sage did not answer."""

    listing_id: str
    next_at: datetime
    failures: int


def newest_lines(tx: Read) -> dict[tuple[str, date | None], int]:
    """How many feeds that are not closed have their newest accepted line on that day; None: no line yet."""
    query = (
        sa.select(_f.listing_id, _a.newest_on, sa.func.count().label("n"))
        .join_from(t.feeds, t.source_accounts, _a.pk == _f.account_pk)
        .where(_f.status != FeedStatus.closed.value)
        .group_by(_f.listing_id, _a.newest_on)
    )
    return {(row.listing_id, row.newest_on): row.n for row in tx.rows(query)}


def newest_pushes(tx: Read, limit: int) -> list[tuple[datetime, datetime | None]]:
    """When each was accepted, and when all of it was in Sage: None while it is under way. Those that wait for somebody
    to act, or for an account to be linked, are left out.
    """
    under_way = sa.select(_f.account_pk).join_from(t.feeds, t.source_accounts, _a.pk == _f.account_pk)
    under_way = under_way.where(_MOVES, sa.not_(_a.needs_reauthorisation))
    newest = (
        sa.select(_p.account_pk, _p.requested_at, _p.completed_at, _p.status)
        .where(_p.first_seq.is_not(None))
        .order_by(_p.requested_at.desc())
        .limit(limit)
        .subquery()
    )
    n = newest.c
    is_under_way = sa.and_(n.status == PushStatus.pending.value, n.account_pk.in_(under_way))
    query = sa.select(n.requested_at, n.completed_at).where(sa.or_(n.status == PushStatus.success.value, is_under_way))
    return [(row.requested_at, row.completed_at) for row in tx.rows(query)]


def budgets(tx: Read) -> list[Budget]:
    query = sa.select(_b.listing_id, _b.next_at, _b.failures).order_by(_b.listing_id)
    return [Budget(row.listing_id, row.next_at, row.failures) for row in tx.rows(query)]
