"""Ingest: pushes over HTTP, durable before the answer, against the baseline and against the bound, in turns."""

import base64
import sqlite3
import sys
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psycopg

from bench import load
from bench.baseline import seeding as baseline_seeding
from bench.bound import Bound
from bench.databases import Kind
from bench.profiles import PROFILE_S, Profiling
from bench.results import POSTGRESQL, SQLITE, Figure
from bench.seeding import Seeded, seed, serving
from bench.servers import Server, settle

ACCOUNTS = 192
"""A multiple of the connections, so that one connection sends all of an account's pushes."""
BIG, SMALL = 1000, 1
CONNECTIONS = {BIG: 4, SMALL: 32}


@dataclass
class Client:
    """One server with its accounts; remembers which push comes next."""

    server: Server
    seeded: Seeded
    first: int = 0
    url: str = ""
    sent: int = 0

    def push(self, size: int, seconds: float, rate_max: int) -> load.Load:
        pushes_max = int(seconds * rate_max)
        job = load.Job(
            self.server.port, self.seeded.authorization, self.seeded.accounts, self.seeded.paths, size,
            CONNECTIONS[size], self.first, seconds, pushes_max,
        )  # fmt: skip
        self.first += (pushes_max // len(self.seeded.accounts) + 1) * len(self.seeded.accounts)
        done = load.run(job)
        self.sent += done.pushes * size
        return done

    def check(self, before: int = 0) -> None:
        """Every line that was answered is stored, and nothing else: a rate of anything less would mean nothing."""
        stored = count_lines(self.url) - before
        if stored != self.sent:
            raise RuntimeError(f"{self.sent} lines were answered and {stored} are stored")


def count_lines(url: str) -> int:
    """Both the platform and the baseline keep them in a table of this name."""
    query = "SELECT count(*) FROM lines"
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as connection:
            return int(connection.execute(query).fetchone()[0])
    with psycopg.connect(url) as server:
        row = server.execute(query).fetchone()
        assert row is not None
        return int(row[0])


@dataclass
class Rounds:
    """What every round measured, by arm."""

    lines_per_s: dict[str, list[float]] = field(default_factory=dict)
    cpu_us_per_line: list[float] = field(default_factory=list)
    backend_us_per_line: list[float] = field(default_factory=list)
    p95_ms: dict[str, list[float]] = field(default_factory=dict)
    profile: str = ""

    def note(self, arm: str, rate: float) -> None:
        self.lines_per_s.setdefault(arm, []).append(rate)

    def ratio(self, arm: str, other: str) -> float:
        """The median of the rounds' own ratios: what disturbs a round disturbs both."""
        return median(a / b for a, b in zip(self.lines_per_s[arm], self.lines_per_s[other], strict=True))

    def median(self, arm: str) -> float:
        return median(self.lines_per_s[arm])


@contextmanager
def platform(kind: Kind, accounts: int = ACCOUNTS) -> Generator[Client]:
    seeded = seed(kind.fresh(), accounts)
    roles = () if kind.name == SQLITE else ("api",)
    with serving(seeded, kind.directory / "platform.log", roles) as server:
        yield Client(server, seeded, url=seeded.url)


@contextmanager
def baseline(kind: Kind, like: Seeded) -> Generator[Client]:
    url = kind.fresh()
    baseline_seeding.seed(url, like, base64.b64decode(like.authorization.split()[1]))
    server = Server([sys.executable, "-m", "bench.baseline", url], {}, kind.directory / "baseline.log")
    try:
        yield Client(server, like, url=url)
    finally:
        server.stop()


def measure(kind: Kind, size: int, rounds: int, seconds: float) -> Rounds:
    """Bound, platform, baseline, and again; at the end the platform once more under the profiler."""
    found = Rounds()
    with ExitStack() as stack:
        ours = stack.enter_context(platform(kind))
        theirs = stack.enter_context(baseline(kind, ours.seeded))
        bound = Bound(kind.fresh(), ACCOUNTS) if size == BIG else None
        if bound is not None:
            stack.callback(bound.close)
        for warm in (ours, theirs):
            warm.push(size, 1.0, rate_max(size))
        for _ in range(rounds):
            if bound is not None:
                settle()
                found.note("bound", bound.run(seconds / 2, size))
            settle()
            _note_platform(found, kind, ours, size, seconds)
            settle()
            theirs_load = theirs.push(size, seconds, rate_max(size))
            found.note("baseline", theirs_load.pushes * size / theirs_load.seconds)
            found.p95_ms.setdefault("baseline", []).append(theirs_load.p95_ms)
        profiling = Profiling(ours.server.pid, kind.directory / f"ingest-{size}.raw", PROFILE_S)
        ours.push(size, PROFILE_S + 1, rate_max(size))
        found.profile = profiling.table()
        for checked in (ours, theirs):
            checked.check()
    return found


def _note_platform(found: Rounds, kind: Kind, ours: Client, size: int, seconds: float) -> None:
    cpu, backend = ours.server.cpu_s(), kind.backend_cpu_s()
    done = ours.push(size, seconds, rate_max(size))
    lines = done.pushes * size
    found.note("platform", lines / done.seconds)
    found.cpu_us_per_line.append((ours.server.cpu_s() - cpu) / lines * 1e6)
    found.backend_us_per_line.append((kind.backend_cpu_s() - backend) / lines * 1e6)
    found.p95_ms.setdefault("platform", []).append(done.p95_ms)


def rate_max(size: int) -> int:
    """Pushes a second that no server here reaches: bodies are made ready for so many."""
    return 400 if size == BIG else 20_000


def figures(database: str, big: Rounds, small: Rounds) -> list[Figure]:
    ours, small_ours = big.median("platform"), small.median("platform")
    behind = {
        "bound": f"{ours:,.0f} lines/s; the bound {big.median('bound'):,.0f}",
        "big": f"{ours:,.0f} lines/s; the baseline {big.median('baseline'):,.0f}; {_p95(big)}",
        "small": f"{small_ours:,.0f} pushes/s; the baseline {small.median('baseline'):,.0f}; {_p95(small)}",
        "cpu": f"PostgreSQL itself {median(big.backend_us_per_line):.2g} s" if database == POSTGRESQL else "",
    }
    return [
        Figure("ingest_1000_vs_bound", database, big.ratio("platform", "bound"), "ratio", behind["bound"]),
        Figure("ingest_1000_vs_baseline", database, big.ratio("platform", "baseline"), "ratio", behind["big"]),
        Figure("ingest_1_vs_baseline", database, small.ratio("platform", "baseline"), "ratio", behind["small"]),
        Figure("cpu_s_per_million_lines", database, median(big.cpu_us_per_line), "s", behind["cpu"]),
    ]


def _p95(rounds: Rounds) -> str:
    ours, theirs = median(rounds.p95_ms["platform"]), median(rounds.p95_ms["baseline"])
    return f"95% answered within {ours:.0f} ms, the baseline {theirs:.0f} ms"
