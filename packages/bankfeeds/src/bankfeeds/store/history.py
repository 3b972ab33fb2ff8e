"""What was written: push operations by filters, one with its lines, and what became of them in each feed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.feed import QueuedLine
from bankfeeds.domain.feed_view import FeedView, StatementView
from bankfeeds.domain.history import Place, PushFilter, PushRow
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.statement import StatementKind, StatementStatus
from bankfeeds.store import overview, pushes
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_p = t.pushes.c
_a = t.source_accounts.c
_s = t.statements.c
Condition = sa.ColumnElement[bool] | sa.TextClause


def page(tx: Read, wanted: PushFilter, before: Place | None, limit: int) -> list[PushRow]:
    """Newest first, older than `before`."""
    conditions = _conditions(tx, wanted)
    if before is not None:
        older = sa.or_(_p.requested_at < before.at, _p.pk < before.number)
        conditions += [_p.requested_at <= before.at, older]
    query = _rows().where(*conditions)
    if wanted.status is PushStatus.pending or wanted.external_id is not None:
        query = _rows().where(_p.pk.in_(newest(conditions, limit)))
    return [_row(row) for row in tx.rows(query.order_by(_p.requested_at.desc(), _p.pk.desc()).limit(limit))]


def newest(conditions: Sequence[Condition], limit: int) -> "sa.Select[Any]":
    """The numbers of the newest operations under conditions that leave few. They are found by an index of these
    conditions before anything is put in order; a database left to itself may walk through all operations in order.
    """
    found = sa.select(_p.pk, _p.requested_at).where(*conditions).cte("found").prefix_with("MATERIALIZED")
    return sa.select(found.c.pk).order_by(found.c.requested_at.desc(), found.c.pk.desc()).limit(limit)


def find(tx: Read, key: str) -> tuple[int, PushRow] | None:
    """By its key, with the number of the account it wrote to."""
    row = tx.row(_rows().where(_p.key == key))
    return None if row is None else (row.account_pk, _row(row))


def originals(tx: Read, number: int) -> list[str]:
    """The keys of the operations that first brought what this one repeats."""
    f = t.push_follows.c
    query = sa.select(_p.key).join(t.push_follows, f.original_pk == _p.pk).where(f.push_pk == number)
    return [row.key for row in tx.rows(query.order_by(_p.pk))]


def lines_of(tx: Read, account_pk: int, first_seq: int, last_seq: int) -> list[QueuedLine]:
    """Every line of a range, in order; those settled apart too."""
    base = account_pk << t.SEQ_BITS
    query = sa.select(t.lines).where(t.lines.c.pk.between(base + first_seq, base + last_seq))
    return [_line(row, base) for row in tx.rows(query.order_by(t.lines.c.pk))]


def marks_of(tx: Read, feed_numbers: Sequence[int], first_seq: int, last_seq: int) -> dict[tuple[int, int], str]:
    """By feed and sequence number: how lines of a range were settled apart."""
    m = t.line_marks.c
    query = sa.select(m.feed_pk, m.seq, m.mark).where(m.feed_pk.in_(feed_numbers), m.seq.between(first_seq, last_seq))
    return {(row.feed_pk, row.seq): row.mark for row in tx.rows(query)}


def statements_over(
    tx: Read, feed_numbers: Sequence[int], first_seq: int, last_seq: int, limit: int
) -> list[tuple[int, StatementView]]:
    """Statements that carried a line of the range, each with its feed's number, the newest first."""
    query = sa.select(t.statements).where(
        _s.feed_pk.in_(feed_numbers), _s.first_seq <= last_seq, _s.last_seq >= first_seq
    )
    rows = tx.rows(query.order_by(_s.pk.desc()).limit(limit))
    return [(row.feed_pk, overview.statement_view(row)) for row in rows]


def under_way(tx: Read, feeds: Sequence[FeedView]) -> dict[int, tuple[int, int]]:
    """By feed: the range of lines that its statement under way carries; feeds without one are left out."""
    numbers = [feed.statement_number for feed in feeds if feed.statement_number is not None]
    query = sa.select(_s.feed_pk, _s.first_seq, _s.last_seq).where(_s.pk.in_(numbers), _s.first_seq.is_not(None))
    return {row.feed_pk: (row.first_seq, row.last_seq) for row in tx.rows(query)}


def last_delivered(tx: Read, account_pk: int, feeds: Sequence[FeedView]) -> tuple[datetime, date | None] | None:
    """When Sage last finished a statement with lines, and the date of the newest line that is settled; None: never."""
    done = (_s.kind == StatementKind.lines.value, _s.status == StatementStatus.done.value)
    at = tx.value(sa.select(sa.func.max(_s.finished_at)).where(_s.feed_pk.in_([each.number for each in feeds]), *done))
    newest = (account_pk << t.SEQ_BITS) + max((each.cursor for each in feeds), default=0)
    return None if at is None else (at, tx.value(sa.select(t.lines.c.posted_on).where(t.lines.c.pk == newest)))


def count_leading(tx: Read, account_pk: int, before_on: date, among: int) -> int:
    """How many of the account's first `among` lines are dated before a day. Days never go back along a stream, so these
    are all there are, unless all `among` are.
    """
    base = account_pk << t.SEQ_BITS
    first = sa.select(t.lines.c.posted_on).where(t.lines.c.pk.between(base + 1, base + among)).subquery()
    return int(tx.value(sa.select(sa.func.count()).select_from(first).where(first.c.posted_on < before_on)))


def _line(row: sa.Row[Any], base: int) -> QueuedLine:
    told = (row.id, row.posted_on, row.amount, row.balance, row.type, row.description, row.counterparty, row.reference)
    return QueuedLine(row.pk - base, *told)


def _rows() -> "sa.Select[Any]":
    return (
        sa.select(
            t.pushes,
            t.companies.c.name.label("company_name"),
            _a.external_id,
            _a.name.label("account_name"),
            _a.currency,
        )
        .join_from(t.pushes, t.source_accounts, _a.pk == _p.account_pk)
        .join(t.companies, t.companies.c.id == _p.company_id)
    )


def _conditions(tx: Read, wanted: PushFilter) -> list[Condition]:
    found: list[Condition] = []
    if wanted.external_id is not None:
        pk = tx.value(sa.select(_a.pk).where(_a.external_id == wanted.external_id))
        found.append(_p.account_pk == (0 if pk is None else pk))
    if wanted.company_id is not None:
        found.append(_p.company_id == wanted.company_id)
    if wanted.status is not None:
        found.extend(_status_is(wanted.status))
    if wanted.first_on is not None:
        found.append(_p.requested_at >= datetime.combine(wanted.first_on, time(), UTC))
    if wanted.last_on is not None:
        found.append(_p.requested_at < datetime.combine(wanted.last_on, time(), UTC) + timedelta(days=1))
    return found


def _status_is(status: PushStatus) -> list[Condition]:
    """In the words of the partial indexes where there is one; successes are everywhere and need none."""
    if status is PushStatus.pending:
        return [sa.text("pushes.status = 'Pending'")]
    if status in {PushStatus.failed, PushStatus.timed_out}:
        return [sa.text("pushes.status IN ('Failed', 'TimedOut')"), _p.status == status.value]
    return [_p.status == status.value]


def _row(row: sa.Row[Any]) -> PushRow:
    return PushRow(row.pk, pushes.operation(row), row.company_name, row.external_id, row.account_name, row.currency)
