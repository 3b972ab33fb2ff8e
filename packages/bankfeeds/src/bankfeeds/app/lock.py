"""SQLite serves one `serve` process: a lock on a file beside the database, released by the system when it ends."""

import fcntl
import os
from pathlib import Path

from bankfeeds.app.refusals import NotStarted


class AlreadyServed(NotStarted):
    """Another process holds the lock; the message says which."""


class ServeLock:
    """Held from `__init__` until `release`."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise AlreadyServed(
                f"{database} is already served by process {holder}; SQLite serves one `bankfeeds serve` at a time: "
                "stop that one, or use PostgreSQL (BANKFEEDS_DATABASE_URL)"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._descriptor)
