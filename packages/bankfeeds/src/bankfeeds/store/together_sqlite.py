"""SQLite: small pushes that wait for the writer together are stored together, in as many statements as one takes.

Each statement has the interpreter's lock to win back, and the writer's time goes there: see `store/bulk.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bankfeeds.store import tables as t
from bankfeeds.store.new_push import Intertwined, NewPush, Numbered, check_apart
from bankfeeds.store.types import instant_text


@dataclass(frozen=True, slots=True)
class _Placed:
    push: NewPush
    account_pk: int
    external_id: str
    numbered: Numbered


def _member(index: int) -> str:
    return f"json_extract(value, '$[{index}]')"


def _members(first: int, count: int) -> str:
    return ", ".join(_member(index) for index in range(first, first + count))


_FIND = f"""
    SELECT json_group_array(json_array({_member(0)}, a.pk, a.last_seq, a.external_id))
    FROM json_each(?) CROSS JOIN source_accounts a ON a.connection_id = {_member(1)} AND a.id = {_member(2)}
    JOIN connections x ON x.id = a.connection_id
    WHERE a.company_id = {_member(3)} AND a.currency = {_member(4)}
      AND (a.newest_on IS NULL OR a.newest_on <= {_member(5)})
      AND a.deleted_at IS NULL AND a.verifying_since IS NULL AND a.status = 'connected'
      AND x.deleted_at IS NULL AND x.status = 'Linked'
      AND NOT EXISTS (SELECT 1 FROM late_lines l WHERE l.account_pk = a.pk AND l.state IN ('waiting', 'dropped'))
      AND NOT EXISTS (SELECT 1 FROM feeds f WHERE f.account_pk = a.pk AND f.status <> 'closed'
                      AND f.start_on > {_member(5)})
"""  # noqa: S608 - constants
_LINES = f"""
    INSERT OR IGNORE INTO lines (pk, account_pk, id, posted_on, amount, balance, type, description, counterparty,
                                 reference)
    SELECT {_members(0, 10)} FROM json_each(?)
"""  # noqa: S608 - constants
_ACCOUNTS = f"""
    UPDATE source_accounts SET last_seq = given.last_seq, newest_on = given.newest_on
    FROM (SELECT {_member(0)} AS pk, {_member(1)} AS last_seq, {_member(2)} AS newest_on FROM json_each(?)) AS given
    WHERE source_accounts.pk = given.pk
"""  # noqa: S608 - constants
_PUSHES = f"""
    INSERT INTO pushes (status, key, company_id, connection_id, account_pk, account_id, requested_at, timeout_minutes,
                        times_out_at, first_seq, last_seq, balance, balance_on, warnings)
    SELECT 'Pending', {_members(0, 13)} FROM json_each(?)
"""  # noqa: S608 - constants
_WAKE = """
    UPDATE feeds SET due_at = coalesce(due_at, ?1), waiting_since = coalesce(waiting_since, ?1)
    WHERE account_pk IN (SELECT value FROM json_each(?2)) AND status = 'open'
      AND (due_at IS NULL OR waiting_since IS NULL)
"""
_AUDIT = f"""
    INSERT INTO audit (action, at, actor, subject, detail) SELECT 'push.accept', {_members(0, 4)} FROM json_each(?)
"""  # noqa: S608 - constants
_encoder = msgspec.json.Encoder()


def _json(rows: object) -> str:
    return _encoder.encode(rows).decode()


def store(cursor: Any, pushes: Sequence[NewPush]) -> list[Numbered | None]:
    """None for those that need a closer look; Intertwined if two are of one account, or a line is known already."""
    check_apart(pushes)
    placed = _placed(cursor, pushes)
    if placed:
        _store_lines(cursor, placed)
        _note(cursor, placed)
    numbered = {each.push.key: each.numbered for each in placed}
    return [numbered.get(push.key) for push in pushes]


def _placed(cursor: Any, pushes: Sequence[NewPush]) -> list[_Placed]:
    wanted = [
        (n, push.connection_id, push.account_id, push.company_id, push.currency, push.columns.days[0])
        for n, push in enumerate(pushes)
    ]
    (found,) = cursor.execute(_FIND, (_json(wanted),)).fetchone()
    placed: list[_Placed] = []
    for n, pk, last_seq, external_id in msgspec.json.decode(found, type=list[tuple[int, int, int, str]]):
        numbered = Numbered(last_seq + 1, last_seq + len(pushes[n].columns))
        placed.append(_Placed(pushes[n], pk, external_id, numbered))
    return placed


def _store_lines(cursor: Any, placed: Sequence[_Placed]) -> None:
    rows: list[tuple[object, ...]] = []
    for each in placed:
        key = (each.account_pk << t.SEQ_BITS) + each.numbered.first_seq
        lines = zip(*each.push.columns.in_order(), strict=True)
        rows += [(key + n, each.account_pk, *line) for n, line in enumerate(lines)]
    cursor.execute(_LINES, (_json(rows),))
    if cursor.rowcount != len(rows):
        raise Intertwined


def _note(cursor: Any, placed: Sequence[_Placed]) -> None:
    """The accounts' progress, the push operations, the feeds' waking, the audit trail."""
    cursor.execute(_ACCOUNTS, (_json([(p.account_pk, p.numbered.last_seq, p.push.columns.days[-1]) for p in placed]),))
    cursor.execute(_PUSHES, (_json([_push_row(each) for each in placed]),))
    earliest = instant_text(min(each.push.now for each in placed))
    cursor.execute(_WAKE, (earliest, _json([each.account_pk for each in placed])))
    audited = [
        (instant_text(p.push.now), p.push.actor, f"account:{p.external_id}", p.push.audit_detail()) for p in placed
    ]
    cursor.execute(_AUDIT, (_json(audited),))


def _push_row(each: _Placed) -> tuple[object, ...]:
    push = each.push
    return (
        push.key,
        push.company_id,
        push.connection_id,
        each.account_pk,
        push.account_id,
        instant_text(push.now),
        push.timeout_minutes,
        instant_text(push.times_out_at) if push.times_out_at else None,
        each.numbered.first_seq,
        each.numbered.last_seq,
        push.columns.balances[-1],
        push.columns.days[-1],
        push.warnings_text(),
    )
