"""The schema in `tables.py` and the migrations agree, on both databases, from empty and from the version before."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bankfeeds.store import revisions, schema
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database, Write

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'test.db'}" if is_sqlite else request.getfixturevalue("new_postgresql")()
    opened = Database(url)
    yield opened
    opened.close()


def differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        return schema.differences(connection)


def test_the_migrations_make_the_schema_of_the_tables(database: Database) -> None:
    assert not revisions.is_current(database)
    schema.migrate(database)
    assert revisions.is_current(database)
    assert differences(database) == []


def test_a_migration_begins_its_name_with_its_number() -> None:
    """Whether the schema is this program's is told by the names alone."""
    assert revisions.revisions() == schema.versions()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    schema.migrate(database)
    schema.migrate(database)
    assert differences(database) == []


def test_the_version_before_with_data_comes_to_this_one_and_back(database: Database) -> None:
    previous = schema.versions()[-2]
    schema.migrate(database, previous)
    assert not revisions.is_current(database)
    _fill(database)
    schema.migrate(database)
    assert differences(database) == []
    row = database.read(lambda tx: tx.row(sa.select(t.feeds)))
    assert row is not None
    assert (row.bank_account_id, row.is_held) == ("ba-1", False)
    schema.downgrade(database, previous)
    schema.migrate(database)
    assert database.read(lambda tx: tx.value(sa.select(t.lines.c.amount))) == 10


def test_a_fresh_database_has_no_tables_before_it_is_migrated(database: Database) -> None:
    assert sa.inspect(database.engine).get_table_names() == []


def _fill(database: Database) -> None:
    """One row of each kind that money passes through, as the version before wrote them."""
    statements = [
        "INSERT INTO companies (id, name, tags, created_at) VALUES ('c', 'C', '{}', :at)",
        "INSERT INTO connections (id, company_id, status, created_at) VALUES ('x', 'c', 'Linked', :at)",
        (
            "INSERT INTO source_accounts (external_id, company_id, connection_id, id, version, identifier, modified_at,"
            " created_at, status) VALUES ('e', 'c', 'x', 'acc', 2, 'i', :at, :at, 'connected')"
        ),
        (
            "INSERT INTO listings (id, name, region, country, external_ref, url, provider_url, token_url, jwks_url, client_id,"
            " audience, header_name, amount_unit, sealed_client_secret, sealed_api_key, sealed_header_values, created_at)"
            " VALUES ('l', 'L', 'eu', 'GB', 'r', 'u', 'p', 't', 'j', 'c', 'a', 'h', 'minor', 's', 's', '[]', :at)"
        ),
        (
            "INSERT INTO feeds (listing_id, account_pk, bank_account_id, status, opened_at, opened_seq, cursor, due_at)"
            " SELECT 'l', pk, 'ba-1', 'open', :at, 0, 0, :at FROM source_accounts"
        ),
        (
            "INSERT INTO lines (pk, account_pk, id, posted_on, amount, balance, type, description)"
            " SELECT 1, pk, 't-1', '2026-03-01', '10', '10', 'Credit', 'd' FROM source_accounts"
        ),
    ]
    at = NOON if database.is_postgresql else "2026-03-02T12:00:00.000000Z"
    if database.is_postgresql:
        statements[-1] = statements[-1].replace("'2026-03-01', '10', '10'", "DATE '2026-03-01', 10, 10")

    def write(tx: Write) -> None:
        for statement in statements:
            tx.connection.execute(sa.text(statement), {"at": at} if ":at" in statement else {})

    database.write(write)
