"""A company's products. There is one, bank feeds; removing it takes it off the company and stops nothing."""

from collections.abc import Callable
from datetime import datetime

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.company import PRODUCTS
from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows.context import World
from bankfeeds.store import audit, companies, outbox, products
from bankfeeds.store.engine import Write


def add(world: World, actor: str, company_id: str, product: str) -> None:
    """Nothing happens if the company has it."""
    _change(world, actor, company_id, product, "add", lambda tx, _now: products.add(tx, company_id, product))


def remove(world: World, actor: str, company_id: str, product: str) -> None:
    """Nothing happens if the company is without it."""
    _change(world, actor, company_id, product, "remove", lambda tx, now: products.remove(tx, company_id, product, now))


def _change(
    world: World, actor: str, company_id: str, product: str, verb: str, change: Callable[[Write, datetime], bool]
) -> None:
    if product not in PRODUCTS:
        raise NotFound("product", f"Product {product!r} was not found; there is {', '.join(PRODUCTS)}")
    now = world.clock()

    def run(tx: Write) -> None:
        if companies.lock(tx, company_id) is None:
            raise NotFound("company", f"Company {company_id} was not found")
        if change(tx, now):
            entry = AuditEntry(now, actor, f"product.{verb}", f"company:{company_id}", None, {"product": product})
            audit.record(tx, entry)
            happening = Happening.product_added if verb == "add" else Happening.product_removed
            outbox.add(tx, happening, now, company_id=company_id, facts={"product": product})

    world.db.write(run)
