"""A platform with one linked account, and a small Sage whose every answer a test can bend."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.delivery import Delivery, FoundAccount
from bankfeeds.domain.listing import AmountUnit, Listing
from bankfeeds.domain.outcome import Deferred, Done, Outcome, Problem, Rejected, Taken, Unknown
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.source_account import AccountStatus, SourceAccount
from bankfeeds.flows import accept as accepting
from bankfeeds.flows import deliver, pushes
from bankfeeds.flows import feeds as feed_flow
from bankfeeds.flows.context import Limits, World
from bankfeeds.store import companies, connections, feeds, listings, reports, schema, source_accounts
from bankfeeds.store.engine import Database
from bankfeeds.store.listings import SealedSecrets
from bankfeeds.store.seal import Sealer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COMPANY, CONNECTION = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
LISTING = "default"
KEY = "k" * 40
"""The secret key of a program that is let loose on these platforms."""
_sealer = Sealer((KEY,))
SEALED = (_sealer.seal("s"), _sealer.seal("k"), (_sealer.seal("h"),))


class Died(BaseException):
    """The process ends here."""


@dataclass
class Item:
    """What the institution sends for one line."""

    id: str | None
    date: str | None
    amount: Decimal | None
    balance: Decimal | None
    description: str | None = "Flour"
    transactionType: str | None = None  # noqa: N815
    counterparty: str | None = None
    reference: str | None = None


class Sent:
    """The same as it comes off the wire: amounts as their JSON text."""

    def __init__(self, item: Item) -> None:
        self.id, self.date, self.description = item.id, item.date, item.description
        self.transactionType, self.counterparty, self.reference = (
            item.transactionType,
            item.counterparty,
            item.reference,
        )
        self.amount = b"" if item.amount is None else str(item.amount).encode()
        self.balance = b"" if item.balance is None else str(item.balance).encode()


class SmallSage:
    """Takes statements as Sage does: atomically, one in flight, no id twice. `troubles` bend the next offers."""

    def __init__(self) -> None:
        self.stored: dict[str, list[str]] = {}
        self.days: dict[str, list[str]] = {}
        self.statuses: dict[str, list[str]] = {}
        self.taken: dict[str, tuple[Delivery, Outcome]] = {}
        self.troubles: list[str] = []
        self.follow_troubles: list[str] = []
        self.unwanted: set[str] = set()
        self.unwanted_in: str | None = None
        self.refuses_everything = False
        self.complaints: list[str] = []
        self.cancelled: set[str] = set()
        self.found: FoundAccount | None = None
        self.offers: list[Delivery] = []
        self._ids = count(1)

    def __call__(self, _listing: Listing) -> "SmallSage":
        return self

    def offer(self, delivery: Delivery) -> Outcome:
        self.offers.append(delivery)
        trouble = self.troubles.pop(0) if self.troubles else "none"
        if trouble == "refused connection":
            return Deferred("out of reach")
        if trouble == "throttled":
            return Deferred("slow down", 2.0, throttled=True)
        if trouble == "lost question":
            return Unknown("no answer")
        if delivery.bank_account_id in self.cancelled:
            return Rejected("BANK_ACCOUNT_CANCELLED", (Problem("BANK_ACCOUNT_CANCELLED", "cancelled"),), gone=True)
        outcome = self._process(delivery)
        reference = f"st-{next(self._ids)}"
        self.taken[reference] = (delivery, outcome)
        if trouble == "lost answer":
            return Unknown("no answer")
        if trouble == "fails at once":
            return outcome
        return Taken(reference)

    def follow(self, statement_id: str) -> Outcome:
        trouble = self.follow_troubles.pop(0) if self.follow_troubles else "none"
        if trouble == "processing":
            return Taken(statement_id)
        if trouble == "no answer":
            return Unknown("no answer")
        if trouble == "lost":
            return Unknown("no such statement", lost=True)
        _, outcome = self.taken[statement_id]
        return outcome

    def find(self, external_id: str) -> FoundAccount | Outcome | None:
        return self.found

    def report(self, authorisation_id: str, accounts: object, *, success: bool) -> Outcome:
        raise AssertionError("no delivery reports an authorisation")

    def complain(self, reason: str, at: datetime) -> Outcome:
        self.complaints.append(reason)
        return Done()

    def _process(self, delivery: Delivery) -> Outcome:
        stored = self.stored.setdefault(delivery.bank_account_id, [])
        ids = list(delivery.batch.columns.ids)
        duplicates = [
            Problem("DUPLICATE_TRANSACTION", "known", line_id, duplicate=True) for line_id in ids if line_id in stored
        ]
        if duplicates:
            return Rejected("DUPLICATE_TRANSACTION", tuple(duplicates))
        is_minded = self.unwanted_in in {None, delivery.bank_account_id}
        if self.refuses_everything or (is_minded and self.unwanted & set(ids)):
            return Rejected("SCHEMA_INVALID", (Problem("SCHEMA_INVALID", "something is wrong"),))
        stored.extend(ids)
        self.days.setdefault(delivery.bank_account_id, []).extend(delivery.batch.columns.days)
        status = "authRequired" if delivery.statement.kind.value == "authRequired" else "active"
        self.statuses.setdefault(delivery.bank_account_id, []).append(status)
        return Done("ok")


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class CountedIds:
    numbers: Any = field(default_factory=lambda: count(1))

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self.numbers):012d}"

    def external_id(self) -> str:
        return f"ext-{next(self.numbers)}"

    def otp(self) -> str:
        return "ABC234"

    def secret(self) -> str:
        return f"secret-{next(self.numbers)}"


class NoSealer:
    def seal(self, secret: str) -> str:
        raise AssertionError("nothing is sealed here")

    unseal = seal

    def digest(self, secret: str) -> str:
        raise AssertionError("nothing is hashed here")

    def digests(self, secret: str) -> tuple[str, ...]:
        raise AssertionError("nothing is hashed here")


@dataclass
class Platform:
    """The world of these tests, with short words for what they do."""

    world: World
    sage: SmallSage
    clock: Clock
    crash_at: list[str]
    url: str

    def link(self, bank_account_id: str = "ba-1", start: str | None = "2026-01-01", account: str = "acc-001") -> str:
        found = self.account(account)
        return self.world.db.write(
            lambda tx: feed_flow.open_feed(tx, self.world, LISTING, found.external_id, bank_account_id, start, "sage")
        )

    def unlink(self, bank_account_id: str) -> str:
        return self.world.db.write(
            lambda tx: feed_flow.close_feed(tx, self.world, LISTING, bank_account_id, "the user disconnected", "sage")
        )

    def account(self, account_id: str = "acc-001") -> SourceAccount:
        found = self.world.db.read(lambda tx: source_accounts.find(tx, COMPANY, CONNECTION, account_id))
        assert found is not None
        return found

    def connection(self) -> Connection:
        found = self.world.db.read(lambda tx: connections.find(tx, COMPANY, CONNECTION))
        assert found is not None
        return found

    def push(self, *items: Item, account: str = "acc-001", timeout_minutes: int | None = None) -> PushOperation:
        sent = [Sent(item) for item in items]
        request = accepting.PushRequest(COMPANY, CONNECTION, account, account, sent, timeout_minutes)
        return accepting.accept(self.world, "api:test", request)

    def operation(self, push: PushOperation) -> PushOperation:
        return pushes.get(self.world, COMPANY, push.key)

    def feeds(self, account: str = "acc-001") -> list[Any]:
        pk = self.account(account).pk
        return self.world.db.read(lambda tx: feeds.live_of_account(tx, pk))

    def step(self) -> int:
        """One claim of everything due, each feed moved on once; a death leaves the rest of the claim leased."""
        lease = timedelta(seconds=self.world.limits.lease_s)
        claims = self.world.db.write(lambda tx: feeds.claim_due(tx, "test", self.clock(), lease, 100))
        for claim in claims:
            try:
                deliver.step(self.world, claim)
            except Died:
                continue
        return len(claims)

    def run(self, rounds: int = 200) -> None:
        """Until nothing is due for an hour, the clock moving on by itself."""
        quiet = 0
        for _ in range(rounds):
            quiet = 0 if self.step() else quiet + 1
            if quiet > 12:
                return
            self.clock.advance(0.3 if quiet == 0 else 300)
        raise AssertionError("the platform does not come to rest")


def lines(*days: str, start: int = 1, amount: str = "-1.00") -> list[Item]:
    """Lines `t-1`, `t-2`, … on the days given."""
    return [Item(f"t-{start + i}", day, Decimal(amount), Decimal(1000 - start - i)) for i, day in enumerate(days)]


@pytest.fixture
def make_lines() -> Callable[..., list[Item]]:
    return lines


@pytest.fixture(params=["sqlite", "postgresql"])
def make_platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Platform]]:
    made: list[Database] = []

    def make(limits: Limits | None = None) -> Platform:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / f'test{len(made)}.db'}"
        else:
            url = request.getfixturevalue("new_postgresql")()
        database = Database(url)
        made.append(database)
        return _platform(database, url, limits or Limits(requests_per_second=0))

    yield make
    for database in made:
        database.close()


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    return make_platform()


def _platform(database: Database, url: str, limits: Limits) -> Platform:
    schema.migrate(database)
    sage, clock, crash_at = SmallSage(), Clock(), list[str]()

    def crash(point: str) -> None:
        if crash_at and crash_at[0] == point:
            crash_at.pop(0)
            raise Died(point)

    world = World(
        db=database, clock=clock, ids=CountedIds(), sealer=NoSealer(), destinations=sage, limits=limits,
        sleep=clock.advance, crash=crash,
    )  # fmt: skip
    database.write(lambda tx: listings.insert(tx, _listing(), SealedSecrets(*SEALED)))
    database.write(lambda tx: companies.insert(tx, Company(COMPANY, "Harbour Bakery", None, {}, NOON)))
    connection = Connection(CONNECTION, COMPANY, ConnectionStatus.pending_auth, NOON)
    database.write(lambda tx: connections.insert(tx, connection))
    for number, account_id in enumerate(("acc-001", "acc-002"), 1):
        account = _account(account_id, number)
        pk = database.write(lambda tx, account=account: source_accounts.insert(tx, account, NOON))
        database.write(lambda tx, pk=pk: reports.add(tx, LISTING, [pk], NOON, NOON + timedelta(minutes=16)))
    return Platform(world, sage, clock, crash_at, url)


def _listing() -> Listing:
    return Listing(
        id=LISTING, name="Bank", region="eu", country="GB", bank_id="bank-1", external_ref="ref", url="https://bank",
        provider_url="http://127.0.0.1:1", token_url="http://127.0.0.1:1/t", jwks_url="http://127.0.0.1:1/j",
        client_id="c", audience="a", connector_issuer=None, connector_audience=None, header_name="x-key",
        amount_unit=AmountUnit.minor, created_at=NOON,
    )  # fmt: skip


def _account(account_id: str, number: int) -> SourceAccount:
    return SourceAccount(
        pk=0, external_id=f"ext-{account_id}", company_id=COMPANY, connection_id=CONNECTION, id=account_id, version=2,
        name="Trading", type="checking", number=f"1020304{number}", sort_code="112233", currency="GBP",
        balance=Decimal("250.75"), balance_at=NOON, modified_at=NOON, status=AccountStatus.pending,
    )  # fmt: skip
