"""Claiming looks at due feeds only, however many there are: by the index that holds no others."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.store import feeds, schema
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEEDS = 2000


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    url = f"sqlite:///{tmp_path}/test.db"
    made = Database(url if request.param == "sqlite" else request.getfixturevalue("new_postgresql")())
    schema.migrate(made)
    yield made
    made.close()


def plan(database: Database, look: Callable[[Any], object]) -> str:
    """How the database would carry out the first query of `look`."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    database.read(look)
    sa.event.remove(database.engine, "before_cursor_execute", note)
    statement, parameters = next(each for each in seen if each[0].startswith("SELECT"))
    explain = "EXPLAIN " if database.is_postgresql else "EXPLAIN QUERY PLAN "
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
    return "\n".join(str(row) for row in rows)


def test_the_look_for_due_feeds_goes_by_the_index_of_due_feeds(database: Database) -> None:
    fill(database)
    found = plan(database, lambda tx: feeds.has_due(tx, NOW))
    assert "ix_feeds_due" in found, found


def fill(database: Database) -> None:
    """Many feeds of one account, none of them due, as the planner's statistics say."""

    def run(tx: Any) -> None:
        listing = {column.name: "x" for column in t.listings.c if isinstance(column.type, sa.Text)}
        tx.run(
            t.listings.insert().values({**listing, "sealed_header_values": [], "created_at": NOW, "removed_at": None})
        )
        tx.run(t.companies.insert().values(id="c", name="n", tags={}, created_at=NOW))
        tx.run(t.connections.insert().values(id="x", company_id="c", status="Linked", created_at=NOW))
        account = {"external_id": "e", "company_id": "c", "connection_id": "x", "id": "a", "version": 2}
        account |= {"identifier": "i", "modified_at": NOW, "created_at": NOW, "status": "connected"}
        tx.run(t.source_accounts.insert().values(pk=1, **account))
        feed = {"listing_id": "x", "account_pk": 1, "status": "open", "opened_at": NOW, "opened_seq": 0, "cursor": 0}
        tx.connection.execute(t.feeds.insert(), [{**feed, "bank_account_id": f"ba-{n}"} for n in range(FEEDS)])
        tx.connection.exec_driver_sql("ANALYZE")

    database.write(run)
