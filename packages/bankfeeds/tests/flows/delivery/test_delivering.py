"""Every line in Sage exactly once, in order, in the right account, none before its start date: whatever happens."""

import random
from datetime import timedelta
from typing import Any

import pytest

from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.flows import deliver, pushes, settle
from bankfeeds.store import feeds

DAYS = [f"2026-02-{day:02d}" for day in range(1, 11)]
POINTS = ["deliver: after prepare", "deliver: after call", "deliver: after settle"]
TROUBLES = ["refused connection", "throttled", "lost question", "lost answer", "fails at once"]


def ids(count: int, first: int = 1) -> list[str]:
    return [f"t-{number}" for number in range(first, first + count)]


def test_lines_arrive_in_order_and_the_push_succeeds(platform: Any, make_lines: Any) -> None:
    platform.link()
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    done = platform.operation(push)
    assert done.status.value == "Success"
    assert done.completed_at is not None
    assert platform.account().balance == push.balance


def test_lines_waiting_from_several_pushes_go_in_one_statement(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    for number, day in enumerate(DAYS, 1):
        platform.push(*make_lines(day, start=number))
    before = len(platform.sage.offers)
    platform.run()
    assert len(platform.sage.offers) == before + 1
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_linked_account_is_introduced_by_a_statement_without_lines(platform: Any) -> None:
    platform.link()
    platform.run()
    (opening,) = platform.sage.offers
    assert opening.statement.kind.value == "opening"
    assert len(opening.batch) == 0
    assert opening.statement.balances is not None


def test_an_old_balance_is_not_introduced(platform: Any) -> None:
    platform.clock.advance(25 * 3600)
    platform.link()
    platform.run()
    assert platform.sage.offers[0].statement.balances is None


def test_no_statement_spans_more_than_fourteen_days(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-01-01", "2026-01-15", "2026-01-16", "2026-02-20"))
    platform.run()
    sent = [list(offer.batch.columns.ids) for offer in platform.sage.offers if offer.batch]
    assert sent == [["t-1", "t-2"], ["t-3"], ["t-4"]]


def test_no_statement_has_more_than_a_thousand_lines(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*["2026-02-01"] * 1000))
    platform.push(*make_lines(*["2026-02-01"] * 500, start=1001))
    platform.run()
    assert [len(offer.batch) for offer in platform.sage.offers if offer.batch] == [1000, 500]
    assert platform.sage.stored["ba-1"] == ids(1500)


def test_lines_before_the_start_date_never_leave_and_do_not_hold_the_push_up(platform: Any, make_lines: Any) -> None:
    platform.link(start="2026-02-03")
    push = platform.push(*make_lines(*DAYS))
    early = platform.operation(push)
    assert early.status.value == "Pending"
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(8, first=3)
    assert platform.operation(push).status.value == "Success"


def test_a_push_of_withheld_lines_only_succeeds_without_a_statement(platform: Any, make_lines: Any) -> None:
    platform.link(start="2026-03-01")
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == []
    assert platform.operation(push).status.value == "Success"


def test_a_feed_without_a_start_date_sends_nothing_until_sage_tells_it(platform: Any, make_lines: Any) -> None:
    platform.link(start=None)
    platform.push(*make_lines(*DAYS))
    for _ in range(5):
        platform.step()
        platform.clock.advance(400)
    assert platform.sage.offers == []
    platform.sage.found = FoundAccount("ba-1", "pending", "2026-02-05T00:00:00Z")
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(6, first=5)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("times", [1, 3])
def test_trouble_on_the_way_neither_loses_nor_doubles(platform: Any, make_lines: Any, trouble: str, times: int) -> None:
    platform.link()
    platform.run()
    push = platform.push(*make_lines(*DAYS))
    platform.sage.troubles = [trouble] * times
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status.value == "Success"


@pytest.mark.parametrize("point", POINTS)
def test_dying_anywhere_neither_loses_nor_doubles(platform: Any, make_lines: Any, point: str) -> None:
    platform.link()
    platform.run()
    push = platform.push(*make_lines(*DAYS))
    platform.crash_at.append(point)
    platform.run()
    assert platform.crash_at == []
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status.value == "Success"


def test_a_statement_that_sage_forgot_is_offered_again(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS))
    platform.sage.follow_troubles = ["processing", "no answer", "lost"]
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_line_that_sage_will_not_take_parks_the_feed_at_that_line(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.sage.unwanted = {"t-7"}
    before = platform.push(*make_lines(*DAYS[:5]))
    at_fault = platform.push(*make_lines(*DAYS[5:], start=6))
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(6)
    (feed,) = platform.feeds()
    assert feed.status.value == "parked"
    assert feed.parked_seq == 7
    assert "t-7" in feed.parked_cause
    assert platform.operation(before).status.value == "Success"
    waiting = platform.operation(at_fault)
    assert waiting.status.value == "Pending"
    assert "t-7" in waiting.warnings[-1].message


def test_a_statement_refused_once_without_a_reason_is_narrowed_and_goes_through(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.unwanted = {"t-3"}
    platform.push(*make_lines(*DAYS))
    platform.step()
    platform.clock.advance(1)
    platform.step()
    platform.sage.unwanted = set()
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_line_that_sage_has_already_is_passed(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.stored["ba-1"] = ["t-4"]
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == ["t-4", *ids(3), *ids(6, first=5)]
    assert platform.operation(push).status.value == "Success"


def test_disconnecting_and_linking_again_gives_the_new_account_everything_from_its_start_date(
    platform: Any, make_lines: Any
) -> None:
    platform.link("ba-1")
    platform.push(*make_lines(*DAYS[:5]))
    platform.run()
    assert platform.unlink("ba-1") == "closed"
    assert platform.account().status.value == "disconnected"
    assert platform.connection().status.value == "Deauthorized"
    assert platform.link("ba-2", start="2026-02-02") == "opened"
    assert platform.account().status.value == "connected"
    assert platform.connection().status.value == "Linked"
    platform.push(*make_lines(*DAYS[5:], start=6))
    platform.run()
    assert platform.sage.stored == {"ba-1": ids(5), "ba-2": ids(9, first=2)}


def test_an_account_linked_by_two_companies_has_two_feeds_and_a_push_waits_for_both(
    platform: Any, make_lines: Any
) -> None:
    platform.link("ba-1")
    platform.link("ba-2")
    push = platform.push(*make_lines(*DAYS))
    platform.sage.unwanted = set()
    platform.run()
    assert platform.sage.stored == {"ba-1": ids(10), "ba-2": ids(10)}
    assert platform.operation(push).status.value == "Success"
    assert platform.unlink("ba-1") == "closed"
    assert platform.account().status.value == "connected"


def test_a_push_fails_when_the_last_feed_closes_before_its_lines_are_in_sage(platform: Any, make_lines: Any) -> None:
    platform.link()
    push = platform.push(*make_lines(*DAYS))
    again = platform.push(*make_lines(*DAYS))
    platform.unlink("ba-1")
    for operation in (push, again):
        failed = platform.operation(operation)
        assert failed.status.value == "Failed"
    platform.run()
    assert platform.sage.stored == {}


def test_a_bank_account_cancelled_at_sage_closes_the_feed(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.cancelled = {"ba-1"}
    platform.sage.found = FoundAccount("ba-1", "cancelled", None)
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.feeds() == []
    assert platform.operation(push).status.value == "Failed"


def test_a_repeated_notification_opens_nothing_twice_and_reopens_nothing(platform: Any) -> None:
    assert platform.link("ba-1") == "opened"
    assert platform.link("ba-1") == "known already"
    platform.unlink("ba-1")
    assert platform.link("ba-1") == "known already"
    assert platform.unlink("ba-1") == "closed already"


def test_a_lost_claim_changes_nothing(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS))
    lease = timedelta(seconds=platform.world.limits.lease_s)
    db = platform.world.db
    (late,) = db.write(lambda tx: feeds.claim_due(tx, "late", platform.clock(), lease, 9))
    plan = db.write(lambda tx: deliver.prepare(tx, platform.world, late))
    assert plan is not None
    platform.clock.advance(lease.total_seconds() + 1)
    platform.run()
    before = platform.feeds()
    answered = deliver.ask(platform.sage, plan.act, platform.account().external_id)
    db.write(lambda tx: settle.settle(tx, platform.world, late, answered))
    assert platform.feeds() == before
    assert db.write(lambda tx: deliver.prepare(tx, platform.world, late)) is None
    assert platform.sage.stored["ba-1"] == ids(10)


def test_production_delivers_nothing_before_the_amount_unit_is_confirmed(platform: Any, make_lines: Any) -> None:
    from dataclasses import replace  # noqa: PLC0415

    platform.world = replace(platform.world, is_production=True)
    platform.link()
    platform.push(*make_lines(*DAYS))
    for _ in range(5):
        platform.step()
        platform.clock.advance(400)
    assert platform.sage.offers == []


def test_the_budget_of_a_listing_spaces_its_requests(make_platform: Any, make_lines: Any) -> None:
    from bankfeeds.flows.context import Limits  # noqa: PLC0415

    platform = make_platform(Limits(requests_per_second=10))
    platform.link()
    platform.link("ba-2")
    platform.push(*make_lines(*DAYS))
    started = platform.clock()
    platform.step()
    assert platform.clock() - started >= timedelta(seconds=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_random_faults_and_deaths_end_with_every_line_once_and_in_order(
    make_platform: Any, make_lines: Any, seed: int
) -> None:
    chance = random.Random(seed)
    platform = make_platform()
    platform.link("ba-1", start="2026-02-03")
    if chance.random() < 0.5:
        platform.link("ba-2", start="2026-01-01")
    sent = 0
    for _ in range(30):
        act = chance.random()
        if act < 0.3 and sent < 40:
            size = chance.randint(1, 6)
            day = DAYS[min(sent // 5, 9)]
            platform.push(*make_lines(*[day] * size, start=sent + 1))
            sent += size
        elif act < 0.5:
            platform.sage.troubles.append(chance.choice(TROUBLES))
        elif act < 0.6:
            platform.sage.follow_troubles.append(chance.choice(["processing", "no answer", "lost"]))
        elif act < 0.7:
            platform.crash_at.append(chance.choice(POINTS))
        platform.step()
        platform.clock.advance(chance.choice([0.1, 1, 30, 100]))
    platform.run(2000)
    for bank_account_id, stored in platform.sage.stored.items():
        days = platform.sage.days.get(bank_account_id, [])
        assert stored == [f"t-{n}" for n in range(1, sent + 1)][sent - len(stored) :], f"seed {seed}"
        assert days == sorted(days)
    if "ba-2" in platform.sage.stored:
        assert len(platform.sage.stored["ba-2"]) == sent
    assert all(feed.cursor == platform.account().last_seq for feed in platform.feeds())


def test_a_statement_knows_the_pushes_whose_lines_it_carries(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    early = platform.push(*make_lines("2026-02-01"))
    platform.run()
    pushed = [platform.push(*make_lines("2026-02-02", "2026-02-02", start=start)) for start in (2, 4)]
    platform.run()
    assert pushes.keys_carried(platform.world, platform.sage.offers[-1]) == [each.key for each in pushed]
    assert pushes.keys_carried(platform.world, platform.sage.offers[-2]) == [early.key]
    assert pushes.keys_carried(platform.world, platform.sage.offers[0]) == []
