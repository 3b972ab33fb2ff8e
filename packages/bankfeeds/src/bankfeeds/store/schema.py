"""Bringing a database to the schema this program expects, and telling whether it is there."""

from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bankfeeds.store import dialect
from bankfeeds.store import tables_api as tables_api
from bankfeeds.store import tables_files as tables_files
from bankfeeds.store import tables_integration as tables_integration
from bankfeeds.store import tables_operations as tables_operations
from bankfeeds.store import tables_portal as tables_portal
from bankfeeds.store import tables_proof as tables_proof
from bankfeeds.store import tables_secrets as tables_secrets
from bankfeeds.store import tables_webhooks as tables_webhooks
from bankfeeds.store.engine import Database, Read
from bankfeeds.store.tables import metadata


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def versions() -> list[str]:
    """Oldest first."""
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]


def migrate(database: Database, version: str = "head") -> None:
    """All migrations that are missing, in one transaction."""
    with _begin(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def downgrade(database: Database, version: str) -> None:
    """Back to an older schema; what only the newer one can hold is dropped."""
    with _begin(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, version)


def _begin(database: Database) -> AbstractContextManager[sa.Connection]:
    return database.engine.begin() if database.is_postgresql else dialect.begin_immediate(database.engine)


def is_current(database: Database) -> bool:
    """The database has this program's schema, or a newer one that says that this program may work on it.

    Unavailable if the database does not answer.
    """
    scripts = ScriptDirectory.from_config(_config())
    head = scripts.get_current_head()
    found, runs_from = database.read(_state)
    return found == head or (_is_newer(scripts, found) and runs_from is not None and runs_from <= (head or ""))


def _state(tx: Read) -> tuple[str | None, str | None]:
    """The revision, and the oldest one whose program may work on it; a schema from before that was told has none."""
    found = MigrationContext.configure(tx.connection).get_current_revision()
    state = tables_operations.schema_state
    if found is None or not sa.inspect(tx.connection).has_table(state.name):
        return found, None
    return found, tx.value(sa.select(state.c.runs_from))


def _is_newer(scripts: ScriptDirectory, revision: str | None) -> bool:
    """Not one that this program has a migration for: revisions are numbered."""
    known = {script.revision for script in scripts.walk_revisions()}
    return revision is not None and revision not in known and revision > max(known)


def differences(connection: sa.Connection) -> list[object]:
    """What separates the database from `tables.py`; empty if they agree."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
