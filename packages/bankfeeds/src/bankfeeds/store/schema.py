"""Bringing a database to the schema this program expects; `revisions.py` tells whether it is there."""

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
from bankfeeds.store import tables_late as tables_late
from bankfeeds.store import tables_operations as tables_operations
from bankfeeds.store import tables_portal as tables_portal
from bankfeeds.store import tables_proof as tables_proof
from bankfeeds.store import tables_secrets as tables_secrets
from bankfeeds.store import tables_webhooks as tables_webhooks
from bankfeeds.store.engine import Database
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


def differences(connection: sa.Connection) -> list[object]:
    """What separates the database from `tables.py`; empty if they agree."""
    return list(compare_metadata(MigrationContext.configure(connection), metadata))
