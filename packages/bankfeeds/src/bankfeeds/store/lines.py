"""The lines of an account's stream: one row a line, appended in order, never changed.

Behind two verbs, so that the way they are kept can change: `append` and `next_batch`. A line's key holds its account
and its sequence number, so the newest lines of an account lie together and the next batch is one range.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.columns import NO_LINES, Batch, Columns
from bankfeeds.domain.feed import Feed, QueuedLine
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement import Statement
from bankfeeds.domain.statement_import import BookedLine
from bankfeeds.domain.transaction import KnownLine, Line
from bankfeeds.store import bulk
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_l = t.lines.c
_SEQ_MASK = (1 << t.SEQ_BITS) - 1

_INSERT_POSTGRESQL = f"""
    INSERT INTO lines (pk, account_pk, id, posted_on, amount, balance, type, description, counterparty, reference)
    SELECT %s + n, %s, id, posted_on, amount, balance, type, description, counterparty, reference
    FROM {bulk.rows_of("%s")}
    ON CONFLICT (account_pk, id) DO NOTHING
"""  # noqa: S608 - constants


class AlreadyThere(Exception):
    """Some of these lines were accepted before; the transaction has to be given up."""


def append(tx: Write, account_pk: int, first_seq: int, columns: Columns) -> None:
    """All lines, numbered from `first_seq`, in one statement; AlreadyThere if any id is known in this account."""
    cursor = tx.driver_cursor()
    if tx.is_postgresql:
        before = (account_pk << t.SEQ_BITS) + first_seq - 1
        cursor.execute(_INSERT_POSTGRESQL, (before, account_pk, bulk.as_json(columns)))
        stored = int(cursor.rowcount)
    else:
        stored = bulk.insert(cursor, account_pk, first_seq, columns)
    cursor.close()
    if stored != len(columns):
        raise AlreadyThere


def existing(tx: Read, account_pk: int, ids: Sequence[str]) -> dict[str, KnownLine]:
    """Of these ids, those accepted before."""
    found: dict[str, KnownLine] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        query = sa.select(t.lines).where(_l.account_pk == account_pk, _l.id.in_(ids[start : start + _IDS_PER_QUERY]))
        for row in tx.rows(query):
            found[row.id] = KnownLine(row.pk & _SEQ_MASK, Line(*_contents(row)), row.texts_digest)
    return found


_IDS_PER_QUERY = 500


def booked_between(tx: Read, account_pk: int, first_on: date, last_on: date) -> list[BookedLine]:
    """What was accepted for these days, oldest first."""
    return [
        BookedLine(row.id, row.posted_on, row.amount, row.balance)
        for row in tx.rows(
            sa.select(_l.id, _l.posted_on, _l.amount, _l.balance)
            .where(_l.account_pk == account_pk, _l.posted_on.between(first_on, last_on))
            .order_by(_l.pk)
        )
    ]


def last_balance(tx: Read, account: SourceAccount) -> Decimal | None:
    """After the newest line accepted, sent or not; None before the first."""
    row = tx.row(sa.select(_l.balance).where(_l.pk == (account.pk << t.SEQ_BITS) + account.last_seq))
    return None if row is None else row.balance


def first(tx: Read, account: SourceAccount) -> BookedLine | None:
    """The account's very first; it came in time."""
    row = tx.row(sa.select(_l.id, _l.posted_on, _l.amount, _l.balance).where(_l.pk == (account.pk << t.SEQ_BITS) + 1))
    return None if row is None else BookedLine(row.id, row.posted_on, row.amount, row.balance)


def balance_before(tx: Read, account: SourceAccount, on: date) -> Decimal | None:
    """After the last line of an earlier day; None if there is none."""
    base = account.pk << t.SEQ_BITS
    row = tx.row(
        sa.select(_l.balance)
        .where(_l.pk.between(base + 1, base + account.last_seq), _l.posted_on < on)
        .order_by(_l.pk.desc())
        .limit(1)
    )
    return None if row is None else row.balance


def next_batch(tx: Read, account_pk: int, after_seq: int, limit: int, *, from_on: date | None, feed_pk: int) -> Batch:
    """The oldest lines after `after_seq` that this feed is to get: none before `from_on`, none it has settled apart."""
    return _batch(tx, account_pk, after_seq + 1, _SEQ_MASK, limit, from_on, feed_pk)


def of_statement(tx: Read, feed: Feed, statement: Statement) -> Batch:
    """Exactly the lines it was made of: marks are only made between statements."""
    if statement.first_seq is None or statement.last_seq is None:
        return NO_LINES
    span = (statement.first_seq, statement.last_seq)
    batch = _batch(tx, feed.account_pk, *span, statement.line_count + 1, feed.start_on, feed.pk)
    if len(batch) != statement.line_count:
        raise AssertionError(f"statement {statement.pk} had {statement.line_count} lines and has {len(batch)}")
    return batch


def _batch(
    tx: Read, account_pk: int, first_seq: int, last_seq: int, limit: int, from_on: date | None, feed_pk: int
) -> Batch:
    """Through the driver, days and amounts as text: a statement of a thousand lines is read in one go. Few feeds have
    marks; the others are spared a look for one at every line.
    """
    base = account_pk << t.SEQ_BITS
    span = (base + first_seq, base + last_seq, (from_on or date.min).isoformat())
    cursor = tx.driver_cursor()
    query = _BATCHES[tx.is_postgresql]
    cursor.execute(query.marks, (feed_pk,))
    if cursor.fetchone() is None:
        cursor.execute(query.all, (*span, limit))
    else:
        cursor.execute(query.unmarked, (*span, feed_pk, base, limit))
    keys, columns = bulk.fetch(cursor)
    cursor.close()
    return Batch([key & _SEQ_MASK for key in keys], columns) if keys else NO_LINES


@dataclass(frozen=True, slots=True)
class _BatchQueries:
    marks: str
    all: str
    unmarked: str


def _batch_queries(columns: str, aggregate: str, p: str) -> _BatchQueries:
    span = f"SELECT {columns} FROM lines WHERE pk BETWEEN {p} AND {p} AND posted_on >= {p}"  # noqa: S608 - constants
    mark = f"NOT EXISTS (SELECT 1 FROM line_marks WHERE feed_pk = {p} AND seq = lines.pk - {p})"  # noqa: S608
    tail = f"ORDER BY pk LIMIT {p}"
    marks = f"SELECT 1 FROM line_marks WHERE feed_pk = {p} LIMIT 1"  # noqa: S608
    every, unmarked = f"{span} {tail}", f"{span} AND {mark} {tail}"
    return _BatchQueries(marks, bulk.in_columns(every, aggregate), bulk.in_columns(unmarked, aggregate))


_BATCHES = {
    False: _batch_queries(
        "pk, id, posted_on, amount, balance, type, description, counterparty, reference", "json_group_array({})", "?"
    ),
    True: _batch_queries(
        "pk, id, posted_on, amount::text, balance::text, type, description, counterparty, reference",
        "coalesce(json_agg({})::text, '[]')",
        "%s",
    ),
}


def between(
    tx: Read, account_pk: int, first_seq: int, last_seq: int, *, from_on: date | None, feed_pk: int
) -> list[QueuedLine]:
    """The lines of a range one by one, for whoever looks at them rather than sends them."""
    return [_queued(row) for row in tx.rows(_range(account_pk, first_seq, last_seq, from_on, feed_pk))]


def _range(account_pk: int, first_seq: int, last_seq: int, from_on: date | None, feed_pk: int) -> "sa.Select[Any]":
    base = account_pk << t.SEQ_BITS
    marked = sa.select(t.line_marks.c.seq).where(t.line_marks.c.feed_pk == feed_pk).scalar_subquery()
    query = sa.select(t.lines).where(_l.pk.between(base + first_seq, base + last_seq))
    query = query.where((_l.pk - base).not_in(marked)).order_by(_l.pk)
    return query if from_on is None else query.where(_l.posted_on >= from_on)


def count_before(tx: Read, account_pk: int, first_seq: int, last_seq: int, on: date) -> int:
    """How many lines of the range are dated before a day."""
    base = account_pk << t.SEQ_BITS
    query = sa.select(sa.func.count()).where(_l.pk.between(base + first_seq, base + last_seq), _l.posted_on < on)
    return int(tx.value(query))


def _contents(row: sa.Row[Any]) -> tuple[str, date, Decimal, Decimal, str, str, str | None, str | None]:
    return (
        row.id,
        row.posted_on,
        row.amount,
        row.balance,
        row.type,
        row.description,
        row.counterparty,
        row.reference,
    )


def _queued(row: sa.Row[Any]) -> QueuedLine:
    return QueuedLine(row.pk & _SEQ_MASK, *_contents(row))
