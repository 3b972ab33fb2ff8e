"""SQLite: small pushes that wait for the writer at the same time are stored together, and it shows nowhere."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.errors import Invalid
from bankfeeds.flows import accept as accepting
from bankfeeds.flows.context import Limits
from bankfeeds.store import small_pushes
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database

from .conftest import Platform, Sent, _platform, lines

TABLES = (t.lines, t.pushes, t.source_accounts, t.feeds, t.audit)
COMPANY, CONNECTION = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
Call = Callable[[], Any]


@pytest.fixture
def make(tmp_path: Path) -> Any:
    opened: list[Database] = []

    def make(name: str) -> Platform:
        url = f"sqlite:///{tmp_path / name}.db"
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
def platform(make: Any) -> Platform:
    return make("one")


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the groups that were tried."""
    sizes: list[int] = []
    real = small_pushes.store
    monkeypatch.setattr(small_pushes, "store", lambda cursor, pushes: sizes.append(len(pushes)) or real(cursor, pushes))
    return sizes


def at_once(platform: Platform, *calls: Call) -> list[Any]:
    """The calls' answers or refusals; all of them wait while the writer is busy with something else."""
    database, begun, gate = platform.world.db, threading.Event(), threading.Event()
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        busy = pool.submit(database.write, lambda _tx: begun.set() or gate.wait(20))
        assert begun.wait(20)
        asked = []
        for number, each in enumerate(calls, 1):
            asked.append(pool.submit(each))
            wait_for(lambda number=number: database._jobs.qsize() == number)
        gate.set()
        busy.result()
        return [future.exception() or future.result() for future in asked]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def push(platform: Platform, account: str, *items: Any, timeout_minutes: int | None = None) -> Call:
    """With the account's currency known already, so that only the write waits."""
    sent = [Sent(item) for item in items]
    request = accepting.PushRequest(COMPANY, CONNECTION, account, account, sent, timeout_minutes)
    accepting._currency(platform.world, request, platform.clock())
    return lambda: accepting.accept(platform.world, "api:test", request)


def stored(platform: Platform) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: platform.world.db.read(
            lambda tx, table=table: [
                dict(row._mapping) for row in tx.rows(sa.select(table).order_by(*table.primary_key))
            ]
        )
        for table in TABLES
    }


def test_what_is_stored_together_is_what_would_be_stored_one_by_one(make: Any, groups: list[int]) -> None:
    together, alone = make("together"), make("alone")
    for platform, runs in ((together, at_once), (alone, lambda _platform, *calls: [call() for call in calls])):
        calls = [
            push(platform, "acc-001", *lines("2026-02-01", "2026-02-02"), timeout_minutes=5),
            push(platform, "acc-002", *lines("2026-02-03", amount="12.34")),
        ]
        answers = runs(platform, *calls)
        assert [(each.first_seq, each.last_seq) for each in answers] == [(1, 2), (1, 1)]
    assert groups == [2]
    assert stored(together) == stored(alone)


def test_two_of_one_account_are_stored_one_after_the_other(platform: Platform, groups: list[int]) -> None:
    first, other, second = at_once(
        platform,
        push(platform, "acc-001", *lines("2026-02-01")),
        push(platform, "acc-002", *lines("2026-02-01")),
        push(platform, "acc-001", *lines("2026-02-02", start=2)),
    )
    assert (first.first_seq, other.first_seq, second.first_seq) == (1, 1, 2)
    assert groups == [3]


def test_a_known_line_goes_the_careful_way_and_disturbs_nobody(platform: Platform, groups: list[int]) -> None:
    push(platform, "acc-001", *lines("2026-02-01"))()
    again, other = at_once(
        platform,
        push(platform, "acc-001", *lines("2026-02-01", "2026-02-02")),
        push(platform, "acc-002", *lines("2026-02-01", "2026-02-02")),
    )
    assert (again.first_seq, again.last_seq, len(again.warnings)) == (2, 2, 1)
    assert (other.first_seq, other.last_seq) == (1, 2)
    assert groups == [2]
    platform.run()
    assert platform.sage.stored == {"ba-1": ["t-1", "t-2"], "ba-2": ["t-1", "t-2"]}


def test_one_that_is_refused_leaves_nothing_and_the_others_everything(platform: Platform, groups: list[int]) -> None:
    push(platform, "acc-001", *lines("2026-02-05"))()
    refused, other = at_once(
        platform,
        push(platform, "acc-001", *lines("2026-02-01", start=9)),
        push(platform, "acc-002", *lines("2026-02-01")),
    )
    assert isinstance(refused, Invalid)
    assert other.first_seq == 1
    assert groups == [2]
    assert [row["id"] for row in stored(platform)["lines"]] == ["t-1", "t-1"]


def test_lines_dated_before_the_start_are_not_among_those_stored_together(
    platform: Platform, groups: list[int]
) -> None:
    early, other = at_once(
        platform,
        push(platform, "acc-001", *lines("2025-12-01")),
        push(platform, "acc-002", *lines("2026-02-01")),
    )
    assert [flaw.message for flaw in early.warnings] == [
        "1 dated before 2026-01-01, the start date chosen in Sage: withheld, never sent"
    ]
    assert other.warnings == ()
    assert groups == [2]


def test_the_queries_find_accounts_by_their_index_whatever_their_number(platform: Platform) -> None:
    """Not by looking through a table for each push."""

    def plans(tx: Any) -> list[str]:
        cursor = tx.driver_cursor()
        found = []
        for statement in (small_pushes._FIND, small_pushes._ACCOUNTS):
            found += [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", ("[]",)).fetchall()]
        return found

    steps = platform.world.db.write(plans)
    assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step and "given" not in step]
