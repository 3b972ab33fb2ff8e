"""Companies: rows to values and back."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.company import Company
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_c = t.companies.c


def find(tx: Read, company_id: str) -> Company | None:
    """None if unknown or deleted."""
    row = tx.row(_live().where(_c.id == company_id))
    return None if row is None else _company(row)


def lock(tx: Write, company_id: str) -> Company | None:
    """Locked until the transaction ends; None if unknown or deleted."""
    row = tx.row(dialect.for_update(_live().where(_c.id == company_id)))
    return None if row is None else _company(row)


def page(tx: Read, offset: int, limit: int) -> tuple[list[Company], int]:
    """Newest first, with the number of all."""
    total = tx.value(sa.select(sa.func.count()).select_from(_live().subquery()))
    rows = tx.rows(_live().order_by(_c.created_at.desc(), _c.id).offset(offset).limit(limit))
    return [_company(row) for row in rows], int(total)


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
