"""What receipts are made of: the statements that carry lines of a range, and those of its lines settled apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.domain.statement import StatementStatus
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_s = t.statements.c
_m = t.line_marks.c
_CARRYING = (StatementStatus.offered.value, StatementStatus.taken.value, StatementStatus.done.value)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A statement under way or done; both ends inclusive. `at`: when it was done, or made."""

    feed_number: int
    first_seq: int
    last_seq: int
    is_done: bool
    sage_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    mark: str
    reason: str
    at: datetime


def carriers(tx: Read, feed_numbers: Sequence[int], first_seq: int, last_seq: int) -> list[Carrier]:
    """No two of a feed carry the same line."""
    query = sa.select(
        _s.feed_pk, _s.first_seq, _s.last_seq, _s.status, _s.sage_id, _s.created_at, _s.finished_at
    ).where(_s.feed_pk.in_(feed_numbers), _s.status.in_(_CARRYING), _s.first_seq <= last_seq, _s.last_seq >= first_seq)
    return [
        Carrier(
            row.feed_pk,
            row.first_seq,
            row.last_seq,
            row.status == StatementStatus.done.value,
            row.sage_id,
            row.finished_at or row.created_at,
        )
        for row in tx.rows(query.order_by(_s.pk))
    ]


def marks(tx: Read, feed_numbers: Sequence[int], first_seq: int, last_seq: int) -> dict[tuple[int, int], Mark]:
    """By feed and sequence number."""
    query = sa.select(t.line_marks).where(_m.feed_pk.in_(feed_numbers), _m.seq.between(first_seq, last_seq))
    return {(row.feed_pk, row.seq): Mark(row.mark, row.reason, row.at) for row in tx.rows(query)}
