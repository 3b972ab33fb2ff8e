"""Databases for simulations: each new, migrated already, and able to lose all its connections at any moment."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg

from bankfeeds.store import schema
from bankfeeds.store.engine import Database


def in_memory() -> str | None:
    """Where files cost no disk: these simulations are about processes that die, not about power cuts."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class SQLiteFiles:
    """Copies of one migrated file."""

    name = "sqlite"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)
        self._template = directory / "template.db"
        _migrate(f"sqlite:///{self._template}")

    def fresh(self) -> str:
        path = self._directory / f"{next(self._numbers)}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def cut(self, url: str) -> None:
        """SQLite lives in the process: there is nothing to cut."""

    def drop(self, url: str) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()


class PostgreSQLDatabases:
    """Copies of one migrated database. `restart` kills the server and starts it again; only where it is ours alone."""

    name = "postgresql"

    def __init__(
        self, new: Callable[[str], str], new_empty: Callable[[], str], restart: Callable[[], None] | None
    ) -> None:
        self._new = new
        self._restart = restart
        template = new_empty()
        _migrate(template)
        self._template = template.rsplit("/", 1)[1]
        self._server = template.rsplit("/", 1)[0]

    def fresh(self) -> str:
        return self._new(self._template)

    def cut(self, url: str) -> None:
        """Every connection to the database breaks; or the whole server dies and comes back."""
        if self._restart is not None:
            self._restart()
            return
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.rsplit("/", 1)[1]]
            )

    def drop(self, url: str) -> None:
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{url.rsplit("/", 1)[1]}" WITH (FORCE)'.encode())


Databases = SQLiteFiles | PostgreSQLDatabases


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        schema.migrate(database)
    finally:
        database.close()
