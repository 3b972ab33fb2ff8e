"""What every session on PostgreSQL is opened with."""

from collections.abc import Callable

import sqlalchemy as sa

from bankfeeds.store.engine import Database


def test_no_query_waits_for_a_compiler(new_postgresql: Callable[[], str]) -> None:
    database = Database(new_postgresql())
    assert database.read(lambda tx: tx.value(sa.text("SHOW jit"))) == "off"
    database.close()
