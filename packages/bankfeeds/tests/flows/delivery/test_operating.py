"""What operators do to feeds: refused where it makes no sense, changing nothing; else every line ends up in Sage once."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bankfeeds.domain.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.listing import AmountUnit
from bankfeeds.flows import listings, operate, overview, pausing, reauthorise
from bankfeeds.flows.pausing import Target
from bankfeeds.store import feeds
from bankfeeds.store import listings as stored_listings

from .operators import ANN, DAYS, WHY, audit_rows, ids, park, refuses

VERBS = {
    "resume": lambda world, name: operate.resume(world, ANN, name, WHY),
    "skip": lambda world, name: operate.skip(world, ANN, name, "t-3", WHY),
    "resend": lambda world, name: operate.resend(world, ANN, name, "t-3", WHY),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", ["ba-9", "9", "", "99999999999999999999", "-1", "ba 1", "\udcff"])
def test_a_feed_that_is_not_there_is_refused(platform: Any, verb: str, name: str) -> None:
    platform.link()
    refuses(platform, lambda: VERBS[verb](platform.world, name), NotFound, "feeds list")


@pytest.mark.parametrize("verb", VERBS)
def test_a_closed_feed_stays_closed(platform: Any, make_lines: Any, verb: str) -> None:
    park(platform, make_lines)
    platform.unlink("ba-1")
    refuses(platform, lambda: VERBS[verb](platform.world, "ba-1"), Conflict, "closed for good")


@pytest.mark.parametrize("verb", ["resume", "skip"])
def test_a_feed_that_is_not_parked_is_neither_resumed_nor_skipped(platform: Any, make_lines: Any, verb: str) -> None:
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.run()
    refuses(platform, lambda: VERBS[verb](platform.world, "ba-1"), Conflict, "not parked")


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1001, "nul \0"])
def test_nothing_is_done_without_a_reason(platform: Any, make_lines: Any, reason: str) -> None:
    park(platform, make_lines)
    world = platform.world
    acts = [
        lambda: operate.resume(world, ANN, "ba-1", reason),
        lambda: operate.skip(world, ANN, "ba-1", "t-3", reason),
        lambda: operate.resend(world, ANN, "ba-1", "t-1", reason),
        lambda: pausing.pause(world, ANN, Target(), reason),
        lambda: pausing.resume(world, ANN, Target(), reason),
        lambda: reauthorise.ask(world, ANN, "ext-acc-001", reason),
        lambda: listings.confirm(world, ANN, "default", AmountUnit.minor, "a letter", reason),
        lambda: listings.withdraw_confirmation(world, ANN, "default", reason),
    ]
    for act in acts:
        refuses(platform, act, Invalid, "say why")


@pytest.mark.parametrize("line", ["t-2", "t-4", "t-99", ""])
def test_only_the_line_a_feed_is_parked_at_is_skipped(platform: Any, make_lines: Any, line: str) -> None:
    park(platform, make_lines)
    refuses(platform, lambda: operate.skip(platform.world, ANN, "ba-1", line, WHY), Conflict, "parked at line t-3")


def test_a_statement_without_lines_cannot_be_skipped(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.sage.refuses_everything = True
    platform.run()
    act = lambda: operate.skip(platform.world, ANN, "ba-1", "t-1", WHY)  # noqa: E731
    refuses(platform, act, Conflict, "without lines")


def test_lines_that_were_never_accepted_or_not_sent_yet_are_not_sent_again(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    resend = lambda line: lambda: operate.resend(platform.world, ANN, "ba-1", line, WHY)  # noqa: E731
    refuses(platform, resend("t-99"), NotFound, "no line t-99")
    refuses(platform, resend("\udcff"), NotFound, "no line")
    refuses(platform, resend("t-3"), Conflict, "not sent")
    refuses(platform, resend("t-7"), Conflict, "not sent")


def test_nothing_is_sent_again_while_a_statement_is_in_flight(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines(*DAYS[:5]))
    platform.run()
    platform.push(*make_lines(*DAYS[5:], start=6))
    platform.step()
    act = lambda: operate.resend(platform.world, ANN, "ba-1", "t-1", WHY)  # noqa: E731
    refuses(platform, act, Unavailable, "in flight")
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_name_that_two_listings_share_is_told_apart_by_number(platform: Any, make_lines: Any) -> None:
    platform.link()
    add_listing(platform, "other")
    platform.world.db.write(
        lambda tx: feeds.insert(tx, "other", platform.account("acc-002").pk, "ba-1", None, 0, platform.clock())
    )
    refuses(platform, lambda: operate.resume(platform.world, ANN, "ba-1", WHY), Conflict, "feed's number")
    numbers = [feed.number for feed in overview.feeds(platform.world)]
    assert [overview.feed(platform.world, str(number)).feed.listing for number in numbers] == ["default", "other"]


def add_listing(platform: Any, listing_id: str) -> None:
    def run(tx: Any) -> None:
        sealed = stored_listings.sealed(tx, "default")
        assert sealed is not None
        stored_listings.insert(tx, replace(stored_listings.get(tx, "default"), id=listing_id), sealed)

    platform.world.db.write(run)


def test_a_resumed_feed_offers_the_same_line_again_and_goes_on(platform: Any, make_lines: Any) -> None:
    push = park(platform, make_lines)
    platform.sage.unwanted = set()
    operate.resume(platform.world, ANN, "ba-1", WHY)
    before = len(platform.sage.offers)
    platform.run()
    assert platform.sage.offers[before].batch.columns.ids[0] == "t-3"
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status.value == "Success"
    assert platform.operation(push).warnings == ()


def test_a_feed_resumed_too_early_parks_again_at_the_same_line(platform: Any, make_lines: Any) -> None:
    push = park(platform, make_lines)
    (before,) = platform.feeds()
    operate.resume(platform.world, ANN, "ba-1", WHY)
    platform.run()
    (after,) = platform.feeds()
    assert (after.status, after.parked_seq, after.cursor) == (FeedStatus.parked, before.parked_seq, before.cursor)
    assert platform.operation(push).status.value == "Pending"


def test_resuming_says_who_when_and_why(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    operate.resume(platform.world, ANN, "ba-1", f"  {WHY} ")
    (row,) = audit_rows(platform, "feed.resume")
    assert (row.at, row.actor, row.subject, row.reason) == (platform.clock(), ANN, "account:ext-acc-001", WHY)
    assert row.detail["bankAccountId"] == "ba-1"
    assert "t-3" in row.detail["cause"]


def test_a_skipped_line_fails_its_push_at_once_and_the_rest_arrives(platform: Any, make_lines: Any) -> None:
    push = park(platform, make_lines)
    later = platform.push(*make_lines("2026-02-11", start=11))
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    failed = platform.operation(push)
    assert failed.status.value == "Failed"
    assert "'t-3' of 2026-02-03 was skipped" in (failed.error_message or "")
    assert failed.warnings == ()
    platform.run()
    assert platform.sage.stored["ba-1"] == ["t-1", "t-2", *ids(8, first=4)]
    assert platform.operation(later).status.value == "Success"
    assert platform.operation(push).status.value == "Failed"


def test_a_skip_stays_visible_as_a_gap(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.run()
    (mark,) = overview.feed(platform.world, "ba-1").marks
    assert (mark.line, mark.seq, mark.mark, mark.reason) == ("t-3", 3, "skipped", WHY)


def test_a_push_that_repeats_a_skipped_line_fails_as_well(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    repeat = platform.push(*make_lines(*DAYS))
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    assert platform.operation(repeat).status.value == "Failed"


def test_a_second_bad_line_parks_the_feed_again_behind_the_skipped_one(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    platform.sage.unwanted = {"t-3", "t-4"}
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.run()
    assert overview.feed(platform.world, "ba-1").feed.parked_line == "t-4"
    operate.skip(platform.world, ANN, "ba-1", "t-4", WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ["t-1", "t-2", *ids(6, first=5)]


def test_skipping_the_last_line_leaves_nothing_waiting(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines, at="t-10")
    operate.skip(platform.world, ANN, "ba-1", "t-10", WHY)
    view = overview.feed(platform.world, "ba-1").feed
    assert (view.lines_waiting, view.oldest_waiting_at) == (0, None)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(9)


def test_a_skip_in_a_feed_opened_after_the_push_does_not_fail_it(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.run()
    push = platform.push(*make_lines(*DAYS))
    platform.link("ba-2")
    platform.sage.unwanted_in = "ba-2"
    platform.sage.unwanted = {"t-3"}
    platform.run()
    operate.skip(platform.world, ANN, "ba-2", "t-3", WHY)
    assert platform.operation(push).status.value == "Success"


def test_lines_that_sage_lost_are_sent_again(platform: Any, make_lines: Any) -> None:
    platform.link()
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    platform.sage.stored["ba-1"] = ids(4)
    operate.resend(platform.world, ANN, "ba-1", "t-5", WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status.value == "Success"


@pytest.mark.parametrize("lost", [{"t-5"}, {"t-2", "t-6", "t-7"}, {"t-1", "t-10"}, set()])
def test_lines_that_sage_still_has_are_passed_when_sent_again(platform: Any, make_lines: Any, lost: set[str]) -> None:
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.run()
    platform.sage.stored["ba-1"] = [line for line in ids(10) if line not in lost]
    operate.resend(platform.world, ANN, "ba-1", "t-1", WHY)
    platform.run()
    assert sorted(platform.sage.stored["ba-1"]) == sorted(ids(10))
    (feed,) = platform.feeds()
    assert (feed.status, feed.cursor) == (FeedStatus.open, 10)


def test_resending_opens_a_parked_feed_and_keeps_its_skips(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = {"t-3", "t-8"}
    platform.run()
    assert overview.feed(platform.world, "ba-1").feed.parked_line == "t-8"
    platform.sage.unwanted = {"t-3"}
    platform.sage.stored["ba-1"] = []
    operate.resend(platform.world, ANN, "ba-1", "t-1", WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ["t-1", "t-2", *ids(7, first=4)]


def test_resending_forgets_that_sage_had_the_lines(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.sage.stored["ba-1"] = ids(2)
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert [mark.mark for mark in overview.feed(platform.world, "ba-1").marks] == ["inSage", "inSage"]
    platform.sage.stored["ba-1"] = []
    operate.resend(platform.world, ANN, "ba-1", "t-2", WHY)
    assert [mark.line for mark in overview.feed(platform.world, "ba-1").marks] == ["t-1"]
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(9, first=2)


@pytest.mark.parametrize("seed", range(12))
def test_operators_at_any_moment_neither_lose_nor_double(make_platform: Any, make_lines: Any, seed: int) -> None:
    chance = random.Random(seed)
    platform = make_platform()
    platform.link()
    platform.sage.unwanted = {"t-4", "t-9"}
    sent, skipped = 0, set[str]()
    for _ in range(60):
        act = chance.random()
        if act < 0.2 and sent < 40:
            size = chance.randint(1, 6)
            platform.push(*make_lines(*[DAYS[min(sent // 5, 9)]] * size, start=sent + 1))
            sent += size
        elif act < 0.3:
            platform.sage.troubles.append(chance.choice(["lost answer", "lost question", "throttled"]))
        elif act < 0.7 and sent:
            skipped |= operate_somehow(platform, chance, sent)
        platform.step()
        platform.clock.advance(chance.choice([0.1, 1, 30, 100]))
    platform.sage.unwanted = set()
    for pause in overview.health(platform.world).pauses:
        pausing.resume(platform.world, ANN, target_of(pause.scope), WHY)
    for feed in overview.feeds(platform.world, parked_only=True):
        operate.resume(platform.world, ANN, feed.bank_account_id, WHY)
    platform.run(2000)
    assert platform.sage.stored["ba-1"] == [line for line in ids(sent) if line not in skipped], f"seed {seed}"
    assert overview.feed(platform.world, "ba-1").feed.lines_waiting == 0


def operate_somehow(platform: Any, chance: Any, sent: int) -> set[str]:
    """One verb, fit or not; the line it skipped, if it did."""
    line = f"t-{chance.randint(1, sent)}"
    parked = overview.feed(platform.world, "ba-1").feed.parked_line
    target = chance.choice([Target(), Target(listing="default"), Target(account="ext-acc-001")])
    verb: Callable[[], object] = chance.choice(
        [
            lambda: operate.resume(platform.world, ANN, "ba-1", WHY),
            lambda: operate.resend(platform.world, ANN, "ba-1", line, WHY),
            lambda: pausing.pause(platform.world, ANN, target, WHY),
            lambda: pausing.resume(platform.world, ANN, target, WHY),
        ]
    )
    try:
        if parked is not None and chance.random() < 0.3:
            operate.skip(platform.world, ANN, "ba-1", parked, WHY)
            return {parked}
        verb()
    except Refusal:
        pass
    return set()


def target_of(scope: str) -> Target:
    kind, _, name = scope.partition(":")
    return Target() if kind == "platform" else Target(**{kind: name})
