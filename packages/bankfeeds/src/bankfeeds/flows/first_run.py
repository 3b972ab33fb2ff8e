"""The first run: from an empty database to a first line in Sage, each step seen from what is stored.

Nothing is remembered of the walk itself. Its company is the oldest one there is; where it stands follows from what that
company has: an account, a link, lines, lines that Sage has.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.company import Company
from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Deferred, Done, Rejected, Taken, Unknown
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import companies, connections, listings, search, source_accounts
from bankfeeds.flows.accept import accept
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.store import companies as stored

ACCOUNT_ID = "first-account"
OPENING = Decimal("2500.00")
_SAMPLES = (
    ("card-takings", Decimal("1250.00"), "Card takings", "Payment terminal"),
    ("flour", Decimal("-86.40"), "Flour, 200 kg", "Millstone Mills"),
    ("charges", Decimal("-12.50"), "Bank charges", None),
)


class Step(StrEnum):
    """In their order."""

    listing = "listing"
    account = "account"
    link = "link"
    push = "push"
    deliver = "deliver"


@dataclass(frozen=True, slots=True)
class Walk:
    """How far it is. `step` is the one to take now, None at the end."""

    step: Step | None
    listing: Listing | None = None
    company: Company | None = None
    account: SourceAccount | None = None
    connection_id: str | None = None
    otp_expires_at: datetime | None = None
    feed: FeedView | None = None

    @property
    def delivered(self) -> int:
        """Lines behind the feed's cursor."""
        return 0 if self.feed is None else self.feed.cursor


@dataclass(frozen=True, slots=True)
class SampleLine:
    """As an institution sends one: `flows.accept` takes it like any other."""

    id: str
    date: str
    description: str
    amount: bytes
    balance: bytes
    counterparty: str | None
    transactionType: str | None = None  # noqa: N815 - the wire's own spelling
    reference: str | None = None


def look(world: World) -> Walk:
    listing = next(iter(listings.every(world)), None)
    oldest = world.db.read(stored.oldest)
    if oldest is None:
        return Walk(Step.listing if listing is None else Step.account, listing)
    detail = search.company(world, oldest.id)
    for each in detail.connections:
        for view in each.accounts:
            live = [feed for feed in view.feeds if feed.status is not FeedStatus.closed]
            feed = live[-1] if live else None
            step = _step(view.account, feed)
            return Walk(step, listing, oldest, view.account, each.connection.id, each.otp_expires_at, feed)
    return Walk(Step.listing if listing is None else Step.account, listing, oldest)


def _step(account: SourceAccount, feed: FeedView | None) -> Step | None:
    if feed is None:
        return Step.link
    if account.last_seq == 0:
        return Step.push
    return Step.deliver if feed.cursor < account.last_seq else None


def open_account(world: World, actor: str, company_name: str, account_name: str, currency: str) -> Walk:
    """A company, a connection and an account; what a run that died has made of them is gone on with."""
    walk = look(world)
    if walk.account is not None:
        raise Conflict("first_run_step", "there is an account already; go on with the next step")
    draft = AccountDraft(ACCOUNT_ID, account_name, "checking", "10203040", "112233", currency.upper(), OPENING)
    company = walk.company or companies.create(world, actor, CompanyDraft(company_name, None, None)).company
    detail = search.company(world, company.id)
    connection = next((each.connection for each in detail.connections), None)
    connection = connection or connections.create(world, actor, company.id)
    source_accounts.create(world, actor, company.id, connection.id, draft)
    return look(world)


def push_samples(world: World, actor: str) -> PushOperation:
    """Three lines of today, and of yesterday if Sage's user chose an earlier start; as a program would push them."""
    walk = look(world)
    account, feed = walk.account, walk.feed
    if walk.company is None or account is None or walk.connection_id is None or feed is None:
        raise Conflict("first_run_step", "the account is not linked in Sage yet; link it first")
    on = world.clock().date()
    balance = account.balance or Decimal(0)
    items = _lines(
        on if feed.start_on is None else max(feed.start_on, on - timedelta(days=1)), balance, account.last_seq
    )
    return accept(world, actor, PushRequest(walk.company.id, walk.connection_id, account.id, account.id, items))


def _lines(on: date, balance: Decimal, after: int) -> list[SampleLine]:
    found: list[SampleLine] = []
    for name, amount, description, counterparty in _SAMPLES:
        balance += amount
        found.append(
            SampleLine(
                f"first-run-{after + 1}-{name}",
                on.isoformat(),
                description,
                str(amount).encode(),
                str(balance).encode(),
                counterparty,
            )
        )
    return found


def ask_sage(world: World, listing: Listing) -> str | None:
    """Whether the listing's credentials are good, by asking for an account that nobody has; None if they are, else what
    is wrong.
    """
    match world.destinations(listing).find("first-run-check"):
        case None | FoundAccount() | Done() | Taken():
            return None
        case Rejected() as rejected:
            return rejected.reason
        case Deferred() as deferred:
            return deferred.reason
        case Unknown() as unknown:
            return unknown.reason
