"""Reading feeds as operators and monitoring see them: joined, counted, and never changed from here."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.feed_view import FeedFilter, FeedView, MarkView, StatementView
from bankfeeds.domain.statement import StatementStatus
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_f = t.feeds.c
_a = t.source_accounts.c
_live = _f.status != FeedStatus.closed.value
_parked = sa.text("feeds.status = 'parked'")
_PENDING: Final = "pushes.status = 'Pending'"
_SHOWN: Final = {
    FeedFilter.live: _live,
    FeedFilter.parked: _parked,
    FeedFilter.waiting: sa.and_(_live, _f.cursor < _a.last_seq),
    FeedFilter.paused: sa.and_(_live, _f.is_held),
    FeedFilter.reauthorise: sa.and_(_live, _a.needs_reauthorisation),
    FeedFilter.closed: _f.status == FeedStatus.closed.value,
}


def feeds(tx: Read, *, parked_only: bool) -> list[FeedView]:
    """Those not closed, in the order they were opened."""
    query = _views().where(_parked if parked_only else _live)
    return [_view(row) for row in tx.rows(query.order_by(_f.pk))]


def feeds_page(tx: Read, show: FeedFilter, after: int, limit: int) -> list[FeedView]:
    """Those with a number above `after`, in the order they were opened."""
    query = _views().where(_SHOWN[show], _f.pk > after)
    if show is FeedFilter.waiting:
        query = _views().where(_f.pk.in_(_first_waiting(after, limit)))
    return [_view(row) for row in tx.rows(query.order_by(_f.pk).limit(limit))]


def _first_waiting(after: int, limit: int) -> "sa.Select[Any]":
    """Few wait among many: all are compared at once before any is put in order, not one by one in order."""
    found = sa.select(_f.pk).join_from(t.feeds, t.source_accounts, _a.pk == _f.account_pk)
    among = found.where(_SHOWN[FeedFilter.waiting], _f.pk > after).cte("waiting").prefix_with("MATERIALIZED")
    return sa.select(among.c.pk).order_by(among.c.pk).limit(limit)


def feeds_of_accounts(tx: Read, account_pks: Sequence[int], limit: int) -> list[tuple[int, FeedView]]:
    """Each with its account's number, in the order they were opened; closed ones too."""
    query = _views().where(_f.account_pk.in_(account_pks)).order_by(_f.pk).limit(limit)
    return [(row.account_pk, _view(row)) for row in tx.rows(query)]


def last_refused(tx: Read, feed_numbers: Sequence[int]) -> dict[int, StatementView]:
    """By feed: the newest statement that Sage refused."""
    s = t.statements.c
    newest = sa.select(sa.func.max(s.pk)).where(s.feed_pk.in_(feed_numbers), s.status == StatementStatus.refused.value)
    query = sa.select(t.statements).where(s.pk.in_(newest.group_by(s.feed_pk).scalar_subquery()))
    return {row.feed_pk: statement_view(row) for row in tx.rows(query)}


def feed(tx: Read, pk: int) -> FeedView | None:
    row = tx.row(_views().where(_f.pk == pk))
    return None if row is None else _view(row)


def feeds_called(tx: Read, name: str) -> list[FeedView]:
    """By Sage's bank account id; that of several listings may be the same. Else by number. Closed ones too."""
    found = [_view(row) for row in tx.rows(_views().where(_f.bank_account_id == name).order_by(_f.pk))]
    if found or not (name.isascii() and name.isdigit() and len(name) <= _DIGITS_MAX):
        return found
    numbered = feed(tx, int(name))
    return [] if numbered is None else [numbered]


_DIGITS_MAX = 18


def recent_statements(tx: Read, feed_pk: int, limit: int) -> list[StatementView]:
    """The newest first."""
    query = sa.select(t.statements).where(t.statements.c.feed_pk == feed_pk)
    return [statement_view(row) for row in tx.rows(query.order_by(t.statements.c.pk.desc()).limit(limit))]


def statement(tx: Read, pk: int) -> StatementView | None:
    row = tx.row(sa.select(t.statements).where(t.statements.c.pk == pk))
    return None if row is None else statement_view(row)


def marks(tx: Read, feed_pk: int, limit: int) -> list[MarkView]:
    """The newest lines first."""
    m, line = t.line_marks.c, t.lines.c
    query = (
        sa.select(m.seq, m.mark, m.reason, m.at, line.id)
        .join_from(t.line_marks, t.feeds, _f.pk == m.feed_pk)
        .join(t.lines, line.pk == _f.account_pk * (1 << t.SEQ_BITS) + m.seq)
        .where(m.feed_pk == feed_pk)
    )
    rows = tx.rows(query.order_by(m.seq.desc()).limit(limit))
    return [MarkView(row.id, row.seq, row.mark, row.reason, row.at) for row in rows]


def count_pending_pushes(tx: Read, at_most: int | None = None) -> int:
    """Those beyond `at_most` are not counted."""
    pending = sa.select(t.pushes.c.account_pk).where(sa.text(_PENDING)).limit(at_most).subquery()
    return int(tx.value(sa.select(sa.func.count()).select_from(pending)))


def accepted_at() -> "sa.ScalarSelect[Any]":
    """When the line behind the feed's cursor was accepted: the push it came in is found by the pushes' own index."""
    p = t.pushes.c
    query = sa.select(p.requested_at).where(p.account_pk == _f.account_pk, p.first_seq <= _f.cursor + 1)
    return query.order_by(p.first_seq.desc()).limit(1).correlate(t.feeds).scalar_subquery()


def _views() -> "sa.Select[Any]":
    parked_line = t.lines.alias("parked_line")
    waits = sa.and_(_live, _f.cursor < _a.last_seq)
    return (
        sa.select(
            t.feeds,
            _a.company_id,
            _a.connection_id,
            _a.id.label("account_id"),
            _a.external_id,
            _a.last_seq,
            _a.needs_reauthorisation,
            parked_line.c.id.label("parked_line"),
            sa.case((waits, accepted_at())).label("accepted_at"),
        )
        .join_from(t.feeds, t.source_accounts, _a.pk == _f.account_pk)
        .outerjoin(parked_line, parked_line.c.pk == _f.account_pk * (1 << t.SEQ_BITS) + _f.parked_seq)
    )


def _view(row: sa.Row[Any]) -> FeedView:
    return FeedView(
        number=row.pk,
        listing=row.listing_id,
        bank_account_id=row.bank_account_id,
        company_id=row.company_id,
        connection_id=row.connection_id,
        account_id=row.account_id,
        external_id=row.external_id,
        status=FeedStatus(row.status),
        is_paused=row.is_held and row.status != FeedStatus.closed.value,
        needs_reauthorisation=row.needs_reauthorisation,
        start_on=row.start_on,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        close_cause=row.close_cause,
        cursor=row.cursor,
        last_seq=row.last_seq,
        oldest_waiting_at=None if row.accepted_at is None else max(row.accepted_at, row.opened_at),
        statement_number=row.statement_pk,
        parked_at=row.parked_at,
        parked_line=row.parked_line,
        parked_cause=row.parked_cause,
    )


def statement_view(row: sa.Row[Any]) -> StatementView:
    """Of a row of the table."""
    refusal: dict[str, Any] = row.refusal or {"reason": None, "problems": []}
    return StatementView(
        number=row.pk,
        kind=row.kind,
        status=row.status,
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        line_count=row.line_count,
        offers=row.offers,
        sage_id=row.sage_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        refusal=refusal["reason"],
        problems=tuple(f"{line or 'statement'}: {code} {message}" for code, message, line in refusal["problems"]),
    )
