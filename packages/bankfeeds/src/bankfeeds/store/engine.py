"""The database: `read` and `write` run a function in one transaction and answer what it answers.

A Read cannot write and a Write cannot be made elsewhere, so a read path that writes is a type error.
On SQLite one thread does all the writing and commits the writes that wait together as one (a savepoint each);
an answer leaves only after that commit. On PostgreSQL a write runs where it is called, on a pooled connection; a thread
serves only what is to be stored together.
"""

import queue
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from bankfeeds.domain.errors import Unavailable
from bankfeeds.store import dialect

S = TypeVar("S")
T = TypeVar("T")
GROUP_COMMIT_MAX = 64
"""Writes committed together at most."""
TRANSIENT_RETRIES = 3
"""How often a transaction that lost to another (a deadlock) is run again on PostgreSQL, before it is given up."""
OUTAGE_RETRY_S = 3
OUTAGE = "the database does not answer; try again"


@contextmanager
def _outages_told() -> Generator[None]:
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError, *dialect.DRIVER_OUTAGES) as error:
        if dialect.is_outage(error):
            raise Unavailable("database", OUTAGE, OUTAGE_RETRY_S) from error
        raise


class Read:
    """A transaction that reads. Rows come back as SQLAlchemy's; only `store/` looks at them."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.is_postgresql = connection.dialect.name == "postgresql"

    def rows(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> list[sa.Row[Any]]:
        """`parameters` for a statement built once, at import; building one costs more than running it."""
        return list(self.connection.execute(statement, parameters))

    def row(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        return self.connection.execute(statement, parameters).first()

    def value(self, statement: sa.Executable) -> Any:
        return self.connection.execute(statement).scalar()

    def driver_cursor(self) -> Any:
        """The driver's own cursor in this transaction, for the statements that move a thousand lines at once."""
        return self.connection.connection.cursor()


class Write(Read):
    """A transaction that reads and writes; committed when the function it was given to returns."""

    def run(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> int:
        """How many rows it touched. Parameters of an update that are columns are what it sets."""
        return self.connection.execute(statement, parameters).rowcount


Together = Callable[[Write, Sequence[S]], Sequence[T | None]]
"""One piece of work for many items: as many answers, in their order; None for an item that has to be asked for alone.
If it raises, that is so for all of them.
"""


@dataclass(slots=True)
class _Job:
    """`item` for a work that can be done for many at once, else None and `work` takes no items."""

    work: Callable[[Write], Any]
    future: "Future[Any]"
    together: "Together[Any, Any] | None" = None
    item: Any = None


class Database:
    """Opened once by `app.py`; `close` after the last use."""

    is_nested = False
    """True of a stand-in (`nested.py`) whose transactions are part of a larger one."""

    def __init__(self, url: str) -> None:
        self.engine = dialect.make_engine(url)
        self.is_postgresql = self.engine.dialect.name == "postgresql"
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._writer_starts = threading.Lock()
        self._is_closed = False
        if not self.is_postgresql:
            self._start_writer(self._write_loop)

    def _start_writer(self, loop: Callable[[], None]) -> None:
        with self._writer_starts:
            if self._writer is None:
                self._writer = threading.Thread(target=loop, name="writer", daemon=True)
                self._writer.start()

    def read(self, work: Callable[[Read], T]) -> T:
        """Unavailable if the database does not answer."""
        with _outages_told(), self.engine.connect() as connection:
            try:
                return work(Read(connection))
            finally:
                connection.rollback()

    def write(self, work: Callable[[Write], T]) -> T:
        """Committed when it returns; if `work` raises, nothing of it stays and the exception comes back here.

        Unavailable if the database does not answer; then it is not known whether the commit took place, and whoever
        asks again must be able to (every flow can).
        """
        with _outages_told():
            return self._write_pooled(work) if self.is_postgresql else self._queued(_Job(work, Future())).result()

    def submit(self, together: "Together[S, T]", item: S) -> "Future[T | None]":
        """Does not wait: `item` is written with those that wait at the same time, by one call of `together`.

        What comes is durable; None: nothing of the item was written. Unavailable if the database does not answer.
        """
        if self.is_postgresql and self._writer is None:
            self._start_writer(self._gather_loop)
        return self._queued(_Job(lambda tx: together(tx, [item])[0], Future(), together, item))

    def run_alone(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """PostgreSQL: one statement that is its own transaction, in a single round trip. Else as `write`."""

        def run(connection: Any) -> list[tuple[Any, ...]]:
            connection.autocommit = True
            try:
                return connection.execute(statement, parameters).fetchall()
            finally:
                if not connection.closed:
                    connection.autocommit = False

        return self._with_driver(run)

    def write_raw(self, work: Callable[[Any], T]) -> T:
        """PostgreSQL: `work` gets the driver's cursor in a transaction of its own. Else as `write`."""

        def run(connection: Any) -> T:
            with connection.transaction(), connection.cursor() as cursor:
                return work(cursor)

        return self._with_driver(run)

    def _with_driver(self, run: Callable[[Any], T]) -> T:
        def attempt() -> T:
            pooled = self.engine.raw_connection()
            try:
                return run(pooled.driver_connection)
            except dialect.DRIVER_OUTAGES:
                if getattr(pooled.driver_connection, "closed", False):
                    pooled.invalidate()
                raise
            finally:
                pooled.close()

        with _outages_told():
            return _until_settled(attempt)

    def _write_pooled(self, work: Callable[[Write], T]) -> T:
        def attempt() -> T:
            with self.engine.begin() as connection:
                return work(Write(connection))

        return _until_settled(attempt)

    def _queued(self, job: _Job) -> "Future[Any]":
        if self._is_closed:
            raise RuntimeError("the database is closed")
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        self._is_closed = True
        if self._writer is not None:
            self._jobs.put(None)
            self._writer.join()
        self.engine.dispose()

    def _write_loop(self) -> None:
        is_open = True
        with ExitStack() as stack:
            connection: sa.Connection | None = None
            while is_open:
                batch, is_open = self._next_batch()
                if not batch:
                    continue
                try:
                    connection = connection or stack.enter_context(dialect.writing_connection(self.engine))
                except BaseException as error:  # noqa: BLE001 - it cannot be opened: every writer must learn it
                    _fail(batch, error)
                else:
                    self._commit_together(connection, batch)

    def _gather_loop(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            if batch:
                self._write_gathered(batch)

    def _write_gathered(self, batch: list[_Job]) -> None:
        for together, jobs in _by_work(batch).items():
            items = [job.item for job in jobs]
            try:
                answers = self._write_pooled(lambda tx, do=together, items=items: _hastily(tx, do, items))
            except Exception as error:  # noqa: BLE001 - alone, each that is at fault will say so
                if dialect.is_outage(error) and not dialect.is_lock_timeout(error):
                    _fail(jobs, Unavailable("database", OUTAGE, OUTAGE_RETRY_S))
                    continue
                answers = [None] * len(jobs)
            for job, answer in zip(jobs, answers, strict=True):
                job.future.set_result(answer)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """Waits for one job and takes those that wait with it; False once the database is closed."""
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) == GROUP_COMMIT_MAX:
                return batch, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit_together(self, connection: sa.Connection, batch: list[_Job]) -> None:
        """Each in a savepoint of its own; none is answered before the commit, and one that fails fails them all."""
        answers: list[tuple[_Job, Any]] = []
        try:
            with connection.begin():
                write = Write(connection)
                cursor = write.driver_cursor()
                alone = _do_together(write, cursor, batch, answers)
                for job in alone:
                    cursor.execute("SAVEPOINT job")
                    try:
                        answers.append((job, job.work(write)))
                    except BaseException as error:  # noqa: BLE001 - it belongs to the caller, whatever it is
                        cursor.execute("ROLLBACK TO job")
                        job.future.set_exception(error)
                    cursor.execute("RELEASE job")
        except BaseException as error:  # noqa: BLE001 - the commit failed: every writer must learn it
            _fail(batch, error)
            return
        for job, answer in answers:
            job.future.set_result(answer)


def _do_together(write: Write, cursor: Any, batch: list[_Job], answers: list[tuple[_Job, Any]]) -> list[_Job]:
    """What can be done for many at once, where there are many; answers those that are left to be done alone."""
    alone = [job for job in batch if job.together is None]
    for together, jobs in _by_work(batch).items():
        if len(jobs) == 1:
            alone += jobs
            continue
        cursor.execute("SAVEPOINT jobs")
        try:
            answers += zip(jobs, together(write, [job.item for job in jobs]), strict=True)
        except Exception:  # noqa: BLE001 - alone, each that is at fault will say so
            cursor.execute("ROLLBACK TO jobs")
            alone += jobs
        cursor.execute("RELEASE jobs")
    return alone


def _by_work(batch: list[_Job]) -> "dict[Together[Any, Any], list[_Job]]":
    groups: dict[Together[Any, Any], list[_Job]] = {}
    for job in batch:
        if job.together is not None:
            groups.setdefault(job.together, []).append(job)
    return groups


def _hastily(tx: Write, together: "Together[Any, Any]", items: Sequence[Any]) -> Sequence[Any]:
    """PostgreSQL: what somebody has locked keeps them for a moment only, for most of them do not need it."""
    dialect.wait_briefly_for_locks(tx.driver_cursor())
    return together(tx, items)


def _fail(batch: list[_Job], error: BaseException) -> None:
    for job in batch:
        if not job.future.done():
            job.future.set_exception(error)


def _until_settled(attempt: Callable[[], T]) -> T:
    """Runs it again when it lost to another transaction."""
    for _ in range(TRANSIENT_RETRIES):
        try:
            return attempt()
        except (exc.DBAPIError, *dialect.DRIVER_OUTAGES) as error:
            if not dialect.is_transient(error):
                raise
    return attempt()
