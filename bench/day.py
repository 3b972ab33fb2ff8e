"""What 20,000 accounts at 10 requests a second feel: the platform's own flows on a simulated clock.

The worker's loop is imitated (claims as many feeds as it has free steps, looks again after its idle wait); everything
it calls is the real thing, down to the HTTP client: accepting, claiming, budget, preparing, settling, on SQLite.
"""

import random
import tempfile
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2

from bankfeeds.app.world import opened
from bankfeeds.flows import deliver, listings
from bankfeeds.flows.accept import accept
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.sage.destination import SageDestinations
from bankfeeds.store import feeds
from bankfeeds.store.feeds import Claim
from bankfeeds.web.codat import wire
from bankfeeds.work.loop import IDLE_WAIT_S, STEPS_AT_ONCE
from bench.results import NEITHER, Figure
from bench.seeding import Seeded, bank_account_id, company_id, connection_id, seed
from bench.simulated_sage import PER_SECOND, SimulatedSage
from bench.stored import fill
from bench.virtual import Task, VirtualTime

ACCOUNTS = 20_000
PUSHES_A_DAY = 3
OUTAGE_S = 4 * 3600
_DAY_S = 86_400
_decoder = wire.decoder(wire.CreateTransactions)
_REAL_S_MAX = 1500
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the simulation needs no durable disk


class Worker:
    """The loop of `bankfeeds.work`, on virtual time."""

    def __init__(self, world: World, time: VirtualTime) -> None:
        self.world, self.time = world, time
        self._claims: deque[Claim] = deque()
        self._idle: list[Task] = []
        self._busy = 0
        self._parked: Task | None = None
        for _ in range(STEPS_AT_ONCE):
            time.spawn(self._step)
        time.spawn(self._claim)

    def _claim(self) -> None:
        world, lease = self.world, timedelta(seconds=self.world.limits.lease_s)
        while True:
            if self._busy >= STEPS_AT_ONCE:
                self._parked = self.time.me()
                self.time.park()
                continue
            now, room = world.clock(), STEPS_AT_ONCE - self._busy
            claims: list[Claim] = []
            if world.db.read(lambda tx, now=now: feeds.has_due(tx, now)):
                claims = world.db.write(lambda tx, now=now, room=room: feeds.claim_due(tx, "bench", now, lease, room))
            for claim in claims:
                self._busy += 1
                self._claims.append(claim)
                if self._idle:
                    self.time.wake(self._idle.pop())
            self.time.sleep(0.0 if claims else IDLE_WAIT_S)

    def _step(self) -> None:
        while True:
            if not self._claims:
                self._idle.append(self.time.me())
                self.time.park()
                continue
            deliver.step(self.world, self._claims.popleft())
            self._busy -= 1
            if self._parked is not None:
                self.time.wake(self._parked)
                self._parked = None


@dataclass
class Handed:
    """When each line of each account was accepted, and how long it then took to Sage."""

    time: VirtualTime
    waits_s: list[float]
    waiting: dict[str, deque[float]]

    def note(self, account: str, lines: int) -> None:
        queue = self.waiting.get(account, deque())
        for _ in range(min(lines, len(queue))):
            self.waits_s.append(self.time.now_s - queue.popleft())


@contextmanager
def _platform(
    accounts: int, lines: int, due_in: timedelta | None
) -> Generator[tuple[World, Seeded, VirtualTime, Handed, SimulatedSage]]:
    directory = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="bankfeeds-bench-", dir=directory) as path:
        seeded = seed(f"sqlite:///{path}/day.db", accounts, due_in=due_in)
        if lines:
            fill(seeded, lines * accounts)
        with opened(seeded.settings) as everything:
            time = VirtualTime(datetime.now(UTC))
            handed = Handed(time, [], {})
            sage = SimulatedSage(time, handed.note)
            http = httpx2.Client(transport=httpx2.MockTransport(sage))
            real = everything.world
            destinations = SageDestinations(lambda listing: listings.secrets(real, listing), http, time.clock)
            world = replace(real, clock=time.clock, sleep=time.sleep, destinations=destinations)
            yield world, seeded, time, handed, sage


def freshness(hours: float, busy_factor: float = 1.0) -> Figure:
    """Pushes of 20,000 accounts at random moments, as many as `busy_factor` times three a day make."""
    until_s = hours * 3600
    with _platform(ACCOUNTS, 0, None) as (world, _, time, handed, sage):
        Worker(world, time)
        chance = random.Random(7)  # noqa: S311 - alike in every run
        rate = ACCOUNTS * PUSHES_A_DAY * busy_factor / _DAY_S

        def push() -> None:
            number = 0
            while time.now_s < until_s:
                time.sleep(chance.expovariate(rate))
                number += 1
                account = chance.randrange(1, ACCOUNTS + 1)
                handed.waiting.setdefault(bank_account_id(account), deque()).append(time.now_s)
                accept(world, "api:bench", _request(account, number, time.clock()))
            time.sleep(600)
            time.stop()

        time.spawn(push)
        time.run(_REAL_S_MAX)
    assert not any(handed.waiting.values())
    waits = sorted(handed.waits_s)
    p95 = waits[int(len(waits) * 0.95)]
    statements = max(sage.finished, 1)
    note = (
        f"{hours:g} h of it simulated: {len(waits):,} pushes at random moments, median {median(waits):.1f} s, worst "
        f"{waits[-1]:.1f} s, {sage.calls / statements:.2f} requests a statement"
    )
    return Figure("freshness_p95_s", NEITHER, p95, "s", note)


def _request(account: int, number: int, now: datetime) -> PushRequest:
    company = (account - 1) // 10 + 1
    name = f"acc-{account:06d}"
    body = (
        f'{{"transactions":[{{"id":"t{number}","date":"{now.date()}","description":"CARD PAYMENT","amount":-1.00,'
        f'"balance":99.00,"transactionType":"Debit"}}]}}'
    ).encode()
    items = _decoder.decode(body).transactions
    return PushRequest(company_id(company), connection_id(company), name, name, items)


def drain(accounts: int) -> Figure:
    """Every account has a backlog, and Sage comes back after four hours: until it has finished the last statement."""
    with _platform(accounts, 3, timedelta()) as (world, _, time, _handed, sage):
        sage.away_until_s = OUTAGE_S
        Worker(world, time)

        def watch() -> None:
            while sage.finished < accounts:
                time.sleep(1.0)
            time.stop()

        time.spawn(watch)
        time.run(_REAL_S_MAX)
    missing_s = (ACCOUNTS - accounts) * sage.calls / accounts / PER_SECOND
    minutes = (time.now_s - OUTAGE_S + missing_s) / 60
    whole = (
        "" if accounts == ACCOUNTS else f"{accounts:,} accounts simulated, the rest reckoned at as many requests each; "
    )
    note = (
        f"{whole}{sage.calls / accounts:.2f} requests a statement at {PER_SECOND} a second, {sage.refused} answered 429"
    )
    return Figure("drain_after_outage_min", NEITHER, minutes, "min", note)
