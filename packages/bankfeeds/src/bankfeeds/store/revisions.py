"""Which schema a database has, and whether this program may work on it. Every start and every probe of readiness asks
that; Alembic, which `schema.py` migrates with, would take a tenth of a second and 10 MB to say the same.
"""

from pathlib import Path

import sqlalchemy as sa

from bankfeeds.store.engine import Database, Read
from bankfeeds.store.tables_operations import schema_state

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
_alembic_version = sa.table("alembic_version", sa.column("version_num", sa.Text))


def revisions() -> list[str]:
    """The migrations that this program has, oldest first: numbered, each file's name begins with its number."""
    return sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


def is_current(database: Database) -> bool:
    """The database has this program's schema, or a newer one that says that this program may work on it.

    Unavailable if the database does not answer.
    """
    head = revisions()[-1]
    found, runs_from = database.read(_state)
    if found is None or found <= head:
        return found == head
    return runs_from is not None and runs_from <= head


def _state(tx: Read) -> tuple[str | None, str | None]:
    """The revision, and the oldest one whose program may work on it; a schema from before that was told has none."""
    inspector = sa.inspect(tx.connection)
    if not inspector.has_table(_alembic_version.name):
        return None, None
    found = tx.value(sa.select(_alembic_version.c.version_num))
    if found is None or not inspector.has_table(schema_state.name):
        return found, None
    return found, tx.value(sa.select(schema_state.c.runs_from))
