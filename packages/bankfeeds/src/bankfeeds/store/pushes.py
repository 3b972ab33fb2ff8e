"""Push operations: rows to values and back, and what is due to be ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.push_operation import FINAL, PushOperation, PushStatus
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.store import dialect, outbox, selecting
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_p = t.pushes.c
COLUMNS: selecting.Columns = {
    "key": selecting.Column(_p.key),
    "status": selecting.Column(_p.status),
    "connection_id": selecting.Column(_p.connection_id),
    "requested_at": selecting.Column(_p.requested_at),
    "completed_at": selecting.Column(_p.completed_at),
    "timeout_minutes": selecting.Column(_p.timeout_minutes),
    "error_message": selecting.Column(_p.error_message),
}
"""What a Selection of push operations may name."""
_pending = sa.text("pushes.status = 'Pending'")
"""In the words of the partial indexes: neither database sees through bound values that it may use them."""
_PENDING_THROUGH = (
    sa.select(_p.pk, _p.first_seq, _p.last_seq, _p.balance)
    .where(_p.account_pk == sa.bindparam("the_account"), _pending, _p.last_seq <= sa.bindparam("the_seq"))
    .order_by(_p.last_seq)
)
_END = t.pushes.update().where(_p.pk.in_(sa.bindparam("the_pks", expanding=True)), _pending)
_FOLLOWERS = (
    sa.select(t.push_follows.c.push_pk)
    .where(t.push_follows.c.original_pk.in_(sa.bindparam("the_pks", expanding=True)))
    .distinct()
)


@dataclass(frozen=True, slots=True)
class PendingPush:
    pk: int
    first_seq: int
    last_seq: int
    balance: Any


def insert(tx: Write, account_pk: int, push: PushOperation, times_out_at: datetime | None) -> int:
    """The new operation's number."""
    result = tx.connection.execute(
        t.pushes.insert().values(
            key=push.key,
            company_id=push.company_id,
            connection_id=push.connection_id,
            account_pk=account_pk,
            account_id=push.account_id,
            requested_at=push.requested_at,
            completed_at=push.completed_at,
            status=push.status.value,
            timeout_minutes=push.timeout_minutes,
            times_out_at=times_out_at,
            first_seq=push.first_seq,
            last_seq=push.last_seq,
            balance=push.balance,
            balance_on=push.balance_on,
            warnings=[[flaw.field, flaw.message] for flaw in push.warnings] or None,
            error_message=push.error_message,
        )
    )
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("an inserted push operation has a number")
    return int(key[0])


def find(tx: Read, company_id: str, key: str) -> tuple[int, PushOperation] | None:
    """With the number of the account it wrote to."""
    row = tx.row(sa.select(t.pushes).where(_p.company_id == company_id, _p.key == key))
    return None if row is None else (row.account_pk, operation(row))


def page(
    tx: Read, company_id: str, offset: int, limit: int, wanted: Selection = EVERYTHING
) -> tuple[list[tuple[int, PushOperation]], int]:
    """Newest first unless another order is wanted, each with its account's number; and the number of all that are."""
    is_wanted = selecting.where(wanted.condition, COLUMNS, is_postgresql=tx.is_postgresql)
    mine = sa.and_(_p.company_id == company_id, is_wanted)
    total = tx.value(sa.select(sa.func.count()).select_from(t.pushes).where(mine))
    query = sa.select(t.pushes).where(mine)
    if wanted.order:
        query = query.order_by(selecting.order(wanted.order, COLUMNS, is_postgresql=tx.is_postgresql))
    query = query.order_by(_p.requested_at.desc(), _p.pk.desc()).offset(offset).limit(limit)
    return [(row.account_pk, operation(row)) for row in tx.rows(query)], int(total)


def originals(tx: Write, account_pk: int, seqs: Sequence[int]) -> dict[int, PushStatus]:
    """The operations that first brought the lines with these sequence numbers, locked: none of them ends before whoever
    asks has said that it follows them.
    """
    found: dict[int, PushStatus] = {}
    low, high = min(seqs), max(seqs)
    query = sa.select(_p.pk, _p.status, _p.first_seq, _p.last_seq).where(
        _p.account_pk == account_pk, _p.first_seq <= high, _p.last_seq >= low
    )
    wanted = sorted(seqs)
    for row in tx.rows(dialect.for_update(query.order_by(_p.pk))):
        if any(row.first_seq <= seq <= row.last_seq for seq in wanted):
            found[row.pk] = PushStatus(row.status)
    return found


def follow(tx: Write, push_pk: int, original_pks: Iterable[int]) -> None:
    """Remembers which operations decide how this one ends."""
    rows = [{"push_pk": push_pk, "original_pk": pk} for pk in original_pks]
    tx.connection.execute(t.push_follows.insert(), rows)


def pending_through(tx: Read, account_pk: int, last_seq: int) -> list[PendingPush]:
    """Pending operations with new lines whose last is at most `last_seq`, oldest first."""
    rows = tx.rows(_PENDING_THROUGH, {"the_account": account_pk, "the_seq": last_seq})
    return [PendingPush(row.pk, row.first_seq, row.last_seq, row.balance) for row in rows]


def pending_with(tx: Read, account_pk: int, seq: int) -> list[PendingPush]:
    """Pending operations that brought the line with this sequence number."""
    query = sa.select(_p.pk, _p.first_seq, _p.last_seq, _p.balance).where(
        _p.account_pk == account_pk, _pending, _p.first_seq <= seq, _p.last_seq >= seq
    )
    return [PendingPush(row.pk, row.first_seq, row.last_seq, row.balance) for row in tx.rows(query)]


def pending_pks(tx: Read, account_pk: int) -> list[int]:
    return [row.pk for row in tx.rows(sa.select(_p.pk).where(_p.account_pk == account_pk, _pending))]


def end(tx: Write, pks: Sequence[int], status: PushStatus, now: datetime, errors: Sequence[Flaw] = ()) -> None:
    """Ends pending operations and, with them, the ones that follow them; a final status never changes."""
    if not pks:
        return
    values: dict[str, Any] = {"status": status.value, "completed_at": now}
    if errors:
        values["errors"] = [[flaw.field, flaw.message] for flaw in errors]
        values["error_message"] = errors[0].message
    outbox.add_pushes(tx, pks, status, now)
    tx.run(_END, {"the_pks": list(pks), **values})
    _end_followers(tx, pks, now)


def _end_followers(tx: Write, pks: Sequence[int], now: datetime) -> None:
    f = t.push_follows.c
    for (follower,) in tx.rows(_FOLLOWERS, {"the_pks": list(pks)}):
        statuses = tx.rows(
            sa.select(_p.status).join(t.push_follows, f.original_pk == _p.pk).where(f.push_pk == follower)
        )
        ended = ending([PushStatus(row.status) for row in statuses])
        if ended is not None:
            outbox.add_pushes(tx, [follower], ended, now)
            tx.run(t.pushes.update().where(_p.pk == follower, _pending).values(status=ended.value, completed_at=now))


def ending(statuses: Sequence[PushStatus]) -> PushStatus | None:
    """How an operation of nothing but duplicates ends, given those it follows; None while one is pending."""
    if not set(statuses) <= FINAL:
        return None
    for status in (PushStatus.failed, PushStatus.timed_out):
        if status in statuses:
            return status
    return PushStatus.success


def overdue(tx: Read, now: datetime, limit: int) -> list[int]:
    """Pending operations whose `timeoutInMinutes` has run out."""
    query = sa.select(_p.pk).where(_pending, _p.times_out_at.is_not(None), _p.times_out_at <= now).limit(limit)
    return [row.pk for row in tx.rows(query)]


def operation(row: sa.Row[Any]) -> PushOperation:
    """Of a row of the table."""
    return PushOperation(
        key=row.key,
        company_id=row.company_id,
        connection_id=row.connection_id,
        account_id=row.account_id,
        requested_at=row.requested_at,
        status=PushStatus(row.status),
        completed_at=row.completed_at,
        timeout_minutes=row.timeout_minutes,
        errors=tuple(Flaw(*flaw) for flaw in row.errors or ()),
        warnings=tuple(Flaw(*flaw) for flaw in row.warnings or ()),
        error_message=row.error_message,
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        balance=row.balance,
        balance_on=row.balance_on,
    )


def keys_between(tx: Read, feed_pk: int, first_seq: int, last_seq: int, limit: int) -> list[str]:
    """Of the newest operations of the feed's account that brought lines in this range, oldest first. Bounded by the
    limit whatever the account has: the index is walked back from the last line.
    """
    account_pk = sa.select(t.feeds.c.account_pk).where(t.feeds.c.pk == feed_pk).scalar_subquery()
    query = sa.select(_p.key, _p.last_seq).where(_p.account_pk == account_pk, _p.first_seq <= last_seq)
    rows = tx.rows(query.order_by(_p.first_seq.desc()).limit(limit))
    return [row.key for row in reversed(rows) if row.last_seq >= first_seq]
