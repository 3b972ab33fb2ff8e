"""Faults that a hostile reading found, each with the life in which it showed."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.outcome import Deferred, Problem, Rejected, Taken, Unknown
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import deliver, overview, reauthorise, recover
from bankfeeds.flows.context import Limits
from bankfeeds.sage.client import Reply, _retry_after
from bankfeeds.sage.destination import SageDestination
from bankfeeds.sage.translate import Options
from bankfeeds.store import budgets, feeds
from bankfeeds.store import tables as t
from bankfeeds.work.loop import Workers

from .conftest import _listing


def test_a_line_refused_without_a_reason_parks(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    real = platform.sage._process
    platform.sage._process = lambda d: Rejected("Sage says failed") if "t-1" in d.batch.columns.ids else real(d)
    platform.push(*make_lines("2026-02-01"))
    for _ in range(300):
        platform.step()
        platform.clock.advance(61)
    (feed,) = platform.feeds()
    assert feed.status is FeedStatus.parked


def steps(platform, n=60):
    bugs = []
    for _ in range(n):
        claims = platform.world.db.write(
            lambda tx: feeds.claim_due(tx, "t", platform.clock(), timedelta(seconds=60), 9)
        )
        for c in claims:
            try:
                deliver.step(platform.world, c)
            except Exception as e:  # noqa: BLE001 - whatever it is, it is the finding
                bugs.append(repr(e))
        platform.clock.advance(61)
    return bugs


def test_a_refused_opening_statement_parks_and_is_no_bug(platform: Any) -> None:
    platform.sage._process = lambda d: Rejected("Sage answered 400")
    platform.link()
    bugs = steps(platform)
    (feed,) = platform.feeds()
    assert not bugs
    assert feed.status is FeedStatus.parked
    assert not feed.is_introduced


def test_a_refused_question_for_authorisation_is_not_taken_for_told(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage._process = lambda d: Rejected("Sage answered 422")
    reauthorise.ask(platform.world, "operator:a", "ext-acc-001", "because")
    bugs = steps(platform)
    (feed,) = platform.feeds()
    assert not bugs
    assert feed.status is FeedStatus.parked


def test_an_opening_refused_at_once_is_not_taken_for_delivered(platform: Any) -> None:
    platform.sage.offer = lambda d: Rejected("Sage answered 422")
    platform.link()
    steps(platform)
    (feed,) = platform.feeds()
    assert not feed.is_introduced
    assert feed.status is FeedStatus.parked


def test_a_push_ends_when_the_feed_it_still_waited_for_closes(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2")
    platform.run()
    platform.sage.unwanted, platform.sage.unwanted_in = {"t-2"}, "ba-2"
    push = platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.run()
    assert platform.operation(push).status is PushStatus.pending
    platform.unlink("ba-2")
    platform.run()
    assert platform.operation(push).status is PushStatus.success
    assert platform.account().balance == 998


def test_lines_of_the_first_feed_move_on(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.run()
    reauthorise.ask(platform.world, "operator:a", "ext-acc-001", "because")
    platform.run()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.run()
    assert platform.sage.stored.get("ba-1", []) == []
    platform.link("ba-2")
    platform.run()
    assert platform.account().needs_reauthorisation or platform.sage.stored["ba-1"] == ["t-1", "t-2"]


def test_after_the_renewal_sage_is_not_told_authrequired_again(platform: Any) -> None:
    platform.link("ba-1")
    platform.run()
    platform.sage.troubles = ["lost answer"]
    reauthorise.ask(platform.world, "operator:a", "ext-acc-001", "because")
    platform.step()
    assert platform.sage.statuses["ba-1"][-1] == "authRequired"  # Sage has it and asks its user
    platform.sage.statuses["ba-1"].append("active")  # who renews at Sage
    platform.world.db.write(lambda tx: reauthorise.renewed(tx, platform.account(), platform.clock()))
    platform.run()
    assert platform.sage.statuses["ba-1"][-1] == "active"


def test_one_silly_retry_after_does_not_stop_a_listing_for_years(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    real, once = platform.sage.offer, [1]

    def offer(d):
        return Deferred("slow", _retry_after("999999999"), throttled=True) if once and once.pop() else real(d)

    platform.sage.offer = offer
    platform.push(*make_lines("2026-02-01"))
    platform.step()
    platform.clock.advance(86400)
    platform.run()
    assert platform.sage.stored.get("ba-1") == ["t-1"]


def test_a_retry_after_past_what_a_date_holds_crashes_no_step(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.offer = lambda d: Deferred("slow", _retry_after("9" * 20), throttled=True)
    platform.push(*make_lines("2026-02-01"))
    platform.step()


def test_a_worker_does_not_sleep_past_its_lease(make_platform: Any, make_lines: Any) -> None:
    platform = make_platform(Limits(requests_per_second=10))
    platform.link()
    platform.step()
    platform.clock.advance(5)
    claims = platform.world.db.write(lambda tx: feeds.claim_due(tx, "t", platform.clock(), timedelta(seconds=60), 9))
    # another worker hears 429 with Retry-After 3600 between this claim and its step
    platform.world.db.write(lambda tx: budgets.hold(tx, "default", platform.clock() + timedelta(hours=1)))
    before = platform.clock()
    deliver.step(platform.world, claims[0])
    slept = platform.clock() - before
    assert slept < timedelta(seconds=60)


def test_a_gateway_that_answers_404_to_everything_closes_no_feed(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines("2026-02-01"))
    platform.sage.offer = lambda d: Rejected("Sage answered 404", (), gone=True)
    platform.sage.find = lambda e: None  # 404 there too
    platform.step()
    assert len(platform.feeds()) == 1


def test_a_check_without_an_answer_narrows_nothing(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.sage.offer = lambda d: Rejected("Sage answered 404", (), gone=True)
    platform.sage.find = lambda e: Deferred("slow down", 1.0, throttled=True)
    for _ in range(60):
        platform.step()
        platform.clock.advance(61)
    (feed,) = platform.feeds()
    assert feed.status is FeedStatus.open
    assert feed.window is None


def loud(platform):
    return not overview.health(platform.world).is_well


def turn(platform, n=400):
    for _ in range(n):
        platform.step()
        platform.clock.advance(61)


def test_a_feed_whose_account_query_answers_another_link_is_heard_of(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1", start=None)
    platform.sage.found = FoundAccount("ba-2", "active", "2026-01-01")
    platform.push(*make_lines("2026-02-01"))
    turn(platform)
    assert platform.sage.stored.get("ba-1") == ["t-1"] or loud(platform)


def test_a_line_at_which_sage_always_breaks_is_heard_of(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    real = platform.sage.offer
    platform.sage.offer = lambda d: Unknown("Sage answered 500") if "t-2" in d.batch.columns.ids else real(d)
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    turn(platform)
    assert loud(platform)


def test_a_statement_that_never_ends_is_heard_of(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.follow = Taken
    platform.push(*make_lines("2026-02-01"))
    turn(platform)
    assert loud(platform)


def test_a_clock_set_right_again_stops_nothing(make_platform: Any, make_lines: Any, request: Any) -> None:
    platform = make_platform(Limits(requests_per_second=10))
    platform.link()
    platform.run()
    platform.clock.advance(86400)  # wrong for a moment: one statement is delivered meanwhile
    platform.push(*make_lines("2026-02-01"))
    platform.step()
    platform.clock.advance(-86400)  # set right
    platform.push(*make_lines("2026-02-02", start=2))
    platform.clock.advance(600)
    for _ in range(30):
        platform.step()
        platform.clock.advance(20)
    assert platform.sage.stored["ba-1"] == ["t-1", "t-2"]


def test_an_outage_uses_no_look_up(platform: Any) -> None:
    platform.sage.find = lambda e: Unknown("Sage answered 500")
    platform.clock.advance(17 * 60)
    recover.check_reported(platform.world)
    platform.sage.find = lambda e: FoundAccount("ba-" + e, "active", "2026-01-01")
    for _ in range(10):
        platform.clock.advance(60)
        recover.check_reported(platform.world)
    assert platform.feeds()


def test_one_line_refused_as_duplicate_after_a_lost_answer_has_landed(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    real = platform.sage._process

    def process(d):
        o = real(d)
        return (
            Rejected(o.reason, (Problem("DUPLICATE_TRANSACTION", "duplicate", None, duplicate=True),))
            if isinstance(o, Rejected)
            else o
        )

    platform.sage._process = process
    platform.sage.troubles = ["lost answer"]
    platform.push(*make_lines("2026-02-01"))
    platform.run()
    (feed,) = platform.feeds()
    assert feed.status is FeedStatus.open
    assert feed.cursor == 1


def test_stopping_does_not_wait_for_a_budget(make_platform: Any, make_lines: Any) -> None:
    platform = make_platform(Limits(requests_per_second=10))

    def clock():
        return datetime.now(UTC)

    inside = threading.Event()
    real = budgets.reserve

    def reserve(tx, listing, now, rate):
        real(tx, listing, now, rate)
        budgets.hold(tx, listing, now + timedelta(seconds=8))  # another host's 429, just before
        inside.set()
        return real(tx, listing, now, rate)

    world = replace(platform.world, clock=clock, sleep=time.sleep)
    platform.link()
    platform.world.db.write(lambda tx: feeds.wake_listing(tx, "default", platform.clock()))
    budgets.reserve = reserve
    try:
        w = Workers(world, "t")
        w.start()
        assert inside.wait(5)
        t = time.monotonic()
        w.stop()
        took = time.monotonic() - t
    finally:
        budgets.reserve = real
    assert took < 5


def test_putting_off_closes_no_breaker(make_platform: Any, make_lines: Any) -> None:
    platform = make_platform(Limits(requests_per_second=10))
    platform.link()
    platform.run()
    platform.push(*make_lines("2026-02-01"))
    claims = platform.world.db.write(lambda tx: feeds.claim_due(tx, "t", platform.clock(), timedelta(seconds=60), 9))
    for _ in range(8):
        platform.world.db.write(lambda tx: budgets.failed(tx, "default", platform.clock()))  # other workers
    deliver.step(platform.world, claims[0])
    assert platform.world.db.read(lambda tx: tx.value(sa.select(t.budgets.c.failures))) == 8


def test_a_throttled_offer_is_no_refusal(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    real = platform.sage._process
    n = [1]
    platform.sage._process = lambda d: Rejected("failed") if d.batch and n and n.pop() else real(d)
    platform.sage.troubles = ["throttled", "refused connection"]
    platform.push(*make_lines("2026-02-01"))
    platform.run()
    (feed,) = platform.feeds()
    assert feed.status is FeedStatus.open
    assert platform.sage.stored["ba-1"] == ["t-1"]


def test_the_cause_of_a_vanished_address_blames_no_line(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.sage.offer = lambda d: Rejected("Sage answered 404", (), gone=True)
    platform.sage.find = lambda e: None
    platform.step()
    live = platform.feeds()
    assert live
    assert live[0].parked_seq is None
    assert "t-1" not in (live[0].parked_cause or "")


def test_the_query_naming_the_other_link_is_no_proof(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2")
    platform.run()
    platform.sage.found = FoundAccount("ba-2", "active", "2026-01-01")
    platform.push(*make_lines("2026-02-01"))
    real = platform.sage.offer
    once = [1]
    platform.sage.offer = lambda d: (
        Rejected("Sage answered 404", (), gone=True) if d.bank_account_id == "ba-1" and once and once.pop() else real(d)
    )
    platform.run()
    assert {f.bank_account_id for f in platform.feeds()} == {"ba-1", "ba-2"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, b'{"errors":[{"code":"STATEMENT_ALREADY_IN_PROGRESS","message":"wait"}]}'),
        (400, b'{"errors":[{"message":"An unprocessed statement already exists for this account"}]}'),
        (422, b'{"errors":[{"code":"ACCOUNT_ALREADY_CLOSED","message":"closed"}]}'),
    ],
)
def test_a_line_never_offered_before_is_not_passed_on_such_words(
    platform: Any, make_lines: Any, status: Any, body: Any
) -> None:
    platform.link()
    platform.run()
    real = SageDestination(_listing(), SimpleNamespace(call=lambda *a: Reply(status, body)), Options())
    platform.sage.offer = real.offer
    platform.push(*make_lines("2026-02-01"))
    for _ in range(20):
        platform.step()
        platform.clock.advance(61)
    (feed,) = platform.feeds()
    assert feed.cursor == 0, "the line was passed although Sage never had it"


def test_a_look_up_does_not_sleep_through_a_pause(make_platform: Any) -> None:
    platform = make_platform(Limits(requests_per_second=10))
    platform.clock.advance(17 * 60)

    def hold(tx):
        budgets.reserve(tx, "default", platform.clock(), 10)
        budgets.hold(tx, "default", platform.clock() + timedelta(minutes=5))

    platform.world.db.write(hold)
    before = platform.clock()
    recover.check_reported(platform.world)
    assert platform.clock() - before < timedelta(seconds=10)
