"""Pushes held in quarantine: rows to values and back, and where an account's stream stops for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_proof import holds

RELEASED, DROPPED = "released", "dropped"
_h = holds.c
_p = t.pushes.c
_active = _h.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class HeldPush:
    """A push as quarantine sees it; `first_seq`..`last_seq` are its lines."""

    pk: int
    key: str
    account_pk: int
    first_seq: int | None
    last_seq: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """`first_seq`..`last_seq`: the lines of the push that are held."""

    pk: int
    account_pk: int
    push_key: str
    external_id: str
    first_seq: int
    last_seq: int
    at: datetime
    by: str
    reason: str


def push_called(tx: Read, key: str) -> HeldPush | None:
    return _push(tx, _p.key == key)


def push_with(tx: Read, account_pk: int, seq: int) -> HeldPush | None:
    """The push that brought a line."""
    return _push(tx, _p.account_pk == account_pk, _p.first_seq <= seq, _p.last_seq >= seq)


def _push(tx: Read, *conditions: sa.ColumnElement[bool]) -> HeldPush | None:
    query = sa.select(_p.pk, _p.key, _p.account_pk, _p.first_seq, _p.last_seq).where(*conditions)
    row = tx.row(query.order_by(_p.first_seq.desc()).limit(1))
    return None if row is None else HeldPush(row.pk, row.key, row.account_pk, row.first_seq, row.last_seq)


def active(tx: Read, *, account_pks: Sequence[int] | None = None, push_pk: int | None = None) -> list[Hold]:
    """What is held now, oldest first; of some accounts, or of one push."""
    a = t.source_accounts.c
    query = (
        sa.select(holds, _p.key, a.external_id)
        .join_from(holds, t.pushes, _p.pk == _h.push_pk)
        .join(t.source_accounts, a.pk == _h.account_pk)
        .where(_active)
        .order_by(_h.pk)
    )
    if account_pks is not None:
        query = query.where(_h.account_pk.in_(account_pks))
    if push_pk is not None:
        query = query.where(_h.push_pk == push_pk)
    return [_hold(row) for row in tx.rows(query)]


def insert(tx: Write, push: HeldPush, span: tuple[int, int], at: datetime, by: str, reason: str) -> None:
    """Held from now on: nothing of the account is sent from there."""
    tx.run(
        holds.insert().values(
            account_pk=push.account_pk,
            push_pk=push.pk,
            first_seq=span[0],
            last_seq=span[1],
            at=at,
            by=by,
            reason=reason,
        )
    )
    _stop(tx, push.account_pk)


def end(tx: Write, hold: Hold, ended_as: str, at: datetime, by: str, reason: str) -> None:
    tx.run(
        holds.update().where(_h.pk == hold.pk).values(ended_at=at, ended_by=by, ended_as=ended_as, end_reason=reason)
    )
    _stop(tx, hold.account_pk)


def _stop(tx: Write, account_pk: int) -> None:
    """Where the account's stream stops: at the first line held."""
    first = sa.select(sa.func.min(_h.first_seq)).where(_h.account_pk == account_pk, _active).scalar_subquery()
    a = t.source_accounts
    tx.run(a.update().where(a.c.pk == account_pk).values(hold_seq=first))


def was_released(tx: Read, account_pk: int, seq: int) -> bool:
    """Whether somebody has looked at a line in quarantine and let it go."""
    conditions = (_h.account_pk == account_pk, _h.first_seq <= seq, _h.last_seq >= seq, _h.ended_as == RELEASED)
    return tx.row(sa.select(_h.pk).where(*conditions).limit(1)) is not None


def dropped(tx: Read, account_pk: int) -> list[tuple[int, int, str]]:
    """First line, last line and reason of what was dropped."""
    query = sa.select(_h.first_seq, _h.last_seq, _h.end_reason).where(
        _h.account_pk == account_pk, _h.ended_as == DROPPED
    )
    return [(row.first_seq, row.last_seq, row.end_reason) for row in tx.rows(query.order_by(_h.first_seq))]


def _hold(row: Any) -> Hold:
    return Hold(
        row.pk, row.account_pk, row.key, row.external_id, row.first_seq, row.last_seq, row.at, row.by, row.reason
    )
