"""Rows of everything that is the institution's own, table by table, as they are stored."""

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read
from bankfeeds.store.tables_api import api_settings, removed_products
from bankfeeds.store.tables_files import statement_file_accounts, statement_file_pushes, statement_files
from bankfeeds.store.tables_integration import institution, integrations
from bankfeeds.store.tables_late import late_lines
from bankfeeds.store.tables_proof import closing_balances, holds

ROWS_AT_ONCE = 1000
TABLES: Final = (
    institution,
    api_settings,
    t.listings,
    integrations,
    t.companies,
    removed_products,
    t.connections,
    t.source_accounts,
    t.lines,
    t.pushes,
    t.push_follows,
    statement_files,
    statement_file_accounts,
    statement_file_pushes,
    late_lines,
    closing_balances,
    holds,
    t.feeds,
    t.statements,
    t.line_marks,
    t.authorisations,
    t.reports,
    t.notifications,
    t.pauses,
    t.audit,
)
"""In an order in which nothing comes before what it refers to. Keys, passwords and other secrets are in none."""
LEFT_OUT: Final = {
    "api_keys": "credentials",
    "budgets": "of the moment",
    "digest_keys": "secret",
    "login_failures": "of the moment",
    "operator_sessions": "of the moment",
    "operators": "credentials",
    "otps": "of the moment",
    "replies": "of the moment",
    "retention_progress": "of the program",
    "schema_state": "of the program",
    "secret_keys": "secret",
    "statement_uploads": "of the moment",
    "webhook_attempts": "of the moment",
    "webhook_consumers": "credentials",
    "webhook_deliveries": "of the moment",
    "webhook_events": "told from the other tables",
    "webhook_outbox": "of the moment",
    "webhook_sequences": "of the program",
    "webhook_subscriptions": "of consumers",
}
"""Every other table, and why it is none of the institution's own."""
_SECRET = ("sealed_", "handle_digest", "texts_digest", "logo_digest")


def rows(tx: Read) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its table's name. Read as they are asked for: a table may be larger than memory."""
    for table in TABLES:
        columns = [column for column in table.c if not column.name.startswith(_SECRET)]
        query = sa.select(*columns).order_by(*table.primary_key.columns)
        found = tx.connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query)
        for row in found.mappings():
            yield str(table.name), {str(name): value for name, value in row.items()}
