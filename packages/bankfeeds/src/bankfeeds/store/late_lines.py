"""Late lines: rows to values and back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.late_line import LateLine, LateState
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_late import late_lines

_c = late_lines.c
_IDS_PER_QUERY = 500


def of_account(tx: Read, account_pk: int, *states: LateState) -> list[LateLine]:
    """Oldest day first; without states, all."""
    query = sa.select(late_lines).where(_c.account_pk == account_pk)
    if states:
        query = query.where(_c.state.in_([state.value for state in states]))
    return [_late(row) for row in tx.rows(query.order_by(_c.posted_on, _c.pk))]


def called(tx: Read, account_pk: int, ids: Sequence[str]) -> dict[str, LateLine]:
    """Of these ids, those that came late, by id."""
    found: dict[str, LateLine] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        query = sa.select(late_lines).where(_c.account_pk == account_pk, _c.id.in_(ids[start : start + _IDS_PER_QUERY]))
        found |= {row.id: _late(row) for row in tx.rows(query)}
    return found


def was_presented(tx: Read, account_pk: int, seq: int) -> bool:
    """Whether a line of the account's stream is one that came late."""
    return tx.row(sa.select(_c.pk).where(_c.account_pk == account_pk, _c.seq == seq).limit(1)) is not None


def waiting(tx: Read) -> list[tuple[str, int, date, datetime]]:
    """For each account with late lines that wait: its external id, how many, their oldest day, since when."""
    a = t.source_accounts.c
    query = (
        sa.select(
            a.external_id,
            sa.func.count().label("lines"),
            sa.func.min(_c.posted_on).label("oldest"),
            sa.func.min(_c.at).label("since"),
        )
        .join_from(late_lines, t.source_accounts, a.pk == _c.account_pk)
        .where(_c.state == LateState.waiting.value, a.deleted_at.is_(None))
        .group_by(a.external_id)
        .order_by(sa.func.min(_c.at), a.external_id)
    )
    return [(row.external_id, row.lines, row.oldest, row.since) for row in tx.rows(query)]


def insert(tx: Write, lines: Sequence[LateLine]) -> None:
    """Those that are there already stay as they are."""
    for line in lines:
        tx.run(dialect.insert_if_absent(tx.is_postgresql, late_lines, _values(line)))


def present(tx: Write, line: LateLine) -> None:
    """It is in the account's stream now; whether it had waited or not."""
    values = _values(line)
    which = (_c.account_pk == line.account_pk, _c.id == line.id)
    kept = {"account_pk", "id", "file_id", "at", "by"}
    change = late_lines.update().where(*which).values({k: v for k, v in values.items() if k not in kept})
    if not tx.run(change) and not tx.run(dialect.insert_if_absent(tx.is_postgresql, late_lines, values)):
        tx.run(change)  # a file put it down at this very moment


def drop(tx: Write, account_pk: int, ids: Sequence[str], at: datetime, by: str, reason: str) -> None:
    """They are never sent."""
    values = {"state": LateState.dropped.value, "ended_at": at, "ended_by": by, "reason": reason}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        which = (_c.account_pk == account_pk, _c.id.in_(ids[start : start + _IDS_PER_QUERY]))
        tx.run(late_lines.update().where(*which, _c.state == LateState.waiting.value).values(values))


def _texts(line: LateLine) -> dict[str, Any]:
    return {"description": line.description, "counterparty": line.counterparty, "reference": line.reference}


def _ended(line: LateLine) -> dict[str, Any]:
    return {
        "state": line.state.value,
        "ended_at": line.ended_at,
        "ended_by": line.ended_by,
        "reason": line.reason,
        "push_key": line.push_key,
        "seq": line.seq,
        "presented_on": line.presented_on,
    }


def _values(line: LateLine) -> dict[str, Any]:
    return {
        "account_pk": line.account_pk,
        "id": line.id,
        "posted_on": line.on,
        "amount": line.amount,
        "balance": line.balance,
        "type": line.type,
        **_texts(line),
        "file_id": line.file_id,
        "at": line.at,
        "by": line.by,
        **_ended(line),
    }


def _late(row: Any) -> LateLine:
    return LateLine(
        account_pk=row.account_pk,
        id=row.id,
        on=row.posted_on,
        amount=row.amount,
        balance=row.balance,
        type=row.type,
        description=row.description,
        counterparty=row.counterparty,
        reference=row.reference,
        file_id=row.file_id,
        at=row.at,
        by=row.by,
        state=LateState(row.state),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        reason=row.reason,
        push_key=row.push_key,
        seq=row.seq,
        presented_on=row.presented_on,
    )
