"""Rows of everything that is the institution's own, table by table, as they are stored."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read
from bankfeeds.store.tables_proof import closing_balances

ROWS_AT_ONCE = 1000
TABLES: Final = (
    t.listings,
    t.companies,
    t.connections,
    t.source_accounts,
    t.lines,
    t.pushes,
    t.push_follows,
    closing_balances,
    t.feeds,
    t.statements,
    t.line_marks,
    t.authorisations,
    t.notifications,
    t.audit,
)
"""In an order in which nothing comes before what it refers to. Keys, passwords and other secrets are in none."""
_SECRET = ("sealed_", "handle_digest")


def rows(tx: Read) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its table's name. Read as they are asked for: a table may be larger than memory."""
    for table in TABLES:
        columns = [column for column in table.c if not column.name.startswith(_SECRET)]
        query = sa.select(*columns).order_by(*table.primary_key.columns)
        found = tx.connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
        for row in found.mappings():
            yield str(table.name), {str(name): value for name, value in row.items()}
