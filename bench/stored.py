"""Five million lines stored: does accepting stay as fast, and claiming? Against an empty database, in turns."""

import sqlite3
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bankfeeds.store import feeds
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database
from bench.bound import Bound
from bench.databases import Kind
from bench.ingest import BIG, Client, Rounds, count_lines, rate_max
from bench.lines import Push
from bench.results import SQLITE, Figure
from bench.seeding import Seeded, seed, serving
from bench.servers import settle

ACCOUNTS = 1024
FEEDS = 10_240
CLAIMED = 64
_CLAIMS = 40
_LEASE = timedelta(hours=1)


def fill(seeded: Seeded, lines: int) -> int:
    """Stores `lines` lines as that many pushes would have left them, in the order of arrival; the next push's number.

    In bulk and without waiting for the disk, since nothing of it is measured.
    """
    accounts = len(seeded.accounts)
    size = min(BIG, lines // accounts)
    numbers = -(-lines // (accounts * size))
    bound = Bound(seeded.url, accounts, durable=False)
    bound.store(numbers * accounts, size)
    bound.close()
    _note(seeded, numbers * size, Push(numbers - 1, 1).rows()[0][1])
    _tidy(seeded.url)
    return numbers * accounts


def _note(seeded: Seeded, last_seq: int, newest_on: date) -> None:
    database = Database(seeded.url)
    database.write(lambda tx: tx.run(t.source_accounts.update().values(last_seq=last_seq, newest_on=newest_on)))
    database.close()


def _tidy(url: str) -> None:
    """What a database does by itself in time, done before the clock starts."""
    if url.startswith("sqlite:"):
        connection = sqlite3.connect(Path(url.removeprefix("sqlite:///")))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("VACUUM ANALYZE")
            server.execute("CHECKPOINT")


def ingest(kind: Kind, lines: int, rounds: int, seconds: float) -> Figure:
    """1,000-line pushes into a full and an empty database."""
    found = Rounds()
    roles = () if kind.name == SQLITE else ("api",)
    with ExitStack() as stack:
        clients: dict[str, Client] = {}
        before: dict[str, int] = {}
        for arm, stored in (("empty", 0), ("full", lines)):
            seeded = seed(kind.fresh(), ACCOUNTS)
            first = fill(seeded, stored) if stored else 0
            server = stack.enter_context(serving(seeded, kind.directory / "platform.log", roles))
            clients[arm] = Client(server, seeded, first, seeded.url)
            before[arm] = count_lines(seeded.url)
            clients[arm].push(BIG, 1.0, rate_max(BIG))
        for number in range(rounds):
            for arm in sorted(clients, reverse=bool(number % 2)):
                settle()
                done = clients[arm].push(BIG, seconds, rate_max(BIG))
                found.note(arm, done.pushes * BIG / done.seconds)
        for arm, client in clients.items():
            client.check(before[arm])
    note = f"{found.median('full'):,.0f} lines/s with {lines:,} stored; {found.median('empty'):,.0f} empty"
    return Figure("ingest_5m_vs_empty", kind.name, found.ratio("full", "empty"), "ratio", note)


def claims(kind: Kind, lines: int, rounds: int) -> Figure:
    """Due feeds claimed 64 at a time, 10,240 of them due, with the lines stored and without."""
    found = Rounds()
    opened: dict[str, Database] = {}
    for arm, stored in (("empty", 0), ("full", lines)):
        seeded = seed(kind.fresh(), FEEDS, due_in=timedelta())
        if stored:
            fill(seeded, stored)
        _tidy(seeded.url)
        opened[arm] = Database(seeded.url)
    try:
        for number in range(rounds):
            for arm in sorted(opened, reverse=bool(number % 2)):
                found.note(arm, _claim_rate(opened[arm]))
    finally:
        for database in opened.values():
            database.close()
    note = f"{found.median('full'):,.0f} feeds claimed/s with the lines stored, {found.median('empty'):,.0f} without"
    return Figure("claim_5m_vs_empty", kind.name, found.ratio("full", "empty"), "ratio", note)


def _claim_rate(database: Database) -> float:
    """Feeds a second; afterwards all are free again."""
    now = datetime.now(UTC)
    taken = 0
    started = time.perf_counter()
    for _ in range(_CLAIMS):
        taken += len(database.write(lambda tx: feeds.claim_due(tx, "bench", now, _LEASE, CLAIMED)))
    rate = taken / (time.perf_counter() - started)
    assert taken == _CLAIMS * CLAIMED
    database.write(lambda tx: tx.run(sa.update(t.feeds).values(lease_until=None, lease_owner=None)))
    return rate
