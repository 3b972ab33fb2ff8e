"""The guide says of every table and every column with text what erasing does with it, and that is what the program does."""

from pathlib import Path

import sqlalchemy as sa

from bankfeeds.domain.erasure import TEXTS
from bankfeeds.store import erasing, schema
from bankfeeds.store.erasing import Account, Piece, Scope
from bankfeeds.store.types import Json, Money

PAGE = Path(__file__).parents[4] / "docs/guides/retention-and-erasure.md"
WITH_TEXT = (sa.Text, sa.LargeBinary, Json, Money)
LIVE = Account(1, "external-1", "connection/account", is_deleted=False)
DELETED = Account(2, "external-2", "connection/account", is_deleted=True)


def rows() -> list[tuple[str, set[str], str]]:
    """Table, columns, what happens."""
    text = PAGE.read_text(encoding="utf-8").partition("## Every table")[2]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    return [(each[0].strip("`"), set(each[1].replace("`", "").split()) - {"-"}, each[3]) for each in cells]


def named(word: str) -> set[tuple[str, str]]:
    """Columns of which the guide says this."""
    return {(table, column) for table, columns, fate in rows() if fate.startswith(word) for column in columns}


def touched(scope: Scope) -> tuple[set[tuple[str, str]], set[str]]:
    """Columns that are blanked, and tables whose rows are deleted."""
    pieces: list[Piece] = list(erasing.pieces(scope))
    blanked = {(str(each.table.name), column) for each in pieces for column in each.values or ()}
    return blanked, {str(each.table.name) for each in pieces if each.values is None}


def test_every_table_and_every_column_with_text_is_named() -> None:
    told = {(table, column) for table, columns, _ in rows() for column in columns}
    assert {table for table, _, _ in rows()} == set(schema.metadata.tables)
    columns = [column for table in schema.metadata.sorted_tables for column in table.c]
    text = {(str(c.table.name), str(c.name)) for c in columns if isinstance(c.type, WITH_TEXT)}
    assert text - told == set()
    assert told - {(str(c.table.name), str(c.name)) for c in columns} == set()


def test_what_is_said_to_be_blanked_or_deleted_is() -> None:
    blanked, deleted = touched(Scope([DELETED], ["connection"], "company"))
    texts = {("lines", text) for text in TEXTS}
    assert named("blanked") == blanked | texts
    assert {table for table, _ in named("deleted")} == deleted


def test_of_what_is_live_that_is_touched_which_is_said_to_be() -> None:
    blanked, deleted = touched(Scope([LIVE]))
    said = {(table, column) for table, columns, fate in rows() if ", live" in fate for column in columns}
    texts = {("lines", text) for text in TEXTS}
    assert {each for each in said if each[0] not in deleted} == blanked | texts
    assert {table for table, _ in said} - {table for table, _ in blanked | texts} == deleted
