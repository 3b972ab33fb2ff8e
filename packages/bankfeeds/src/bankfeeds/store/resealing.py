"""Everything that is sealed, table by table, some rows at a time: every column whose name says so."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from bankfeeds.store import dialect
from bankfeeds.store.engine import Write
from bankfeeds.store.tables import metadata

ROWS_AT_ONCE = 200
_PREFIX = "sealed_"
Table = sa.Table


def tables() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if _columns(table)]


def rows_after(tx: Write, table: sa.Table, last: object) -> list[tuple[Any, dict[str, Any]]]:
    """The next ROWS_AT_ONCE by primary key, each with what is sealed of it; locked until the transaction ends."""
    (key,) = table.primary_key.columns
    query = sa.select(key, *_columns(table)).order_by(key).limit(ROWS_AT_ONCE)
    if last is not None:
        query = query.where(key > last)
    found = tx.connection.execute(dialect.for_update(query)).mappings()
    return [(row[key.name], {c.name: row[c.name] for c in _columns(table)}) for row in found]


def write(tx: Write, table: sa.Table, key: object, values: Mapping[str, Any]) -> None:
    (column,) = table.primary_key.columns
    tx.run(table.update().where(column == key).values(dict(values)))


def _columns(table: sa.Table) -> list["sa.Column[Any]"]:
    return [column for column in table.columns if column.name.startswith(_PREFIX)]
