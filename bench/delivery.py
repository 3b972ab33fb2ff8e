"""Delivery: the platform's workers against the sandbox, with Sage's throttle and without it."""

import sqlite3
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2
import msgspec
import psycopg

from bankfeeds.store.types import instant_text
from bench import bare_client
from bench.databases import Kind
from bench.profiles import PROFILE_S, Profiling
from bench.results import SQLITE, Figure
from bench.seeding import Sage, Seeded, seed, serving
from bench.servers import Server, settle
from bench.stored import fill

SIZE = 1000
CONNECTIONS = 8
"""As many as the platform has steps at once."""
SLOWEST_MS, FASTEST_MS = 5000, 500
PER_SECOND = 10
UNLIMITED = 1000
"""The most that the platform's own setting allows; no run comes near it."""
_BEHIND = (
    "SELECT count(*) FROM feeds JOIN source_accounts a ON a.pk = account_pk"
    " WHERE account_pk BETWEEN ? AND ? AND cursor < a.last_seq"
)


@dataclass(frozen=True, slots=True)
class Counts:
    requests: int
    refused: int
    statements: int
    lines: int


class Sandbox:
    """A sandbox in a process of its own."""

    def __init__(self, kind: Kind, accounts: int, milliseconds: tuple[int, int], per_second: int) -> None:
        command = [sys.executable, "-m", "bench.sandbox", *map(str, (accounts, *milliseconds, per_second))]
        self.server = Server(command, {}, kind.directory / "sandbox.log")
        self.sage = msgspec.json.decode(self.server.first_line.split(" ")[0], type=Sage)

    def counts(self) -> Counts:
        told = httpx2.get(f"{self.server.address}/bench/counts", timeout=30, trust_env=False).json()
        assert not told["failed"], told
        calls: dict[str, int] = told["calls"]
        refused = sum(n for name, n in calls.items() if name.endswith(" 429"))
        return Counts(sum(calls.values()), refused, told["statements"], told["lines"])


@contextmanager
def sandbox(kind: Kind, accounts: int, milliseconds: tuple[int, int], per_second: int) -> Generator[Sandbox]:
    made = Sandbox(kind, accounts, milliseconds, per_second)
    try:
        yield made
    finally:
        made.server.stop()


class Feeds:
    """The feeds' rows, looked at and set off from outside, as an operator's verbs do."""

    def __init__(self, seeded: Seeded) -> None:
        self.url = seeded.url

    def set_off(self, first: int, last: int) -> None:
        now = datetime.now(UTC)
        if self.url.startswith("sqlite:"):
            self._sqlite("UPDATE feeds SET due_at = ?, waiting_since = ? WHERE account_pk BETWEEN ? AND ?",
                         (instant_text(now), instant_text(now), first, last))  # fmt: skip
        else:
            with psycopg.connect(self.url) as server:
                server.execute(
                    "UPDATE feeds SET due_at = %s, waiting_since = %s WHERE account_pk BETWEEN %s AND %s",
                    (now, now, first, last),
                )

    def behind(self, first: int, last: int) -> int:
        """How many of these have not delivered every line."""
        values = (first, last)
        if self.url.startswith("sqlite:"):
            return self._sqlite(_BEHIND, values)[0][0]
        with psycopg.connect(self.url) as server:
            row = server.execute(_BEHIND.replace("?", "%s").encode(), values).fetchone()
            assert row is not None
            return int(row[0])

    def wait(self, first: int, last: int, within_s: float, look_s: float = 0.05) -> None:
        deadline = time.monotonic() + within_s
        while behind := self.behind(first, last):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{behind} feeds are still behind after {within_s:.0f} s")
            time.sleep(look_s)

    def _sqlite(self, statement: str, values: tuple[object, ...]) -> list[tuple[int, ...]]:
        connection = sqlite3.connect(Path(self.url.removeprefix("sqlite:///")), timeout=20)
        with connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows


@contextmanager
def worker(kind: Kind, seeded: Seeded, per_second: int) -> Generator[Server]:
    roles = () if kind.name == SQLITE else ("worker",)
    more = {"BANKFEEDS_REQUESTS_PER_SECOND": str(per_second)}
    with serving(seeded, kind.directory / "worker.log", roles, more) as server:
        yield server


def unthrottled(kind: Kind, accounts: int, statements: int, rounds: int) -> tuple[list[Figure], str]:
    """In each round as many statements by the platform as by the bare client, to accounts nobody used before; then a
    round under the profiler.
    """
    theirs = accounts * (rounds + 1)
    ratios: list[float] = []
    rates: list[float] = []
    bare: list[float] = []
    cpu_ms: list[float] = []
    with sandbox(kind, 2 * theirs, (0, 0), 0) as sage:
        seeded = seed(kind.fresh(), theirs, sage=sage.sage, due_in=None)
        fill(seeded, theirs * statements * SIZE)
        feeds = Feeds(seeded)
        with worker(kind, seeded, UNLIMITED) as server:
            settle(2.0)
            for number in range(rounds):
                first, last = number * accounts + 1, (number + 1) * accounts
                cpu, started = server.cpu_s(), time.perf_counter()
                feeds.set_off(first, last)
                feeds.wait(first, last, 300)
                rates.append(accounts * statements / (time.perf_counter() - started))
                cpu_ms.append((server.cpu_s() - cpu) / (accounts * statements) * 1000)
                settle()
                job = bare_client.Job(sage.sage, theirs + first, accounts, 0, statements, CONNECTIONS)
                done = bare_client.run(job)
                bare.append(done.statements / done.seconds)
                ratios.append(rates[-1] / bare[-1])
            first, last = rounds * accounts + 1, theirs
            profiling = Profiling(server.pid, kind.directory / "delivery.raw", PROFILE_S)
            feeds.set_off(first, last)
            feeds.wait(first, last, 300)
            profile = profiling.table()
        assert sage.counts().lines == (2 * rounds + 1) * accounts * statements * SIZE
    note = f"{median(rates):.0f} statements of 1,000 lines/s; the bare client {median(bare):.0f}"
    figures = [
        Figure("cpu_ms_per_statement", kind.name, median(cpu_ms), "ms", ""),
        Figure("delivery_vs_bare_client", kind.name, median(ratios), "ratio", note),
    ]
    return figures, profile


def throttled(kind: Kind, accounts: int, statements: int) -> list[Figure]:
    """Backlogs drained at Sage's 10 requests a second, each statement taking 0.5 to 5 s."""
    with sandbox(kind, accounts, (FASTEST_MS, SLOWEST_MS), PER_SECOND) as sage:
        seeded = seed(kind.fresh(), accounts, sage=sage.sage, due_in=timedelta())
        fill(seeded, accounts * statements * SIZE)
        with worker(kind, seeded, PER_SECOND):
            started = time.perf_counter()
            Feeds(seeded).wait(1, accounts, 60 + accounts * statements, 0.5)
            seconds = time.perf_counter() - started
        counts = sage.counts()
    per_statement = counts.requests / counts.statements
    note = f"{counts.requests} requests, {counts.statements} statements, {seconds:.0f} s, {counts.refused} answered 429"
    return [
        Figure("requests_per_statement", kind.name, per_statement, "requests", note),
        Figure("lines_per_statement", kind.name, counts.lines / counts.statements, "lines", f"{accounts} accounts"),
    ]
