"""Finding a company, and what an operator sees of it: its connections, their accounts, and how their feeds stand."""

from dataclasses import dataclass
from datetime import datetime

from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.history import FoundCompany
from bankfeeds.domain.otp import Otp
from bankfeeds.domain.pause import Pause, company_scope
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.companies import unknown
from bankfeeds.flows.context import World
from bankfeeds.store import companies, connections, otps, overview, pauses, search, source_accounts
from bankfeeds.store.engine import Read

COMPANIES_PER_PAGE = 25
PAGES_MAX = 1000
TEXT_LENGTH_MAX = 200
ACCOUNTS_SHOWN_MAX = 200
FEEDS_SHOWN_MAX = 500


@dataclass(frozen=True, slots=True)
class Results:
    """One page, newest companies first, and whether there is another."""

    companies: list[FoundCompany]
    has_more: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    """`feeds` in the order they were opened, closed ones too."""

    account: SourceAccount
    feeds: tuple[FeedView, ...]


@dataclass(frozen=True, slots=True)
class ConnectionDetail:
    """`otp_expires_at`: when its one-time password ends, if it has one that is in force."""

    connection: Connection
    accounts: tuple[AccountView, ...]
    otp_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyDetail:
    """`pauses`: those of the company and of the platform. `is_cut`: it has more accounts than are shown."""

    company: Company
    connections: tuple[ConnectionDetail, ...]
    pauses: tuple[Pause, ...]
    is_cut: bool


def companies_like(world: World, text: str, page: int) -> Results:
    """By name, id, Connection ID, or an account's name, id, number or external id; pages count from 1."""
    text = " ".join(text.split())
    if len(text) > TEXT_LENGTH_MAX or not is_storable(text):
        raise one_flaw("q", f"search for at most {TEXT_LENGTH_MAX} characters of plain text")
    if not 1 <= page <= PAGES_MAX:
        raise one_flaw("page", f"is 1 to {PAGES_MAX}; search for something narrower")
    offset = (page - 1) * COMPANIES_PER_PAGE
    found = world.db.read(lambda tx: search.companies(tx, text, offset, COMPANIES_PER_PAGE + 1))
    return Results(found[:COMPANIES_PER_PAGE], len(found) > COMPANIES_PER_PAGE)


def company(world: World, company_id: str) -> CompanyDetail:
    now = world.clock()

    def read(tx: Read) -> CompanyDetail:
        found = companies.find(tx, company_id) if is_storable(company_id) else None
        if found is None:
            raise unknown(company_id)
        accounts = source_accounts.of_company(tx, company_id, ACCOUNTS_SHOWN_MAX + 1)
        views = _views(tx, accounts[:ACCOUNTS_SHOWN_MAX])
        details = [
            ConnectionDetail(
                each,
                tuple(view for view in views if view.account.connection_id == each.id),
                _in_force(otps.find(tx, each.id), now),
            )
            for each in connections.of_companies(tx, [company_id])
        ]
        over = tuple(each for each in pauses.every(tx) if each.scope in {"platform:all", company_scope(company_id)})
        return CompanyDetail(found, tuple(details), over, len(accounts) > ACCOUNTS_SHOWN_MAX)

    return world.db.read(read)


def connection_of(world: World, company_id: str, connection_id: str) -> Connection:
    """NotFound if the company has no such connection."""
    detail = company(world, company_id)
    for each in detail.connections:
        if each.connection.id == connection_id:
            return each.connection
    raise NotFound("connection", f"company {company_id} has no connection {connection_id}")


def _views(tx: Read, accounts: list[SourceAccount]) -> list[AccountView]:
    feeds: dict[int, list[FeedView]] = {account.pk: [] for account in accounts}
    for account_pk, feed in overview.feeds_of_accounts(tx, list(feeds), FEEDS_SHOWN_MAX):
        feeds[account_pk].append(feed)
    return [AccountView(account, tuple(feeds[account.pk])) for account in accounts]


def _in_force(otp: Otp | None, now: datetime) -> datetime | None:
    return None if otp is None or otp.expires_at <= now else otp.expires_at
