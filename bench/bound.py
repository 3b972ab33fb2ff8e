"""The bound: the same lines into the same table by one connection, with the driver's fastest insert.

Same tables, indexes and PRAGMAs as the platform, committed every 1,000 lines. Only the inserts and commits are timed:
what is inserted lies ready in memory, as tuples for SQLite's executemany, as text for PostgreSQL's COPY.
"""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

import psycopg

from bankfeeds.app.world import bring_to_schema
from bankfeeds.settings import Settings
from bankfeeds.store.dialect import CHECKPOINT_PAGES
from bankfeeds.store.tables import SEQ_BITS
from bench.lines import Push

_COLUMNS = "pk, account_pk, id, posted_on, amount, balance, type, description, counterparty, reference"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    f"wal_autocheckpoint={CHECKPOINT_PAGES}",
)


class Bound:
    """Goes on where it stopped, as the servers do: push n to account n modulo `accounts`."""

    def __init__(self, url: str, accounts: int, *, durable: bool = True) -> None:
        bring_to_schema(Settings(database_url=url), "bench", "bench")
        self.accounts = accounts
        self.next = 0
        self._rows: dict[int, list[tuple[object, ...]]] = {}
        self._sqlite = self._postgresql = None
        if url.startswith("sqlite:"):
            self._sqlite = sqlite3.connect(Path(url.removeprefix("sqlite:///")), isolation_level=None)
            for pragma in _PRAGMAS:
                self._sqlite.execute(f"PRAGMA {pragma}")
            if not durable:
                self._sqlite.execute("PRAGMA synchronous=OFF")
        else:
            self._postgresql = psycopg.connect(url)
            if not durable:
                self._postgresql.execute("SET synchronous_commit TO off")
                self._postgresql.commit()

    def run(self, seconds: float, size: int = 1000) -> float:
        """Lines a second."""
        spent, stored = 0.0, 0
        while spent < seconds:
            spent += self._push(size)
            stored += size
        return stored / spent

    def store(self, pushes: int, size: int) -> None:
        """However long it takes."""
        for _ in range(pushes):
            self._push(size)

    def _push(self, size: int) -> float:
        keyed = self._keyed(size)
        if self._sqlite is not None:
            return _into_sqlite(self._sqlite, list(keyed))
        assert self._postgresql is not None
        return _into_postgresql(self._postgresql, copy_text(keyed))

    def _keyed(self, size: int) -> Iterable[tuple[object, ...]]:
        account, number = self.next % self.accounts + 1, self.next // self.accounts
        self.next += 1
        if number not in self._rows:
            self._rows = {number: [
                (line_id, on.isoformat(), str(amount), str(balance), *texts)
                for line_id, on, amount, balance, *texts in Push(number, size).rows()
            ]}  # fmt: skip
        first = (account << SEQ_BITS) + number * size + 1
        return ((first + i, account, *row) for i, row in enumerate(self._rows[number]))

    def close(self) -> None:
        for connection in (self._sqlite, self._postgresql):
            if connection is not None:
                connection.close()


def _into_sqlite(connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> float:
    insert = f"INSERT INTO lines ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - no outside text
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(insert, rows)
    connection.execute("COMMIT")
    return time.perf_counter() - started


def _into_postgresql(connection: "psycopg.Connection[tuple[object, ...]]", text: bytes) -> float:
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(f"COPY lines ({_COLUMNS}) FROM STDIN".encode()) as copy:
        copy.write(text)
    connection.commit()
    return time.perf_counter() - started


def copy_text(rows: Iterable[tuple[object, ...]]) -> bytes:
    """COPY's text format; no text of ours holds a tab, a newline or a backslash."""
    return "".join("\t".join("\\N" if v is None else str(v) for v in row) + "\n" for row in rows).encode()
