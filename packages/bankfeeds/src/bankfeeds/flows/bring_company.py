"""One company of another server, brought over: what is new is stored, what is here already is left as it is.

Everything of one company is one transaction. Nobody is told by webhook: to the institution it is not new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bankfeeds.domain.account_draft import check
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.bringing import (
    ForeignAccount,
    ForeignCompany,
    ForeignConnection,
    Told,
    Verdict,
    account_status,
    connection_status,
)
from bankfeeds.domain.company import Company, checked_description, checked_tags, clean_name
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import Refusal, one_flaw
from bankfeeds.domain.ids import is_uuid
from bankfeeds.domain.source_account import ROUTING_TYPES, SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import source_accounts as account_flows
from bankfeeds.flows.context import World
from bankfeeds.store import audit, companies, connections, source_accounts
from bankfeeds.store.engine import Read, Write

DELETED_HERE = "was deleted here; what was deleted is not brought back"
_COMPARED = ("name", "type", "number", "sort_code", "currency", "routing")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A connection of a company with its accounts, as the other server has them."""

    connection: ForeignConnection
    accounts: Sequence[ForeignAccount]


@dataclass(slots=True)
class Decided:
    """What is to be stored, and what is to be told of it."""

    told: list[Told] = field(default_factory=list[Told])
    companies: list[Company] = field(default_factory=list[Company])
    connections: list[Connection] = field(default_factory=list[Connection])
    accounts: list[SourceAccount] = field(default_factory=list[SourceAccount])

    def tell(self, kind: str, name: str, verdict: Verdict, why: str = "") -> None:
        self.told.append(Told(kind, name, verdict, why))


def look(
    world: World, found: ForeignCompany, fetched: Sequence[Fetched], cut_over_on: date | None, now: datetime
) -> list[Told]:
    """What would become of it; nothing is stored."""
    return world.db.read(lambda tx: _decide(tx, world, found, fetched, cut_over_on, now).told)


def bring(
    world: World,
    actor: str,
    address: str,
    found: ForeignCompany,
    fetched: Sequence[Fetched],
    cut_over_on: date | None,
    now: datetime,
) -> list[Told]:
    """What became of it."""

    def run(tx: Write) -> list[Told]:
        companies.lock(tx, found.id)
        for each in fetched:
            connections.lock(tx, each.connection.id)
        decided = _decide(tx, world, found, fetched, cut_over_on, now)
        _store(tx, actor, address, found.id, decided, cut_over_on, now)
        return decided.told

    return world.db.write(run)


def _store(
    tx: Write, actor: str, address: str, company_id: str, decided: Decided, cut_over_on: date | None, now: datetime
) -> None:
    for company in decided.companies:
        companies.insert(tx, company)
    for connection in decided.connections:
        connections.insert(tx, connection)
    for account in decided.accounts:
        source_accounts.insert(tx, account, now)
    if decided.companies or decided.connections or decided.accounts:
        detail: dict[str, object] = {
            "from": address,
            "connections": [each.id for each in decided.connections],
            "accounts": [f"{each.connection_id}/{each.id}" for each in decided.accounts],
            "cutOverOn": cut_over_on.isoformat() if cut_over_on else None,
        }
        audit.record(tx, AuditEntry(now, actor, "company.import", f"company:{company_id}", None, detail))


def _decide(
    tx: Read,
    world: World,
    found: ForeignCompany,
    fetched: Sequence[Fetched],
    cut_over_on: date | None,
    now: datetime,
) -> Decided:
    decided = Decided()
    if not _decide_company(tx, found, decided, now):
        return decided
    for each in fetched:
        if _decide_connection(tx, found.id, each.connection, decided, now):
            _decide_accounts(tx, world, found.id, each, decided, cut_over_on, now)
    return decided


def _decide_company(tx: Read, found: ForeignCompany, decided: Decided, now: datetime) -> bool:
    """Whether it is here, or about to be, so that its connections may follow."""
    try:
        company = _company(found, now)
    except Refusal as refusal:
        decided.tell("company", found.id, Verdict.refused, refusal.message)
        return False
    present = companies.find(tx, company.id)
    if present is not None:
        names = [name for name in ("name", "description", "tags") if getattr(present, name) != getattr(company, name)]
        _tell_present(decided, "company", company.id, names)
        return True
    if companies.is_deleted(tx, company.id):
        decided.tell("company", company.id, Verdict.refused, DELETED_HERE)
        return False
    changed = f"its name is {company.name!r} here" if company.name != found.name else ""
    decided.companies.append(company)
    decided.tell("company", company.id, Verdict.new, changed)
    return True


def _company(found: ForeignCompany, now: datetime) -> Company:
    _check_id(found.id)
    _check_storable({"name": found.name, "description": found.description})
    _check_storable({f"tags.{key}"[:40]: key + value for key, value in found.tags.items()})
    tags, description = checked_tags(found.tags), checked_description(found.description)
    return Company(found.id, clean_name(found.name), description, tags, found.created_at or now)


def _decide_connection(tx: Read, company_id: str, found: ForeignConnection, decided: Decided, now: datetime) -> bool:
    name = f"{company_id}/{found.id}"
    if not is_uuid(found.id):
        decided.tell("connection", name, Verdict.refused, "id: is no UUID")
        return False
    whose = connections.owner(tx, found.id)
    if whose is not None and whose.company_id != company_id:
        decided.tell("connection", name, Verdict.differs, f"here it is one of company {whose.company_id}")
        return False
    if whose is not None and whose.is_deleted:
        decided.tell("connection", name, Verdict.refused, DELETED_HERE)
        return False
    if whose is not None:
        decided.tell("connection", name, Verdict.there)
        return True
    connection = Connection(found.id, company_id, connection_status(found.status), found.created_at or now)
    decided.connections.append(connection)
    changed = "" if connection.status.value == found.status else f"{found.status} there, {connection.status.value} here"
    decided.tell("connection", name, Verdict.new, changed)
    return True


def _decide_accounts(
    tx: Read,
    world: World,
    company_id: str,
    fetched: Fetched,
    decided: Decided,
    cut_over_on: date | None,
    now: datetime,
) -> None:
    connection_id = fetched.connection.id
    present = {account.id: account for account in source_accounts.of_connection(tx, connection_id)}
    deleted = source_accounts.deleted_ids(tx, connection_id)
    taken = account_flows.taken_of(tx, connection_id)
    for each in fetched.accounts:
        name = f"{connection_id}/{each.draft.id}"
        try:
            account = _account(world, company_id, connection_id, each, cut_over_on, now)
            if account.id in present:
                _tell_present(decided, "account", name, _differing(present[account.id], account))
            elif account.id in deleted:
                decided.tell("account", name, Verdict.refused, DELETED_HERE)
            else:
                account_flows.claim(account, taken)
                decided.accounts.append(account)
                decided.tell("account", name, Verdict.new)
        except Refusal as refusal:
            decided.tell("account", name, Verdict.refused, refusal.message)


def _account(
    world: World, company_id: str, connection_id: str, found: ForeignAccount, cut_over_on: date | None, now: datetime
) -> SourceAccount:
    draft, info = found.draft, found.draft.info
    texts = {
        "id": draft.id,
        "accountName": draft.name,
        "accountType": draft.type,
        "accountNumber": draft.number,
        "sortCode": draft.sort_code,
        "routingInfo.bankCode": draft.routing.bank_code if draft.routing else None,
        "accountInfo.description": info.description if info else None,
        "accountInfo.nickname": info.nickname if info else None,
    }
    _check_storable(texts)
    if draft.routing is not None and draft.routing.type not in ROUTING_TYPES:
        raise one_flaw("routingInfo.type", f"must be one of {', '.join(ROUTING_TYPES)}")
    check(draft)
    told_at = found.modified_at or now
    account = account_flows.drafted(world, company_id, connection_id, draft, told_at)
    return replace(account, status=account_status(found.status), cut_over_on=cut_over_on)


def _differing(ours: SourceAccount, theirs: SourceAccount) -> list[str]:
    """What of an account is not as it is there. Balances move, and are not looked at."""
    return [name for name in _COMPARED if getattr(ours, name) != getattr(theirs, name)]


def _tell_present(decided: Decided, kind: str, name: str, differing: Sequence[str]) -> None:
    if differing:
        what = " and ".join(differing)
        decided.tell(kind, name, Verdict.differs, f"is here with another {what}; it was left as it is here")
    else:
        decided.tell(kind, name, Verdict.there)


def _check_id(company_id: str) -> None:
    if not is_uuid(company_id):
        raise one_flaw("id", "is no UUID")


def _check_storable(texts: "dict[str, str | None] | dict[str, str]") -> None:
    for name, text in texts.items():
        if text is not None and not is_storable(text):
            raise one_flaw(name, "holds a NUL character or half a surrogate pair")
