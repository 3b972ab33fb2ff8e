"""A stand-in for the database while a transaction is open: what is read and written through it is part of that one."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from bankfeeds.store.engine import Database, Read, Write

T = TypeVar("T")


class Nested(Database):
    """Each `write` is a savepoint: if it raises, it alone is undone. The hot write's ways are closed: they commit."""

    is_nested = True

    def __init__(self, outer: Database, tx: Write) -> None:
        self.engine = outer.engine
        self.is_postgresql = outer.is_postgresql
        self._tx = tx

    def read(self, work: Callable[[Read], T]) -> T:
        return work(self._tx)

    def write(self, work: Callable[[Write], T]) -> T:
        with self._tx.connection.begin_nested():
            return work(self._tx)

    def _queued(self, job: object) -> "Future[Any]":
        raise AssertionError(f"inside a transaction {job} is nothing to queue")

    def _with_driver(self, run: Callable[[Any], T]) -> T:
        raise AssertionError(f"inside a transaction {run} has none of its own")

    def close(self) -> None:
        """It belongs to somebody else."""
