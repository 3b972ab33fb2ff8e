"""Where records are kept: nowhere, or in one SQLite file that is written before anything is acknowledged."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from sage_sandbox import wire
from sage_sandbox.records import RECORDS, Record

_SCHEMA = "CREATE TABLE IF NOT EXISTS record (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key))"
_UPSERT = "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
_VERSION = 1


class UnusableFile(ValueError):
    """A data file that this program cannot or must not use; says why."""


class Store(Protocol):
    def put(self, record: Record) -> None: ...
    def remove(self, record: Record) -> None: ...
    def commit(self) -> None: ...
    def load(self) -> Iterator[Record]: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...


class NoStore:
    """Everything is gone when the process ends."""

    def put(self, record: Record) -> None: ...
    def remove(self, record: Record) -> None: ...
    def commit(self) -> None: ...
    def load(self) -> Iterator[Record]:
        return iter(())

    def clear(self) -> None: ...
    def close(self) -> None: ...


class FileStore:
    """Changed records are collected and written in one transaction by `commit`."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        self._check_ours()
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        self._changed: dict[tuple[str, str], Record | None] = {}
        self._cleared = False
        self._decoders = {name: wire.decoder(kind) for name, kind in RECORDS.items()}

    def _check_ours(self) -> None:
        """Before anything is written: another program's database stays as it is."""
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise UnusableFile("a later version of sage-sandbox wrote it")
        if not tables <= {"record"}:
            raise UnusableFile("it is another program's database")

    def put(self, record: Record) -> None:
        self._changed[record.KIND, record.key()] = record

    def remove(self, record: Record) -> None:
        self._changed[record.KIND, record.key()] = None

    def clear(self) -> None:
        self._changed.clear()
        self._cleared = True

    def commit(self) -> None:
        if not self._changed and not self._cleared:
            return
        written = [(*at, wire.encode(record)) for at, record in self._changed.items() if record is not None]
        gone = [at for at, record in self._changed.items() if record is None]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if self._cleared:
                self._connection.execute("DELETE FROM record")
            self._connection.executemany(_UPSERT, written)
            self._connection.executemany("DELETE FROM record WHERE kind = ? AND key = ?", gone)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        self._changed.clear()
        self._cleared = False

    def load(self) -> Iterator[Record]:
        """Every record, in the order in which it was first written."""
        for kind, key, body in self._connection.execute("SELECT kind, key, body FROM record ORDER BY rowid"):
            try:
                yield self._decoders[kind].decode(body)
            except KeyError:
                raise UnusableFile(f"it holds a {kind}, which this version does not know") from None
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise UnusableFile(f"{kind} {key} cannot be read: {error}") from None

    def close(self) -> None:
        self.commit()
        self._connection.close()
