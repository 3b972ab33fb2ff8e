"""Operators and their sessions: rows to values and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.operator import Operator, Role, Sitting
from bankfeeds.store import dialect
from bankfeeds.store import tables_portal as t
from bankfeeds.store.engine import Read, Write

_o = t.operators.c
_s = t.operator_sessions.c


def lock(tx: Write) -> None:
    """Nobody else adds, removes or changes one before this transaction ends: who is left to administrate is a question
    about all of them.
    """
    dialect.lock_table(tx.connection, t.operators, "SHARE ROW EXCLUSIVE")


def every(tx: Read) -> list[Operator]:
    """In the order of their names; removed ones too."""
    return [_operator(row) for row in tx.rows(sa.select(t.operators).order_by(_o.name, _o.pk))]


def find(tx: Read, name: str) -> tuple[Operator, str | None] | None:
    """One who is not removed, with the hash of the password."""
    row = tx.row(sa.select(t.operators).where(_o.name == name, _o.removed_at.is_(None)))
    return None if row is None else (_operator(row), row.password_hash)


def insert(
    tx: Write, name: str, role: Role, password_hash: str | None, initial_until: datetime | None, now: datetime
) -> Operator:
    password = {"password_hash": password_hash, "initial_until": initial_until}
    tx.run(t.operators.insert().values(name=name, role=role.value, created_at=now, **password))
    found = find(tx, name)
    assert found is not None  # noqa: S101 - just inserted
    return found[0]


def set_password(tx: Write, pk: int, password_hash: str, initial_until: datetime | None = None) -> None:
    """Whatever they are signed in with ends at once."""
    password = {"password_hash": password_hash, "initial_until": initial_until}
    tx.run(t.operators.update().where(_o.pk == pk).values(password))
    end_sessions_of(tx, pk)


def set_role(tx: Write, pk: int, role: Role) -> None:
    tx.run(t.operators.update().where(_o.pk == pk).values(role=role.value))


def remove(tx: Write, pk: int, now: datetime) -> None:
    """Whatever they are signed in with ends at once."""
    tx.run(t.operators.update().where(_o.pk == pk).values(removed_at=now))
    end_sessions_of(tx, pk)


def begin_session(tx: Write, pk: int, digest: str, now: datetime, forget_before: datetime) -> None:
    """Forgets the sessions that began before, whosever they are."""
    tx.run(t.operators.update().where(_o.pk == pk).values(signed_in_at=now))
    tx.run(t.operator_sessions.delete().where(_s.began_at <= forget_before))
    tx.run(t.operator_sessions.insert().values(digest=digest, operator_pk=pk, began_at=now, seen_at=now))


def session(tx: Read, digests: Sequence[str]) -> tuple[Operator, Sitting] | None:
    query = sa.select(t.operators, t.operator_sessions).join_from(t.operator_sessions, t.operators)
    row = tx.row(query.where(_s.digest.in_(digests), _o.removed_at.is_(None)))
    if row is None:
        return None
    return _operator(row), Sitting(row.digest, row.began_at, row.seen_at, row.sealed_flash)


def see_session(tx: Write, digest: str, now: datetime) -> None:
    tx.run(t.operator_sessions.update().where(_s.digest == digest).values(seen_at=now))


def set_flash(tx: Write, digest: str, sealed: str | None) -> None:
    tx.run(t.operator_sessions.update().where(_s.digest == digest).values(sealed_flash=sealed))


def end_session(tx: Write, digests: Sequence[str]) -> None:
    tx.run(t.operator_sessions.delete().where(_s.digest.in_(digests)))


def end_sessions_of(tx: Write, pk: int) -> None:
    tx.run(t.operator_sessions.delete().where(_s.operator_pk == pk))


def _operator(row: sa.Row[Any]) -> Operator:
    return Operator(
        row.pk,
        row.name,
        Role(row.role),
        row.created_at,
        row.signed_in_at,
        row.removed_at,
        row.password_hash is not None,
        row.initial_until,
    )
