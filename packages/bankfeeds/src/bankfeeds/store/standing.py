"""How all feeds stand, for the portal's first page and for monitoring: they are read once, whatever is asked."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.store import overview
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_f, _a = t.feeds.c, t.source_accounts.c
_live = _f.status != FeedStatus.closed.value
_waits = sa.and_(_live, _f.cursor < _a.last_seq)


@dataclass(frozen=True, slots=True)
class Standing:
    """`feeds` by status, none left out; `held` by a pause. `waiting_lines`: accepted, and not yet brought to Sage; a
    line of two feeds counts twice. `oldest_waiting`: since when the oldest of them waits, by listing; without those of
    which nothing waits.
    """

    feeds: dict[FeedStatus, int]
    held: int
    waiting_lines: int
    oldest_waiting: dict[str, datetime]


def standing(tx: Read) -> Standing:
    """By listing alone, which an index has in order: the feeds need no sorting."""
    accepted_at = sa.func.coalesce(overview.accepted_at(), _f.opened_at, type_=_f.opened_at.type)
    later = sa.func.greatest if tx.is_postgresql else sa.func.max
    since = sa.case((_waits, later(accepted_at, _f.opened_at, type_=_f.opened_at.type)))
    query = (
        sa.select(
            _f.listing_id,
            *(sa.func.count().filter(_f.status == each.value).label(each.value) for each in FeedStatus),
            sa.func.sum(sa.case((sa.and_(_live, _f.is_held), 1), else_=0)).label("held"),
            sa.func.sum(sa.case((_waits, _a.last_seq - _f.cursor), else_=0)).label("waiting"),
            sa.func.min(since, type_=_f.opened_at.type).label("since"),
        )
        .join_from(t.feeds, t.source_accounts, _a.pk == _f.account_pk)
        .group_by(_f.listing_id)
    )
    rows = tx.rows(query)
    return Standing(
        {each: sum(getattr(row, each.value) for row in rows) for each in FeedStatus},
        sum(int(row.held) for row in rows),
        sum(int(row.waiting) for row in rows),
        {row.listing_id: row.since for row in rows if row.since is not None},
    )
