"""The institution takes everything that is its own away: whole, exact, and without anybody's secrets."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from bankfeeds.flows import export
from bankfeeds.store import export as store
from bankfeeds.store import schema
from bankfeeds.store import tables as t

from .operators import ANN, DAYS, WHY, audit_rows, park
from .test_operators_guide import on_sqlite, verb


def taken(platform: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    assert export.write(platform.world, ANN, rows.append, WHY) == len(rows)
    return rows


def test_every_row_of_the_institutions_own_is_in_it_and_exact(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    rows = taken(platform)
    for table in store.TABLES:
        count = platform.world.db.read(lambda tx, of=table: tx.value(sa.select(sa.func.count()).select_from(of)))
        assert len([row for row in rows if row["table"] == table.name]) == count
    lines = [row for row in rows if row["table"] == "lines"]
    assert [(row["id"], row["amount"]) for row in lines][:2] == [("t-1", Decimal("-1.00")), ("t-2", Decimal("-1.00"))]
    assert len(lines) == len(DAYS)
    assert [(row.actor, row.reason) for row in audit_rows(platform, "platform.export")] == [(ANN, WHY)]


def test_no_table_is_forgotten() -> None:
    taken_along = {table.name for table in store.TABLES}
    assert taken_along | store.LEFT_OUT.keys() == set(schema.metadata.tables)
    assert taken_along.isdisjoint(store.LEFT_OUT)
    names = [table.name for table in store.TABLES]
    for table in store.TABLES:
        referred = {key.column.table.name for key in table.foreign_keys}
        assert referred <= set(names[: names.index(table.name)]), table.name


def test_nobodys_secrets_are_in_it(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    names = {name for row in taken(platform) for name in row}
    assert not {name for name in names if any(word in name for word in ("sealed", "digest", "password", "secret"))}
    secret = {t.api_keys.name, t.otps.name, "operators", "operator_sessions", "replies", "webhook_consumers"}
    assert not secret & {table.name for table in store.TABLES}


@on_sqlite
@pytest.mark.slow
def test_it_is_written_as_json_lines_into_a_new_file(platform: Any, make_lines: Any, tmp_path: Path) -> None:
    park(platform, make_lines)
    file = tmp_path / "all.jsonl"
    done = verb(platform, "export", str(file), "--reason", "moving away")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    assert done.stdout == f"{file}: {len(rows)} rows\n"
    assert b'"amount":-1.00' in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert verb(platform, "export", str(file)).returncode == 2
