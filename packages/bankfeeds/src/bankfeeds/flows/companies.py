"""Companies: made, read, changed, deleted with all they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.company import PRODUCTS, Company, checked_description, checked_tags, clean_name
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows.connections import retire
from bankfeeds.flows.context import World
from bankfeeds.store import audit, companies, connections, outbox, products
from bankfeeds.store.engine import Read, Write


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company with its connections, in the order they were made, and its products."""

    company: Company
    connections: list[Connection]
    products: tuple[str, ...] = PRODUCTS


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """None is absent."""

    name: str | None
    description: str | None
    tags: Mapping[str, str] | None


def create(world: World, actor: str, draft: CompanyDraft) -> CompanyView:
    now = world.clock()
    company = _replaced(Company(world.ids.uuid(), "", None, {}, now), draft)

    def insert(tx: Write) -> None:
        companies.insert(tx, company)
        audit.record(tx, AuditEntry(now, actor, "company.create", f"company:{company.id}"))
        outbox.add(tx, Happening.company_created, now, company_id=company.id)

    world.db.write(insert)
    return CompanyView(company, [])


def get(world: World, company_id: str) -> CompanyView:
    def read(tx: Read) -> CompanyView:
        company = companies.find(tx, company_id)
        if company is None:
            raise unknown(company_id)
        return _views(tx, [company])[0]

    return world.db.read(read)


def page(world: World, offset: int, limit: int, wanted: Selection = EVERYTHING) -> tuple[list[CompanyView], int]:
    """Newest first unless another order is wanted, with the number of all that are."""

    def read(tx: Read) -> tuple[list[CompanyView], int]:
        found, total = companies.page(tx, offset, limit, wanted)
        return _views(tx, found), total

    return world.db.read(read)


def replace_all(world: World, actor: str, company_id: str, draft: CompanyDraft) -> CompanyView:
    """What the draft leaves out is cleared."""
    return _change(world, actor, company_id, draft, keep_absent=False)


def update(world: World, actor: str, company_id: str, draft: CompanyDraft) -> CompanyView:
    """What the draft leaves out stays; empty tags clear them, others replace them all."""
    return _change(world, actor, company_id, draft, keep_absent=True)


def delete(world: World, actor: str, company_id: str) -> None:
    """With its connections and their source accounts; what was delivered stays where it is."""
    now = world.clock()

    def run(tx: Write) -> None:
        if companies.lock(tx, company_id) is None:
            raise unknown(company_id)
        for connection in connections.of_companies(tx, [company_id]):
            retire(tx, connection.id, now, "company deleted", actor)
        companies.mark_deleted(tx, company_id, now)
        audit.record(tx, AuditEntry(now, actor, "company.delete", f"company:{company_id}"))
        outbox.add(tx, Happening.company_deleted, now, company_id=company_id)

    world.db.write(run)


def unknown(company_id: str) -> NotFound:
    return NotFound("company", f"Company {company_id} was not found")


def _change(world: World, actor: str, company_id: str, draft: CompanyDraft, *, keep_absent: bool) -> CompanyView:
    now = world.clock()

    def run(tx: Write) -> CompanyView:
        before = companies.lock(tx, company_id)
        if before is None:
            raise unknown(company_id)
        after = _patched(before, draft) if keep_absent else _replaced(before, draft)
        if after != before:
            companies.update(tx, after)
            audit.record(tx, AuditEntry(now, actor, "company.update", f"company:{company_id}"))
        return _views(tx, [after])[0]

    return world.db.write(run)


def _views(tx: Read, found: Sequence[Company]) -> list[CompanyView]:
    theirs: dict[str, list[Connection]] = {company.id: [] for company in found}
    for connection in connections.of_companies(tx, list(theirs)):
        theirs[connection.company_id].append(connection)
    removed = products.removed(tx, list(theirs))
    return [
        CompanyView(company, theirs[company.id], tuple(p for p in PRODUCTS if p not in removed.get(company.id, ())))
        for company in found
    ]


def _replaced(company: Company, draft: CompanyDraft) -> Company:
    if draft.name is None:
        raise one_flaw("name", "is missing; give the company's name")
    return replace(
        company,
        name=clean_name(draft.name),
        description=checked_description(draft.description),
        tags=checked_tags(draft.tags or {}),
    )


def _patched(company: Company, draft: CompanyDraft) -> Company:
    return replace(
        company,
        name=company.name if draft.name is None else clean_name(draft.name),
        description=company.description if draft.description is None else checked_description(draft.description),
        tags=company.tags if draft.tags is None else checked_tags(draft.tags),
    )
