"""Which products a company is without: it has every product until one is removed."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.store import tables_api as t
from bankfeeds.store.engine import Read, Write

_r = t.removed_products.c


def removed(tx: Read, company_ids: Sequence[str]) -> dict[str, set[str]]:
    """By company; a company that has every product is not in it."""
    found: dict[str, set[str]] = {}
    for row in tx.rows(sa.select(_r.company_id, _r.product).where(_r.company_id.in_(company_ids))):
        found.setdefault(row.company_id, set()).add(row.product)
    return found


def add(tx: Write, company_id: str, product: str) -> bool:
    """False if the company had it already."""
    return tx.run(t.removed_products.delete().where(_r.company_id == company_id, _r.product == product)) > 0


def remove(tx: Write, company_id: str, product: str, now: datetime) -> bool:
    """False if the company was without it already. The company is locked."""
    if product in removed(tx, [company_id]).get(company_id, ()):
        return False
    tx.run(t.removed_products.insert().values(company_id=company_id, product=product, removed_at=now))
    return True
