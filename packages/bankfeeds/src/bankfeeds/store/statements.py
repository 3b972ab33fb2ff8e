"""Statements: what was, is and may have been offered to Sage."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.outcome import Problem
from bankfeeds.domain.statement import Balances, Statement, StatementKind, StatementStatus
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_s = t.statements.c
_BY_PK = sa.select(t.statements).where(_s.pk == sa.bindparam("the_pk"))
_CHANGE = t.statements.update().where(_s.pk == sa.bindparam("the_pk"))
_INSERT = t.statements.insert()
_m = t.line_marks.c
_MARKED = sa.select(_m.seq, _m.reason).where(
    _m.feed_pk == sa.bindparam("the_feed"),
    _m.seq.between(sa.bindparam("the_first"), sa.bindparam("the_last")),
    _m.mark == sa.bindparam("the_mark"),
)


def insert(
    tx: Write,
    feed_pk: int,
    kind: StatementKind,
    span: tuple[int, int, int] | None,
    balances: Balances | None,
    now: datetime,
) -> Statement:
    """`span` is (first_seq, last_seq, line_count); None for a statement without lines. It is made to be offered at
    once, so it is written down as offered, and doubtful: only an answer takes the doubt away. Answered as before that.
    """
    first_seq, last_seq, line_count = span or (None, None, 0)
    result = tx.connection.execute(
        _INSERT,
        {
            "feed_pk": feed_pk,
            "kind": kind.value,
            "status": StatementStatus.offered.value,
            "offers": 1,
            "doubtful": True,
            "first_seq": first_seq,
            "last_seq": last_seq,
            "line_count": line_count,
            "ledger_balance": balances.ledger if balances else None,
            "ledger_on": balances.ledger_on if balances else None,
            "available_balance": balances.available if balances else None,
            "available_at": balances.available_at if balances else None,
            "created_at": now,
        },
    )
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("an inserted statement has a number")
    return Statement(
        pk=int(key[0]),
        feed_pk=feed_pk,
        kind=kind,
        status=StatementStatus.offered,
        first_seq=first_seq,
        last_seq=last_seq,
        line_count=line_count,
        balances=balances,
        offers=0,
        refusals=0,
        doubtful=False,
        sage_id=None,
        created_at=now,
    )


def get(tx: Read, pk: int) -> Statement:
    row = tx.row(_BY_PK, {"the_pk": pk})
    if row is None:
        raise AssertionError(f"statement {pk} is gone")
    return _statement(row)


def change(tx: Write, pk: int, **values: Any) -> None:
    tx.run(_CHANGE, {"the_pk": pk, **values})


def drop_open(tx: Write, feed_pk: int, now: datetime) -> None:
    """The feed is closed: what was under way is nobody's business any more."""
    under_way = [StatementStatus.offered.value, StatementStatus.taken.value]
    tx.run(
        t.statements.update()
        .where(_s.feed_pk == feed_pk, _s.status.in_(under_way))
        .values(status=StatementStatus.dropped.value, finished_at=now)
    )


def refuse(
    tx: Write, pk: int, reason: str, problems: Sequence[Problem], line_ids: Sequence[str], now: datetime
) -> None:
    kept = [[p.code, p.message, p.line_of(line_ids)] for p in problems[:PROBLEMS_KEPT_MAX]]
    change(
        tx,
        pk,
        status=StatementStatus.refused.value,
        finished_at=now,
        refusal={"reason": reason, "problems": kept},
    )


PROBLEMS_KEPT_MAX = 20


def mark_lines(tx: Write, feed_pk: int, seqs: Sequence[int], mark: str, reason: str, at: datetime) -> None:
    """Lines of one feed that are settled otherwise than by a statement of ours: in Sage already, or skipped."""
    rows = [{"feed_pk": feed_pk, "seq": seq, "mark": mark, "reason": reason, "at": at} for seq in seqs]
    tx.connection.execute(t.line_marks.insert(), rows)


def unmark_lines(tx: Write, feed_pk: int, first_seq: int, mark: str) -> None:
    """From this line on, those with this mark have it no more."""
    m = t.line_marks.c
    tx.run(t.line_marks.delete().where(m.feed_pk == feed_pk, m.seq >= first_seq, m.mark == mark))


def marked(tx: Read, feed_pks: Sequence[int], first_seq: int, last_seq: int, mark: str) -> list[tuple[int, str]]:
    """(seq, reason) of marked lines in a range."""
    found: list[tuple[int, str]] = []
    for feed_pk in feed_pks:
        span = {"the_feed": feed_pk, "the_first": first_seq, "the_last": last_seq, "the_mark": mark}
        found += [(row.seq, row.reason) for row in tx.rows(_MARKED, span)]
    return sorted(found)


def _statement(row: sa.Row[Any]) -> Statement:
    return Statement(
        pk=row.pk,
        feed_pk=row.feed_pk,
        kind=StatementKind(row.kind),
        status=StatementStatus(row.status),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        line_count=row.line_count,
        balances=_balances(row.ledger_balance, row.ledger_on, row.available_balance, row.available_at),
        offers=row.offers,
        refusals=row.refusals,
        doubtful=row.doubtful,
        sage_id=row.sage_id,
        created_at=row.created_at,
    )


def _balances(ledger: Any, ledger_on: date | None, available: Any, available_at: datetime | None) -> Balances | None:
    if ledger is None or ledger_on is None:
        return None
    return Balances(ledger, ledger_on, available, available_at)
