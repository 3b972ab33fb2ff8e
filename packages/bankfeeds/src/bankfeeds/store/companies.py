"""Companies: rows to values and back."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.company import Company
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.store import dialect, selecting
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_c = t.companies.c
_x = t.connections.c


def _among_connections(clause: selecting.Clause) -> selecting.Clause:
    mine = sa.and_(_x.company_id == _c.id, _x.deleted_at.is_(None))
    return sa.select(sa.literal(1)).where(mine, clause).correlate(t.companies).exists()


COLUMNS: selecting.Columns = {
    "id": selecting.Column(_c.id),
    "name": selecting.Column(_c.name),
    "description": selecting.Column(_c.description),
    "created_at": selecting.Column(_c.created_at),
    "tags": selecting.Column(_c.tags),
    "connection.id": selecting.Column(_x.id, _among_connections),
    "connection.status": selecting.Column(_x.status, _among_connections),
    "connection.created_at": selecting.Column(_x.created_at, _among_connections),
}
"""What a Selection of companies may name."""


def find(tx: Read, company_id: str) -> Company | None:
    """None if unknown or deleted."""
    row = tx.row(_live().where(_c.id == company_id))
    return None if row is None else _company(row)


def lock(tx: Write, company_id: str) -> Company | None:
    """Locked until the transaction ends; None if unknown or deleted."""
    row = tx.row(dialect.for_update(_live().where(_c.id == company_id)))
    return None if row is None else _company(row)


def is_deleted(tx: Read, company_id: str) -> bool:
    """Whether there was one of this id."""
    return tx.row(sa.select(_c.id).where(_c.id == company_id, _c.deleted_at.is_not(None))) is not None


def page(tx: Read, offset: int, limit: int, wanted: Selection = EVERYTHING) -> tuple[list[Company], int]:
    """Newest first unless another order is wanted, with the number of all that are."""
    query = _live().where(selecting.where(wanted.condition, COLUMNS, is_postgresql=tx.is_postgresql))
    total = tx.value(sa.select(sa.func.count()).select_from(query.subquery()))
    if wanted.order:
        query = query.order_by(selecting.order(wanted.order, COLUMNS, is_postgresql=tx.is_postgresql))
    rows = tx.rows(query.order_by(_c.created_at.desc(), _c.id).offset(offset).limit(limit))
    return [_company(row) for row in rows], int(total)


def oldest(tx: Read) -> Company | None:
    row = tx.row(_live().order_by(_c.created_at, _c.id).limit(1))
    return None if row is None else _company(row)


def insert(tx: Write, company: Company) -> None:
    tx.run(
        t.companies.insert().values(
            id=company.id,
            name=company.name,
            description=company.description,
            tags=dict(company.tags),
            created_at=company.created_at,
        )
    )


def update(tx: Write, company: Company) -> None:
    """Name, description and tags; the rest never changes."""
    values = {"name": company.name, "description": company.description, "tags": dict(company.tags)}
    tx.run(t.companies.update().where(_c.id == company.id).values(values))


def mark_deleted(tx: Write, company_id: str, at: datetime) -> None:
    tx.run(t.companies.update().where(_c.id == company_id).values(deleted_at=at))


def _live() -> "sa.Select[Any]":
    return sa.select(t.companies).where(_c.deleted_at.is_(None))


def _company(row: sa.Row[Any]) -> Company:
    return Company(row.id, row.name, row.description, row.tags, row.created_at)
