"""A feed that stands still is seen, with its cause, what to do, and for how long lines have waited."""

import io
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from bankfeeds import logs
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.flows import complain, deliver, overview
from bankfeeds.flows.figures import figures
from bankfeeds.store import feeds
from bankfeeds.work import alarms
from bankfeeds.work.loop import Workers

from ..test_outbox import facts, happened, subscribe
from .operators import DAYS, audit_rows, park


def test_a_parked_feed_says_why_and_what_to_do(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    platform.clock.advance(60)
    health = overview.health(platform.world)
    (feed,) = health.parked
    assert not health.is_well
    assert "Sage refuses transaction 't-3' of 2026-02-03" in (feed.parked_cause or "")
    assert "bankfeeds feeds resume ba-1" in (feed.next_step or "")
    assert "bankfeeds feeds skip ba-1 --line t-3" in (feed.next_step or "")
    assert feed.lines_waiting == 8


def test_a_feed_shows_its_refused_statements(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    detail = overview.feed(platform.world, "ba-1")
    newest = detail.statements[0]
    assert (newest.status, newest.line_count, newest.refusal) == ("refused", 1, "SCHEMA_INVALID")
    assert newest.problems == ("statement: SCHEMA_INVALID something is wrong",)
    assert detail.in_flight is None


def test_the_age_of_the_oldest_waiting_line_counts_from_its_acceptance(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    first = overview.health(platform.world).oldest_waiting["default"]
    platform.clock.advance(3600)
    platform.push(*make_lines("2026-02-11", start=11))
    assert overview.health(platform.world).oldest_waiting == {"default": first}
    now = figures(platform.world)
    assert now.oldest_waiting_s["default"] >= 3600
    assert (now.feeds[FeedStatus.parked], now.feeds_held, now.pushes_pending) == (1, 0, 2)


def test_lines_stored_before_a_feed_opened_wait_only_since_then(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.push(*make_lines(*DAYS))
    platform.run()
    platform.clock.advance(86400)
    platform.link("ba-2")
    assert overview.health(platform.world).oldest_waiting == {"default": platform.clock()}
    assert overview.feed(platform.world, "ba-2").feed.oldest_waiting_at == platform.clock()


def test_parking_is_told_the_moment_it_happens_and_again_while_it_lasts(
    platform: Any, make_lines: Any, logged: io.StringIO
) -> None:
    alarms.remind(platform.world)
    assert logged.getvalue() == ""
    alarms.tell(park_by_steps(platform, make_lines))
    alarms.remind(platform.world)
    first, second = (json.loads(line) for line in logged.getvalue().splitlines())
    assert (first["event"], first["level"], first["bank_account"]) == ("feed parked", "error", "ba-1")
    assert "t-3" in first["cause"]
    assert "bankfeeds doctor" in first["remedy"]
    assert (second["event"], second["level"], second["count"]) == ("feeds are parked", "error", 1)
    assert second["bank_accounts"] == ["ba-1"]


def test_parking_is_told_to_who_subscribed_once(platform: Any, make_lines: Any) -> None:
    subscribe(platform.world, "bankFeeds.feed.parked")
    park(platform, make_lines)
    assert happened(platform.world) == ["feed parked"]
    (told,) = facts(platform.world)
    assert (told["bankAccountId"], told["line"]) == ("ba-1", "t-3")
    assert "Sage refuses" in told["cause"]


@pytest.mark.slow
def test_a_running_worker_logs_the_feed_it_parks(platform: Any, make_lines: Any, logged: io.StringIO) -> None:
    platform.world = replace(platform.world, clock=lambda: datetime.now(UTC), reports_sync_failures=True)
    platform.link()
    platform.sage.unwanted = {"t-3"}
    platform.push(*make_lines(*DAYS))
    workers = Workers(platform.world, "test")
    workers.start()
    deadline = time.monotonic() + 30
    while not platform.sage.complaints and time.monotonic() < deadline:
        time.sleep(0.02)
    workers.stop()
    told = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["bank_account"] for line in told if line["event"] == "feed parked"] == ["ba-1"]
    assert len(platform.sage.complaints) == 1


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the log says, one JSON object a line; the log of other tests is as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.set_up("info", "json", stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def park_by_steps(platform: Any, make_lines: Any) -> Any:
    """As the worker does, for what the parking step answers."""
    platform.link()
    platform.sage.unwanted = {"t-3"}
    platform.push(*make_lines(*DAYS))
    for _ in range(200):
        now = platform.clock()
        for claim in platform.world.db.write(
            lambda tx, now=now: feeds.claim_due(tx, "test", now, timedelta(seconds=60), 9)
        ):
            parked = deliver.step(platform.world, claim)
            if parked is not None:
                return parked
        platform.clock.advance(1)
    raise AssertionError("it never parked")


@pytest.mark.parametrize(("is_on", "reports"), [(True, 1), (False, 0)])
def test_a_parked_feed_is_reported_to_sage_once_if_that_is_wanted(
    platform: Any, make_lines: Any, is_on: Any, reports: int
) -> None:
    platform.world = replace(platform.world, reports_sync_failures=is_on)
    complain.report(platform.world, park_by_steps(platform, make_lines))
    assert len(platform.sage.complaints) == reports
    rows = audit_rows(platform, "feed.complain")
    assert [row.reason for row in rows] == ["Sage took the report"] * reports
