"""Connections: rows to values and back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.store import dialect, selecting
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_c = t.connections.c
COLUMNS: selecting.Columns = {
    "id": selecting.Column(_c.id),
    "status": selecting.Column(_c.status),
    "created_at": selecting.Column(_c.created_at),
}
"""What a Selection of connections may name."""


def find(tx: Read, company_id: str, connection_id: str) -> Connection | None:
    """None if unknown, deleted, or another company's."""
    row = tx.row(_live().where(_c.company_id == company_id, _c.id == connection_id))
    return None if row is None else _connection(row)


def lock(tx: Write, connection_id: str) -> Connection | None:
    """Locked until the transaction ends; None if unknown or deleted."""
    row = tx.row(dialect.for_update(_live().where(_c.id == connection_id)))
    return None if row is None else _connection(row)


@dataclass(frozen=True, slots=True)
class Owner:
    company_id: str
    is_deleted: bool


def owner(tx: Read, connection_id: str) -> Owner | None:
    """Whose it is or was; None if there never was one of this id."""
    row = tx.row(sa.select(_c.company_id, _c.deleted_at).where(_c.id == connection_id))
    return None if row is None else Owner(row.company_id, row.deleted_at is not None)


def of_companies(tx: Read, company_ids: list[str]) -> list[Connection]:
    """Of several companies at once, in the order they were made."""
    query = _live().where(_c.company_id.in_(company_ids)).order_by(_c.created_at, _c.id)
    return [_connection(row) for row in tx.rows(query)]


def page(
    tx: Read, company_id: str, offset: int, limit: int, wanted: Selection = EVERYTHING
) -> tuple[list[Connection], int]:
    """Newest first unless another order is wanted, with the number of all that are."""
    is_wanted = selecting.where(wanted.condition, COLUMNS, is_postgresql=tx.is_postgresql)
    query = _live().where(_c.company_id == company_id, is_wanted)
    total = tx.value(sa.select(sa.func.count()).select_from(query.subquery()))
    if wanted.order:
        query = query.order_by(selecting.order(wanted.order, COLUMNS, is_postgresql=tx.is_postgresql))
    rows = tx.rows(query.order_by(_c.created_at.desc(), _c.id).offset(offset).limit(limit))
    return [_connection(row) for row in rows], int(total)


def insert(tx: Write, connection: Connection) -> None:
    tx.run(
        t.connections.insert().values(
            id=connection.id,
            company_id=connection.company_id,
            status=connection.status.value,
            created_at=connection.created_at,
        )
    )


def set_status(tx: Write, connection_id: str, status: ConnectionStatus) -> None:
    tx.run(t.connections.update().where(_c.id == connection_id).values(status=status.value))


def mark_deleted(tx: Write, connection_id: str, at: datetime) -> None:
    tx.run(t.connections.update().where(_c.id == connection_id).values(deleted_at=at))


def _live() -> "sa.Select[Any]":
    return sa.select(t.connections).where(_c.deleted_at.is_(None))


def _connection(row: sa.Row[Any]) -> Connection:
    return Connection(row.id, row.company_id, ConnectionStatus(row.status), row.created_at)
