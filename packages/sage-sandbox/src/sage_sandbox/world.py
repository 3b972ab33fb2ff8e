"""Everything the sandbox knows, in one place, touched from the event loop alone."""

import asyncio
import secrets
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar, cast

import httpx2
import msgspec

from sage_sandbox import lines
from sage_sandbox.calls.log import CallLog
from sage_sandbox.clock import Clock, Timers
from sage_sandbox.ledger import Ledger
from sage_sandbox.playground.records import PlaygroundAccount, PlaygroundBank, PlaygroundFeed, PlaygroundSession
from sage_sandbox.product.tenancy import ProductCompany
from sage_sandbox.records import (
    Authorisation,
    Bank,
    BankAccount,
    Candidate,
    ExpectedAccount,
    Fault,
    Identity,
    Kept,
    Lines,
    Notification,
    Offers,
    Organisation,
    Provider,
    Record,
    Region,
    Statement,
    SyncFailure,
)
from sage_sandbox.settings import Settings
from sage_sandbox.store import Store
from sage_sandbox.throttle import Throttle

RECORDS_MAX = 10_000
PREFIXES: dict[Region, str] = {"eu": "", "us": "/us"}
"""The regional clusters, and what comes before their paths."""
_R = TypeVar("_R", bound=Record)


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class Book:
    """The records, by kind and key; this is what a reset empties."""

    providers: dict[str, Provider] = field(default_factory=dict[str, Provider])
    banks: dict[str, Bank] = field(default_factory=dict[str, Bank])
    organisations: dict[str, Organisation] = field(default_factory=dict[str, Organisation])
    authorisations: dict[str, Authorisation] = field(default_factory=dict[str, Authorisation])
    candidates: dict[str, Candidate] = field(default_factory=dict[str, Candidate])
    bank_accounts: dict[str, BankAccount] = field(default_factory=dict[str, BankAccount])
    statements: dict[str, Statement] = field(default_factory=dict[str, Statement])
    lines: dict[str, Lines] = field(default_factory=dict[str, Lines])
    offers: dict[str, Offers] = field(default_factory=dict[str, Offers])
    notifications: dict[str, Notification] = field(default_factory=dict[str, Notification])
    sync_failures: dict[str, SyncFailure] = field(default_factory=dict[str, SyncFailure])
    faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    expectations: dict[str, ExpectedAccount] = field(default_factory=dict[str, ExpectedAccount])
    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])
    kept: dict[str, Kept] = field(default_factory=dict[str, Kept])
    playground_banks: dict[str, PlaygroundBank] = field(default_factory=dict[str, PlaygroundBank])
    playground_accounts: dict[str, PlaygroundAccount] = field(default_factory=dict[str, PlaygroundAccount])
    playground_sessions: dict[str, PlaygroundSession] = field(default_factory=dict[str, PlaygroundSession])
    playground_feeds: dict[str, PlaygroundFeed] = field(default_factory=dict[str, PlaygroundFeed])
    product_companies: dict[str, ProductCompany] = field(default_factory=dict[str, ProductCompany])

    def shelf(self, kind: str) -> dict[str, Record]:
        return cast("dict[str, Record]", self.__dict__[_SHELVES[kind]])


_SHELVES = {
    Provider.KIND: "providers",
    Bank.KIND: "banks",
    Organisation.KIND: "organisations",
    Authorisation.KIND: "authorisations",
    Candidate.KIND: "candidates",
    BankAccount.KIND: "bank_accounts",
    Statement.KIND: "statements",
    Lines.KIND: "lines",
    Offers.KIND: "offers",
    Notification.KIND: "notifications",
    SyncFailure.KIND: "sync_failures",
    Fault.KIND: "faults",
    ExpectedAccount.KIND: "expectations",
    Identity.KIND: "identities",
    Kept.KIND: "kept",
    PlaygroundBank.KIND: "playground_banks",
    PlaygroundAccount.KIND: "playground_accounts",
    PlaygroundSession.KIND: "playground_sessions",
    PlaygroundFeed.KIND: "playground_feeds",
    ProductCompany.KIND: "product_companies",
}


@dataclass(frozen=True)
class Addresses:
    """Where each part of the sandbox answers; no trailing slashes. Cloud ID, pages and admin API are every region's."""

    origin: str
    region: Region = "eu"

    def of(self, region: Region) -> "Addresses":
        return replace(self, region=region)

    @property
    def cluster(self) -> str:
        return self.origin + PREFIXES[self.region]

    @property
    def consumer(self) -> str:
        return f"{self.cluster}/consumer/api/v1"

    @property
    def provider(self) -> str:
        return f"{self.cluster}/papi"

    @property
    def cloud_id(self) -> str:
        return f"{self.origin}/cloudid"

    @property
    def jwks(self) -> str:
        return f"{self.cloud_id}/.well-known/jwks.json"

    @property
    def ui(self) -> str:
        return f"{self.origin}/ui"

    @property
    def admin(self) -> str:
        return self.origin


class World:
    def __init__(self, store: Store, clock: Clock | None = None, make_id: Callable[[], str] = new_id) -> None:
        self.store = store
        self.clock = clock or Clock()
        self.new_id = make_id
        self.timers = Timers(self.clock, store.commit)
        self.settings = Settings()
        self.book = Book()
        self.ledgers: dict[str, Ledger] = {}
        self.addresses = Addresses("http://127.0.0.1:9080")
        self.log = CallLog()
        self.throttle = Throttle()
        self.nonces: dict[str, float] = {}
        self.presence: dict[str, asyncio.Event] = {}
        self.overtaken: dict[str, list[tuple[frozenset[str], asyncio.Event]]] = {}
        self.clients: dict[str, httpx2.AsyncClient] = {}
        self.records_max = RECORDS_MAX
        self.refill: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- records -----------------------------------------------------------------------------------------

    def keep(self, record: _R) -> _R:
        """Take a new or changed record; it is durable once `store.commit` has run."""
        self.book.shelf(record.KIND)[record.key()] = record
        self.store.put(record)
        return record

    def forget(self, record: Record) -> None:
        self.book.shelf(record.KIND).pop(record.key(), None)
        self.store.remove(record)

    def make_room(self, shelf: Mapping[str, _R], is_over: Callable[[_R], bool]) -> None:
        """For one more of what comes and goes: the oldest that is over is forgotten once there are too many."""
        if len(shelf) >= self.records_max:
            oldest = next((record for record in shelf.values() if is_over(record)), None)
            if oldest is not None:
                self.forget(oldest)

    def region_of(self, bank: Bank) -> Region:
        """The cluster that lists a bank: its provider's."""
        return self.book.providers[bank.provider_id].region

    def first_of(self, region: Region) -> tuple[Provider, Bank]:
        """The provider that the details file names for a region, and its bank."""
        provider = next(p for p in self.book.providers.values() if p.region == region)
        return provider, next(b for b in self.book.banks.values() if b.provider_id == provider.provider_id)

    def ledger(self, bank_account_id: str) -> Ledger:
        return self.ledgers.setdefault(bank_account_id, Ledger())

    def use_settings(self, settings: Settings) -> None:
        self.settings = settings
        self.keep_switches()

    def keep_switches(self) -> None:
        """Record settings and clock, for a file that is opened again."""
        raw = cast("dict[str, Any]", msgspec.to_builtins(self.settings))
        self.keep(Kept(settings=raw, advanced_s=self.clock.advanced.total_seconds()))

    def load(self) -> None:
        """Read back what an earlier process kept; ledgers are built anew from the statements."""
        for record in self.store.load():
            self.book.shelf(record.KIND)[record.key()] = record
        for kept in self.book.kept.values():
            known = {key: value for key, value in kept.settings.items() if key in _SETTING_NAMES}
            self.settings = msgspec.convert(known, Settings)
            self.clock.advanced = timedelta(seconds=kept.advanced_s)
        self._build_ledgers()

    def offers_to(self, bank_account_id: str) -> Offers:
        return self.book.offers.setdefault(bank_account_id, Offers(bank_account_id=bank_account_id))

    def _build_ledgers(self) -> None:
        for offers in self.book.offers.values():
            offers.accepted = 0
        for statement in self.book.statements.values():
            if not statement.planted:
                self.offers_to(statement.bank_account_id).accepted += statement.transaction_details_count
        done = [s for s in self.book.statements.values() if s.status == "completed"]
        for statement in sorted(done, key=lambda s: (s.first_transaction_id, s.finished_at)):
            kept = self.book.lines[statement.statement_id]
            self.ledger(statement.bank_account_id).append(statement, kept, lines.facts(kept))
        for statement in self.book.statements.values():
            ledger = self.ledger(statement.bank_account_id)
            if statement.status in {"pending", "processing"}:
                ledger.in_flight = statement.statement_id
            elif statement.status == "failed":
                ledger.leave_out(lines.facts(self.book.lines[statement.statement_id]))
                del self.book.lines[statement.statement_id]

    # --- secrets and work in the background ----------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        return self.book.identities["identity"]

    def known_secrets(self) -> list[str]:
        """Values that no log may show."""
        identity = self.identity
        known = [identity.application_signing_key, identity.poll_secret]
        known += [secret for p in self.book.providers.values() for secret in (p.client_secret, p.api_key)]
        return known + [bank.header_value for bank in self.book.banks.values() if bank.header_value]

    def secret(self) -> str:
        return secrets.token_hex(32)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests; a reset or the end cancels it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop_work(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        await self.stop_work()
        for client in self.clients.values():
            await client.aclose()
        self.store.close()

    async def reset(self) -> None:
        """A fresh start of the same installation: keys, providers and each one's first bank stay."""
        await self.stop_work()
        self.timers.clear()
        old = self.book
        self.book = Book()
        self.ledgers.clear()
        self.nonces.clear()
        self.presence.clear()
        self.overtaken.clear()
        self.log.clear()
        self.throttle.clear()
        self.store.clear()
        self.clock.advanced = timedelta(0)
        self.use_settings(Settings())
        for record in (*old.identities.values(), *old.providers.values()):
            self.keep(record)
        without = set(old.providers)
        for bank in old.banks.values():
            if bank.provider_id in without:
                without.discard(bank.provider_id)
                bank.removed = False
                self.keep(bank)
        self.refill()
        self.store.commit()


_SETTING_NAMES = frozenset(f.encode_name for f in msgspec.structs.fields(Settings))
