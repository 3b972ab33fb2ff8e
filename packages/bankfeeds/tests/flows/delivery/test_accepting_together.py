"""Small pushes that come at the same time are stored together, and it shows nowhere."""

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from bankfeeds.domain.errors import Invalid, Unavailable
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.flows import accept as accepting
from bankfeeds.flows.accept import Begun
from bankfeeds.flows.context import Limits
from bankfeeds.flows.examine import PushRequest
from bankfeeds.store import acceptance, together_sqlite
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database

from .conftest import Died, Item, Platform, Sent, _platform, lines

TABLES = (t.lines, t.pushes, t.source_accounts, t.feeds, t.audit)
COMPANY, CONNECTION = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
Made = Callable[[str], Platform]


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    opened: list[Database] = []

    def make(name: str) -> Platform:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / name}.db"
        else:
            url = request.getfixturevalue("new_postgresql")()
        opened.append(Database(url))
        platform = _platform(opened[-1], url, Limits(requests_per_second=0))
        platform.link("ba-1")
        platform.link("ba-2", account="acc-002")
        platform.run()
        return platform

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def platform(make: Made) -> Platform:
    return make("one")


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the groups that were tried."""
    sizes: list[int] = []
    real = acceptance._store_small
    monkeypatch.setattr(acceptance, "_store_small", lambda tx, pushes: sizes.append(len(pushes)) or real(tx, pushes))
    return sizes


def push(account: str, *items: Item, timeout_minutes: int | None = None) -> PushRequest:
    return PushRequest(COMPANY, CONNECTION, account, account, [Sent(item) for item in items], timeout_minutes)


def at_once(platform: Platform, *requests: PushRequest) -> list[PushOperation | Exception]:
    """What came of them; all of them wait while the writer is busy with something else. As the web does it."""
    with busy(platform.world.db):
        begun = [begin(platform, request) for request in requests]
    return [ended(platform, request, each) for request, each in zip(requests, begun, strict=True)]


def busy(database: Database) -> Any:
    class Busy:
        def __enter__(self) -> None:
            self.gate = threading.Event()
            reached = threading.Event()
            self.done = database.submit(lambda _tx, _items: [reached.set() or self.gate.wait(20)], 0)
            assert reached.wait(20)

        def __exit__(self, *_: object) -> None:
            self.gate.set()
            assert self.done.result(20) is True

    return Busy()


def begin(platform: Platform, request: PushRequest) -> Begun | None:
    """With the account's currency known already."""
    accepting._currency(platform.world, request, platform.clock())
    return accepting.begin(platform.world, "api:test", request)


def ended(platform: Platform, request: PushRequest, begun: Begun | None) -> PushOperation | Exception:
    try:
        operation = begun.end(begun.stored.result(20)) if begun else None
        return operation or accepting.accept(platform.world, "api:test", request)
    except Invalid as refusal:
        return refusal


def stored(platform: Platform) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: platform.world.db.read(
            lambda tx, table=table: [
                dict(row._mapping) for row in tx.rows(sa.select(table).order_by(*table.primary_key))
            ]
        )
        for table in TABLES
    }


def test_what_is_stored_together_is_what_would_be_stored_one_by_one(make: Made, groups: list[int]) -> None:
    together, alone = make("together"), make("alone")
    requests = [
        push("acc-001", *lines("2026-02-01", "2026-02-02"), timeout_minutes=5),
        push("acc-002", Item("t-1", "2026-02-03", Decimal("12.34"), Decimal(998), "Mehl", "Credit", "Mill", "R/1")),
    ]
    answers = at_once(together, *requests)
    assert [(each.first_seq, each.last_seq) for each in answers] == [(1, 2), (1, 1)]
    assert groups == [2]
    assert [accepting.accept(alone.world, "api:test", request) for request in requests] == answers
    assert stored(together) == stored(alone)


def test_two_of_one_account_are_stored_one_after_the_other(platform: Platform) -> None:
    first, other, second = at_once(
        platform,
        push("acc-001", *lines("2026-02-01")),
        push("acc-002", *lines("2026-02-01")),
        push("acc-001", *lines("2026-02-02", start=2)),
    )
    assert (first.first_seq, other.first_seq, second.first_seq) == (1, 1, 2)


def test_a_known_line_goes_the_careful_way_and_disturbs_nobody(platform: Platform) -> None:
    at_once(platform, push("acc-001", *lines("2026-02-01")))
    again, other = at_once(
        platform,
        push("acc-001", *lines("2026-02-01", "2026-02-02")),
        push("acc-002", *lines("2026-02-01", "2026-02-02")),
    )
    assert (again.first_seq, again.last_seq, len(again.warnings)) == (2, 2, 1)
    assert (other.first_seq, other.last_seq) == (1, 2)
    platform.run()
    assert platform.sage.stored == {"ba-1": ["t-1", "t-2"], "ba-2": ["t-1", "t-2"]}


def test_one_that_is_refused_leaves_nothing_and_the_others_everything(platform: Platform) -> None:
    at_once(platform, push("acc-001", *lines("2026-02-05")))
    refused, other = at_once(
        platform, push("acc-001", *lines("2026-02-01", start=9)), push("acc-002", *lines("2026-02-01"))
    )
    assert isinstance(refused, Invalid)
    assert other.first_seq == 1
    assert [row["id"] for row in stored(platform)["lines"]] == ["t-1", "t-1"]


def test_lines_dated_before_the_start_are_not_among_those_stored_together(platform: Platform) -> None:
    early, other = at_once(platform, push("acc-001", *lines("2025-12-01")), push("acc-002", *lines("2026-02-01")))
    assert [flaw.message for flaw in early.warnings] == [
        "1 dated before 2026-01-01, the start date chosen in Sage: withheld, never sent"
    ]
    assert other.warnings == ()


def test_what_is_odd_or_large_or_of_an_unknown_account_is_not_begun(platform: Platform) -> None:
    days = ["2026-02-01"] * (acceptance.SMALL_LINES_MAX + 1)
    twice = [*lines("2026-02-01"), *lines("2026-02-01")]
    late = lines("2026-02-02", "2026-02-01")
    for items in (lines(*days), twice, late, [Item("t-1", "2026-02-30", Decimal(1), Decimal(1))], []):
        assert begin(platform, push("acc-001", *items)) is None
    assert begin(platform, push("acc-001", *lines(*days[1:]))) is not None
    assert accepting.begin(platform.world, "api:test", push("acc-002", *lines("2026-02-01"))) is None, "not looked up"


def test_a_death_after_the_write_leaves_it_for_the_next_attempt(platform: Platform) -> None:
    request = push("acc-001", *lines("2026-02-01"))
    platform.crash_at.append("accept: after store")
    with pytest.raises(Died):
        at_once(platform, request)
    (again,) = at_once(platform, request)
    assert [flaw.field for flaw in again.warnings] == ["transactions[0].id"]
    platform.run()
    assert platform.sage.stored == {"ba-1": ["t-1"], "ba-2": []}


def test_an_account_that_is_locked_for_long_delays_itself_alone(new_postgresql: Callable[[], str]) -> None:
    database = Database(url := new_postgresql())
    try:
        platform = _platform(database, url, Limits(requests_per_second=0))
        platform.link("ba-1")
        platform.link("ba-2", account="acc-002")
        locks = ("source_accounts WHERE id = 'acc-001'", "feeds WHERE bank_account_id = 'ba-1'")
        for number, locked in enumerate(locks, 1):
            asked, other = (push(each, *lines("2026-02-01", start=number)) for each in ("acc-001", "acc-002"))
            with psycopg.connect(url) as holder:
                holder.execute(f"SELECT 1 FROM {locked} FOR UPDATE".encode())  # noqa: S608 - written here
                with busy(database):
                    held, free = begin(platform, asked), begin(platform, other)
                assert held is not None
                assert held.stored.result(20) is None
                assert isinstance(ended(platform, other, free), PushOperation), "while the lock is held"
            assert isinstance(ended(platform, asked, None), PushOperation)
        platform.run()
        assert platform.sage.stored == {"ba-1": ["t-1", "t-2"], "ba-2": ["t-1", "t-2"]}
    finally:
        database.close()


def test_without_a_database_it_is_told_that_there_is_none(new_postgresql: Callable[[], str]) -> None:
    name = (url := new_postgresql()).rsplit("/", 1)[-1]
    database = Database(url)
    try:
        platform = _platform(database, url, Limits(requests_per_second=0))
        platform.link()
        first = begin(platform, push("acc-001", *lines("2026-02-01")))
        assert first is not None
        assert first.stored.result(20) is not None
        with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        begun = accepting.begin(platform.world, "api:test", push("acc-001", *lines("2026-02-02", start=2)))
        assert begun is not None
        with pytest.raises(Unavailable):
            begun.stored.result(20)
    finally:
        database.close()


def test_the_queries_find_accounts_by_their_index_whatever_their_number(
    make: Made, request: pytest.FixtureRequest
) -> None:
    """Not by looking through a table for each push."""
    if "postgresql" in request.node.name:
        pytest.skip("its planner goes by the tables' size")
    platform = make("one")

    def plans(tx: Any) -> list[str]:
        cursor = tx.driver_cursor()
        found = []
        for statement in (together_sqlite._FIND, together_sqlite._ACCOUNTS):
            found += [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", ("[]",)).fetchall()]
        return found

    steps = platform.world.db.write(plans)
    assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step and "given" not in step]
