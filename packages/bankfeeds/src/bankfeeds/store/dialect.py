"""Where SQLite and PostgreSQL differ, all in one file."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

BUSY_TIMEOUT_S = 10
POOL_SIZE = 16
CONNECT_TIMEOUT_S = 5


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
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S, application_name="bankfeeds"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_pre_ping=True,
    )


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by us, in the mode we need
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


@contextmanager
def begin_immediate(engine: sa.Engine) -> Generator[sa.Connection]:
    """SQLite: take the write lock at once, so that no transaction fails halfway for want of it."""
    with engine.connect().execution_options(sqlite_begin="BEGIN IMMEDIATE") as connection, connection.begin():
        yield connection


def for_update(statement: "sa.Select[Any]") -> "sa.Select[Any]":
    """Locks the rows on PostgreSQL; SQLite has one writer and ignores it."""
    return statement.with_for_update()


def for_update_beside_references(statement: "sa.Select[Any]") -> "sa.Select[Any]":
    """The same, but rows that refer to these may still be inserted meanwhile."""
    return statement.with_for_update(key_share=True)
