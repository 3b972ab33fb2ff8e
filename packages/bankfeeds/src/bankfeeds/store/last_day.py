"""What was delivered lately, hour by hour, and how much waits: for the portal's first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.statement import StatementStatus
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_s, _f, _a = t.statements.c, t.feeds.c, t.source_accounts.c
_OVER = (StatementStatus.done.value, StatementStatus.refused.value)


@dataclass(frozen=True, slots=True)
class Ended:
    """Statements that came to an end in one hour of UTC (`2026-02-03T12`), and their lines."""

    hour: str
    status: StatementStatus
    statements: int
    lines: int


def ended_since(tx: Read, since: datetime) -> Sequence[Ended]:
    hour = (
        sa.func.to_char(sa.func.timezone("UTC", _s.finished_at), 'YYYY-MM-DD"T"HH24', type_=sa.Text)
        if tx.is_postgresql
        else sa.func.substr(_s.finished_at, 1, 13, type_=sa.Text)
    ).label("hour")
    query = (
        sa.select(hour, _s.status, sa.func.count().label("n"), sa.func.sum(_s.line_count).label("lines"))
        .where(_s.finished_at >= since, _s.status.in_(_OVER))
        .group_by(hour, _s.status)
    )
    return [Ended(row.hour, StatementStatus(row.status), row.n, int(row.lines)) for row in tx.rows(query)]


def waiting_lines(tx: Read) -> int:
    """Accepted lines that a feed has not brought to Sage yet; one of two feeds counts twice."""
    waits = sa.select(sa.func.sum(_a.last_seq - _f.cursor)).join_from(
        t.feeds, t.source_accounts, _a.pk == _f.account_pk
    )
    query = waits.where(_f.status != FeedStatus.closed.value, _f.cursor < _a.last_seq)
    return int(tx.value(query) or 0)
