"""Copies of the whole database while it is at work, and bringing one back: SQLite's backup API, pg_dump, pg_restore."""

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from psycopg import conninfo

from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

ACTION = "database.backup"
PAGES_AT_ONCE = 1024
PAUSE_S = 0.03
"""Between the steps of a copy, so that whoever writes meanwhile gets at the disk."""
_ERROR_SHOWN_MAX = 1000
_NAMES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "target_session_attrs": "PGTARGETSESSIONATTRS", "passfile": "PGPASSFILE",
    "service": "PGSERVICE", "options": "PGOPTIONS",
}  # fmt: skip


class BackupFailed(Exception):
    """The message says what failed and what to do; nothing half done is left."""


def copy_sqlite(source: Path, target: Path) -> None:
    """One moment of it, whatever is written meanwhile: the copy is read in a single transaction, which stops nobody."""
    try:
        with (
            closing(sqlite3.connect(source, isolation_level=None)) as reads,
            closing(sqlite3.connect(target)) as writes,
        ):
            reads.execute("BEGIN")
            reads.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reads.backup(writes, pages=PAGES_AT_ONCE, progress=_pause)
            writes.execute("PRAGMA journal_mode = DELETE")
        with target.open("rb") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"{source} cannot be copied to {target}: {error}") from error


def _pause(_status: int, _remaining: int, _total: int) -> None:
    time.sleep(PAUSE_S)


def check_sqlite(path: Path) -> None:
    """BackupFailed if it is no whole database of ours."""
    try:
        with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"{path} is no backup of this platform: {error}") from error
    if found != "ok":
        raise BackupFailed(f"{path} is damaged: {found}")


def dump_postgresql(url: str, target: Path) -> None:
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def restore_postgresql(url: str, source: Path) -> None:
    """All of it or nothing, into an empty database."""
    database = conninfo.conninfo_to_dict(url).get("dbname") or ""
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    _run(url, "pg_restore", *options, f"--dbname={database}", str(source))


def has_tables(tx: Read) -> bool:
    return bool(sa.inspect(tx.connection).get_table_names())


def taken_at(tx: Read) -> datetime | None:
    """When the newest backup that the database tells of was begun: of a restored one, its own."""
    a = t.audit.c
    return tx.value(sa.select(a.at).where(a.action == ACTION).order_by(a.pk.desc()).limit(1))


def _run(url: str, program: str, *arguments: str) -> None:
    """The address goes by the environment: on the command line everybody could read its password."""
    parts = {_NAMES[name]: str(value) for name, value in conninfo.conninfo_to_dict(url).items() if name in _NAMES}
    command = [_found(program), "--no-password", *arguments]
    done = subprocess.run(command, env={**os.environ, **parts}, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupFailed(f"{program} failed: {' '.join(done.stderr.split())[:_ERROR_SHOWN_MAX]}")


def _found(program: str) -> str:
    """On the path, or where Debian keeps the newest."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: _version(path.parts[4]))
    path = shutil.which(program) or (str(kept[-1]) if kept else None)
    if path is None:
        raise BackupFailed(f"{program} is not on this machine; on Debian: apt-get install postgresql-client")
    return path


def _version(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0
