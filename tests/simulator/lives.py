"""What a simulated platform is made of: its processes, their world, and what befalls them at the named crash points."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

from bank_lines import Line
from databases import Databases
from grounds import NOON, Died, Grounds
from sage_users import SageCompany

from bankfeeds.app.registering import ensure_first_listing
from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.errors import Unavailable
from bankfeeds.domain.origins import Origins
from bankfeeds.flows import (
    companies,
    connections,
    deliver,
    late_queue,
    listings,
    pausing,
    source_accounts,
)
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import Limits, World
from bankfeeds.flows.crash_points import CALLS, POINTS
from bankfeeds.flows.registering import callbacks_of
from bankfeeds.sage.destination import SageDestinations
from bankfeeds.sage.jwks import JwksVerifier
from bankfeeds.settings import Settings
from bankfeeds.store.feeds import Claim
from bankfeeds.store.seal import Sealer
from bankfeeds.web.codat.routes import unrouted
from bankfeeds.web.sage import routes as sage_routes
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

Step = Callable[[World, Claim], Any]
HEADER = ("X-Institution-Key", "the header of the simulation")
LISTING, OPERATOR, WHY = "default", "operator:sim", "the simulation says so"
LEASE_S = 60
ASKED_MAX = 50
DIES, STALLS, IS_CUT = 0.025, 0.035, 0.01
OPEN_POINTS = frozenset(beat.format("before") for beat in CALLS) | {p for p in POINTS if " after " in p}
"""Points at which no transaction is open: others may go on there."""
_SEALER = Sealer(("the secret key of every simulation",))


class Bad(AssertionError):
    """Something was lost, doubled, disordered, or never came to an end."""


@dataclass
class SeededIds:
    chance: Random

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def external_id(self) -> str:
        return self.uuid().replace("-", "")

    def otp(self) -> str:
        return "ABC234"

    def secret(self) -> str:
        return self.uuid() + self.uuid()


@dataclass
class Late:
    """A line that comes late: its own day, and the days on which the platform was asked to take it."""

    on: date
    asked: set[date] = field(default_factory=set)


class Item:
    """A line as it comes off the wire."""

    def __init__(self, line: Line, late: Late | None = None) -> None:
        on = line.on if late is None else late.on.isoformat()
        self.id, self.date, self.description = line.id, on, f"Line {line.id}"
        self.amount, self.balance = str(line.amount).encode(), str(line.balance).encode()
        self.transactionType = self.counterparty = self.reference = None


@dataclass
class Account:
    """What the institution and the users of Sage know of one account. `queue` holds batches not answered 200 yet."""

    company_id: str
    connection_id: str
    id: str
    external_id: str
    day: date
    balance: Decimal = Decimal("1000.00")
    lines: list[Line] = field(default_factory=list)
    sent: int = 0
    accepted: int = 0
    operations: list[tuple[str, int]] = field(default_factory=list)
    excused: bool = False
    may_time_out: bool = False
    skipped: set[str] = field(default_factory=set)
    wanted_by: set[int] = field(default_factory=set)
    linked: dict[int, str] = field(default_factory=dict)
    ever_linked: int = 0
    unheard: bool = False
    late: dict[str, Late] = field(default_factory=dict)


class Life:
    """`step` is what workers do with a claim; a test passes a broken one to see it caught."""

    def __init__(self, seed: int, grounds: Grounds, databases: Databases, step: Step = deliver.step) -> None:
        self.seed, self.grounds, self.databases, self.step = seed, grounds, databases, step
        self.chance = Random(seed)
        self.hits: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.story: list[str] = []
        self.calm = False
        self.depth = 0
        self.skew = timedelta(0)
        self.paused: list[pausing.Target] = []
        points = list(POINTS)
        self.fated = {points[(seed * 2) % len(points)], points[(seed * 2 + 1) % len(points)]}
        self.main = threading.get_ident()

    # --- the world ------------------------------------------------------------------------------------------

    def clock(self) -> datetime:
        return NOON + self.grounds.world.clock.advanced + self.skew

    def advance(self, seconds: float) -> None:
        if seconds > 0:
            self.grounds.advance(round(seconds, 3))

    def _begin(self) -> None:
        chance = self.chance
        rate = chance.choice([0, 0, 10])
        lines = chance.choice([5, 20, 1000])
        self.limits = Limits(
            requests_per_second=rate,
            lease_s=LEASE_S,
            lines_per_statement_max=lines,
            redirects=Origins((self.grounds.url,), is_development=True),
        )
        self._sage_settings(rate)
        self._start_processes()
        self._introduce()
        self.users = [SageCompany(self._system(), name) for name in ("Bakery", "Garage")]
        self.accounts = [self._account(number) for number in range(1, chance.choice([2, 3, 3]))]
        for account in self.accounts:
            account.wanted_by.add(0)

    def _system(self) -> SimpleNamespace:
        return SimpleNamespace(http=self.grounds.http, details=self.grounds.details, judge=self.grounds.judge)

    def _sage_settings(self, rate: int) -> None:
        chance = self.chance
        self.grounds.judge.set(
            autoPickAccount=True,
            autoReturn=True,
            consumerTokenSeconds=31_536_000,
            processingMs=chance.choice([0, 500, 5000]),
            requestsPerSecond=rate and chance.choice([10, 6]),
            strictOrder=chance.random() < 0.5,
            strictDates=chance.random() < 0.5,
            historyDuplicates=chance.choice(["sync", "async"]),
            statementWords=chance.choice(["completed", "successful"]),
            patchRepeatStatus=chance.choice([409, 200]),
            statementStatus=chance.choice([201, 200, 202]),
            stateEqualsAuthorisationId=chance.random() < 0.5,
            tokenSeconds=chance.choice([120, 28_800]),
        )

    def _start_processes(self) -> None:
        """Three workers and one that answers calls, each with a memory of its own."""
        self.workers = [self._world(f"w{number}") for number in range(3)]
        self.api = self._world("api")
        self._serve()

    def _world(self, owner: str) -> World:
        destinations = SageDestinations(lambda listing_id: listings.secrets(world, listing_id), self.http, self.clock)
        ids = SeededIds(Random(self.chance.getrandbits(64)))
        world = World(
            db=self.db, clock=self.clock, ids=ids, sealer=_SEALER, destinations=destinations, limits=self.limits,
            sleep=self.advance, reports_sync_failures=True, crash=self._pass,
        )  # fmt: skip
        return world

    def _serve(self) -> None:
        grounds = self.grounds
        surface = Surface(grounds.pool, lambda: uuid.UUID(int=0).hex, grounds.url, 4 * 2**20)
        routes = sage_routes.routes(self.api, surface, JwksVerifier(grounds.http))
        grounds.platform = make_app(routes, lambda: None, unrouted(surface), is_https=False)

    def _introduce(self) -> None:
        details, grounds = self.grounds.details, self.grounds
        settings = Settings(
            sage_provider_url=details["providerUrl"],
            sage_token_url=f"{details['cloudIdUrl']}/oauth/token",
            sage_jwks_url=details["jwksUrl"],
            sage_client_id=details["clientId"],
            sage_client_secret=details["clientSecret"],
            sage_audience=details["audience"],
            sage_api_key=details["providerApiKey"],
            sage_bank_id=details["bankId"],
            sage_header_name=HEADER[0],
            sage_header_value=HEADER[1],
        )
        ensure_first_listing(self.api, settings, grounds.url)
        told = callbacks_of(grounds.url, LISTING)
        callbacks = {
            "notification": told.notification,
            "auth": told.auth,
            "reAuth": told.re_auth,
            "availableAccounts": told.available_accounts,
        }
        grounds.judge.wire_bank(details["bankId"], callbacks, *HEADER)

    def _account(self, number: int) -> Account:
        company = companies.create(self.api, "api:sim", CompanyDraft(f"Customer {number}", None, None)).company
        connection = connections.create(self.api, "api:sim", company.id)
        draft = AccountDraft(
            f"acc-{number}", f"Trading {number}", "checking", f"1020304{number}", "112233", "GBP", Decimal(1000)
        )
        made = source_accounts.create(self.api, "api:sim", company.id, connection.id, draft)
        late_queue.change(self.api, OPERATOR, made.external_id, WHY, presents=True)
        day = NOON.date() - timedelta(days=40)
        return Account(company.id, connection.id, made.id, made.external_id, day)

    # --- crash points ---------------------------------------------------------------------------------------

    def _pass(self, point: str) -> None:
        """What happens at a named point: nothing, a death, a stall in which others go on, or the database goes."""
        self.hits[point] += 1
        if self.calm:
            return
        if point in self.fated:
            self.fated.discard(point)
            self._die(point)
        roll = self.chance.random()
        if roll < DIES:
            self._die(point)
        if roll < DIES + IS_CUT:
            self._tell(f"database cut {point}")
            self.databases.cut(self.url)
        elif roll < DIES + IS_CUT + STALLS and point in OPEN_POINTS and self._may_stall():
            self._stall(point)

    def _may_stall(self) -> bool:
        return self.depth == 0 and threading.get_ident() == self.main

    def _die(self, point: str) -> None:
        self.deaths[point] += 1
        self._tell(f"death {point}")
        raise Died(point)

    def _stall(self, point: str) -> None:
        """Longer than a lease; then it goes on as if nothing had happened."""
        self._tell(f"stall {point}")
        self.faults["stalled worker"] += 1
        self.depth += 1
        self.advance(LEASE_S + 5)
        for _ in range(self.chance.randrange(1, 7)):
            self.chance.choice(self.meanwhile())()
        self.depth -= 1

    def _survive(self, act: Callable[[], Any]) -> Any:
        """What `act` answers; None if the process died in it or its database was gone."""
        try:
            return act()
        except Died:
            self._reborn()
        except Unavailable as error:
            self._tell(f"unavailable: {error}")
        return None

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What the simulation itself wants to know, asked again while the database is gone."""
        for _ in range(ASKED_MAX):
            with suppress(Unavailable):
                return ask()
        return ask()

    def _reborn(self) -> None:
        """A process that died comes back without its memory."""
        at = self.chance.randrange(len(self.workers) + 1)
        if at == len(self.workers):
            self.api = self._world("api")
            self._serve()
        else:
            self.workers[at] = self._world(f"w{at}")

    def _tell(self, what: str) -> None:
        self.story.append(f"{self.clock():%d %H:%M:%S} {what}")

    def _push(self, account: Account | None = None) -> None:
        """An institution pushes lines of an account, any if none is named."""
        raise NotImplementedError

    def meanwhile(self) -> list[Callable[[], None]]:
        """What others may do while one process stalls."""
        raise NotImplementedError
