"""Where SQLite and PostgreSQL differ, all in one file."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import conninfo, errors
from sqlalchemy import event, exc
from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_S = 10
POOL_SIZE = 16
CONNECT_TIMEOUT_S = 3
PING_AFTER_S = 3.0
LOST_HOST_MS = 10_000
IDLE_TRANSACTION_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
BRIEF_LOCK_TIMEOUT_MS = 200
CHECKPOINT_PAGES = 4000
"""SQLite brings its log into the database once it has this many pages (16 MB). Ids are in no order, so that a push of
1,000 lines touches a page of their index for nearly each: by SQLite's own 1,000 pages every such push would do that.
"""


def make_engine(url: str) -> sa.Engine:
    """SQLite in WAL mode with `synchronous=FULL`: committed means on disk. A PostgreSQL address goes to libpq as it is,
    with several hosts if it names them.
    """
    if url.startswith("sqlite:"):
        engine = sa.create_engine(
            url,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
            pool_size=POOL_SIZE,
            max_overflow=POOL_SIZE * 4,
            hide_parameters=True,  # what customers sent, and sealed secrets, are in no error's text
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, **_postgresql_options(url)),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", _ping_if_idle)
    return engine


def _ping_if_idle(connection: Any, record: Any, _pooled: Any) -> None:
    """A connection that was idle for a while is tried before it is given out; a dead one is replaced. Not every time:
    it would cost each small transaction a round trip.
    """
    now = time.monotonic()
    if now - record.info.get("used_at", now) > PING_AFTER_S:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise exc.DisconnectionError from error
    record.info["used_at"] = now


def _postgresql_options(url: str) -> dict[str, Any]:
    """A lost host is noticed within seconds on both ends: by us, so that work goes on elsewhere, and by the server, so
    that what the lost host had locked is free again. Of several hosts the one that takes writes is used.
    """
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "bankfeeds",
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": LOST_HOST_MS,
        "options": f"-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
        f" -c tcp_user_timeout={LOST_HOST_MS} -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MS}"
        f" -c lock_timeout={LOCK_TIMEOUT_MS} -c jit=off",  # compiling takes longer than any query of ours
    }
    if "," in str(conninfo.conninfo_to_dict(url).get("host")):
        options["target_session_attrs"] = "read-write"
    return options


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by us, in the mode we need
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


def writing_connection(engine: sa.Engine) -> sa.Connection:
    """SQLite: its transactions take the write lock at once, so that none fails halfway for want of it."""
    return engine.connect().execution_options(sqlite_begin="BEGIN IMMEDIATE")


@contextmanager
def begin_immediate(engine: sa.Engine) -> Generator[sa.Connection]:
    """One such transaction, on a connection of its own."""
    with writing_connection(engine) as connection, connection.begin():
        yield connection


def for_update(statement: "sa.Select[*tuple[Any, ...]]") -> "sa.Select[*tuple[Any, ...]]":
    """Locks the rows on PostgreSQL; SQLite has one writer and ignores it."""
    return statement.with_for_update()


def for_update_beside_references(statement: "sa.Select[Any]") -> "sa.Select[Any]":
    """The same, but rows that refer to these may still be inserted meanwhile."""
    return statement.with_for_update(key_share=True)


def wait_briefly_for_locks(cursor: Any) -> None:
    """PostgreSQL, until the transaction ends: longer than any transaction of ours takes, if its host is alive."""
    cursor.execute(f"SET LOCAL lock_timeout = {BRIEF_LOCK_TIMEOUT_MS}")


def lock_table(connection: sa.Connection, table: sa.Table, mode: str) -> None:
    """In one of PostgreSQL's modes, until the transaction ends; SQLite has one writer and needs none."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN {mode} MODE"))


def insert_if_absent(is_postgresql: bool, table: sa.Table, values: dict[str, Any]) -> sa.Executable:  # noqa: FBT001
    """An insert that does nothing where the row exists, even one that another transaction is just inserting."""
    if is_postgresql:
        return postgresql.insert(table).values(values).on_conflict_do_nothing()
    return sqlite.insert(table).values(values).on_conflict_do_nothing()


def position(held: "sa.ColumnElement[Any]", text: str, *, is_postgresql: bool) -> "sa.ColumnElement[int]":
    """Where a text begins in another, from 1; 0 if nowhere. LIKE would not tell upper from lower case on SQLite."""
    return sa.func.strpos(held, text) if is_postgresql else sa.func.instr(held, text)


def members_of_json(column: "sa.ColumnElement[Any]", *, is_postgresql: bool) -> sa.TableValuedAlias:
    """The members of a JSON object of texts, as rows `key` and `value`."""
    columns = (sa.column("key", sa.Text), sa.column("value", sa.Text))
    if is_postgresql:
        return sa.func.json_each_text(sa.cast(sa.type_coerce(column, sa.Text), sa.JSON)).table_valued(*columns)
    return sa.func.json_each(column).table_valued(*columns)


DRIVER_OUTAGES: tuple[type[Exception], ...] = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlite3.OperationalError,
)
"""What the drivers themselves raise when the database is not there, or one transaction lost to another."""


OUTAGE_STATES = ("08", "25006", "40", "53", "55P03", "57")
"""PostgreSQL's codes for: no connection, read-only (a standby), lost to another, no resources, lock, going away."""


def is_transient(error: Exception) -> bool:
    """Deadlock or serialization failure: the same transaction, run again, is likely to succeed."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return isinstance(cause, (errors.DeadlockDetected, errors.SerializationFailure))


def is_lock_timeout(error: Exception) -> bool:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return isinstance(cause, errors.LockNotAvailable)


def is_outage(error: Exception) -> bool:
    """The database does not answer, is going away, or stays locked: nothing is wrong with what was asked of it."""
    if isinstance(error, exc.TimeoutError):
        return True
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, psycopg.Error) and cause.sqlstate is not None:
        return cause.sqlstate.startswith(OUTAGE_STATES)
    return isinstance(cause, DRIVER_OUTAGES)


def try_lock(connection: sa.Connection, number: int) -> bool:
    """PostgreSQL: ours until the transaction ends, or False at once; SQLite has one writer and needs none."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(number))).scalar())


def holds(connection: sa.Connection, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Whether the text stands in the column, without regard to the case of ASCII letters."""
    if connection.dialect.name == "postgresql":
        return sa.collate(column, "C").icontains(text, autoescape=True)
    return column.contains(text, autoescape=True)  # SQLite's LIKE is so by itself
