"""The database's clock, for every process on every host: leases and due times are compared by one clock only.

Asked now and then, and carried on in between by this host's own steady clock, which no change of its wall clock moves.
"""

import threading
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from bankfeeds.domain.errors import Unavailable
from bankfeeds.store.engine import Database, Read

SYNC_EVERY_S = 10.0
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.clock")


class DatabaseClock:
    """`ports.Clock`. Made with the database reachable; while it is not, the clock runs on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._measured = self._ask()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="database-clock", daemon=True)
        self._thread.start()

    def __call__(self) -> datetime:
        base, measured_at = self._measured
        return base + timedelta(seconds=_steady() - measured_at)

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stopping.wait(SYNC_EVERY_S):
            try:
                self._measured = self._ask()
            except Unavailable:
                log.warning("the database's clock cannot be read")

    def _ask(self) -> tuple[datetime, float]:
        def read(tx: Read) -> tuple[datetime, float]:
            before = _steady()
            now = tx.value(sa.select(sa.func.clock_timestamp()))
            return now.astimezone(UTC), (before + _steady()) / 2

        return self._database.read(read)


def _steady() -> float:
    """Counts on while the host sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
