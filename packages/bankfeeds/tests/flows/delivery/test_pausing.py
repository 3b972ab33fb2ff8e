"""A pause stops deliveries and nothing else: accepting goes on, and afterwards every line arrives once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.flows import deliver, listings, operate, overview, pausing, settle
from bankfeeds.flows.pausing import Target
from bankfeeds.store import feeds

from .operators import ANN, DAYS, WHY, audit_rows, ids, park, refuses

TARGETS = {
    "platform": Target(),
    "listing": Target(listing="default"),
    "company": Target(company="11111111-1111-4111-8111-111111111111"),
    "account": Target(account="22222222-2222-4222-8222-222222222222/acc-001"),
    "external id": Target(account="ext-acc-001"),
}


@pytest.mark.parametrize("over", TARGETS)
def test_paused_lines_are_accepted_and_wait_and_arrive_afterwards(platform: Any, make_lines: Any, over: str) -> None:
    platform.link()
    platform.run()
    offers = len(platform.sage.offers)
    assert pausing.pause(platform.world, ANN, TARGETS[over], WHY).feeds == 1
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert len(platform.sage.offers) == offers
    assert [flaw.message for flaw in platform.operation(push).warnings] == [
        "deliveries of this account are paused by the operator"
    ]
    assert pausing.resume(platform.world, ANN, TARGETS[over], WHY).feeds == 1
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).warnings == ()


def test_a_pause_holds_no_other_account(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2", account="acc-002")
    pausing.pause(platform.world, ANN, Target(account="ext-acc-001"), WHY)
    platform.push(*make_lines(*DAYS), account="acc-001")
    platform.push(*make_lines(*DAYS), account="acc-002")
    platform.run()
    assert platform.sage.stored == {"ba-2": ids(10)}


def test_a_feed_stays_held_while_another_pause_covers_it(platform: Any, make_lines: Any) -> None:
    platform.link()
    pausing.pause(platform.world, ANN, Target(), WHY)
    assert pausing.pause(platform.world, ANN, Target(listing="default"), WHY).feeds == 0
    done = pausing.resume(platform.world, ANN, Target(), WHY)
    assert (done.feeds, [pause.scope for pause in done.pauses]) == (0, ["listing:default"])
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.offers == []
    pausing.resume(platform.world, ANN, Target(listing="default"), WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


@pytest.mark.parametrize("over", TARGETS)
def test_a_feed_opened_during_a_pause_is_held_from_the_start(platform: Any, make_lines: Any, over: str) -> None:
    pausing.pause(platform.world, ANN, TARGETS[over], WHY)
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.offers == []
    pausing.resume(platform.world, ANN, TARGETS[over], WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_statement_in_flight_is_finished_after_the_pause(platform: Any, make_lines: Any, steps: int) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS))
    for _ in range(steps):
        platform.step()
        platform.clock.advance(1)
    pausing.pause(platform.world, ANN, Target(), WHY)
    offers = len(platform.sage.offers)
    platform.run()
    assert len(platform.sage.offers) == offers
    pausing.resume(platform.world, ANN, Target(), WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_pause_that_begins_during_a_call_lets_its_answer_count(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS))
    db, now = platform.world.db, platform.clock()
    (claim,) = db.write(lambda tx: feeds.claim_due(tx, "test", now, timedelta(seconds=60), 9))
    plan = db.write(lambda tx: deliver.prepare(tx, platform.world, claim))
    assert plan is not None
    pausing.pause(platform.world, ANN, Target(), WHY)
    answered = deliver.ask(platform.sage, plan.act, "ext-acc-001")
    db.write(lambda tx: settle.settle(tx, platform.world, claim, answered))
    detail = overview.feed(platform.world, "ba-1")
    assert detail.in_flight is not None
    assert (detail.in_flight.status, detail.feed.is_paused) == ("taken", True)
    assert platform.step() == 0
    pausing.resume(platform.world, ANN, Target(), WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_parked_feed_may_be_paused_and_resumed_in_any_order(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    platform.sage.unwanted = set()
    pausing.pause(platform.world, ANN, Target(), WHY)
    resumed = operate.resume(platform.world, ANN, "ba-1", WHY)
    assert "paused" in (resumed.next_step or "")
    assert platform.step() == 0
    pausing.resume(platform.world, ANN, Target(), WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)


def test_what_is_not_there_or_paused_already_or_not_paused_is_refused(platform: Any) -> None:
    platform.link()
    world = platform.world
    nowhere = [Target(listing="x"), Target(company="x"), Target(account="x"), Target(account="x/acc-001")]
    nowhere += [Target(listing="\udcff"), Target(company="\udcff"), Target(account="\udcff")]
    for target in [*nowhere, Target(account="22222222-2222-4222-8222-222222222222/x")]:
        refuses(platform, lambda target=target: pausing.pause(world, ANN, target, WHY), NotFound, "there is no")
        refuses(platform, lambda target=target: pausing.resume(world, ANN, target, WHY), NotFound, "there is no")
    refuses(platform, lambda: pausing.resume(world, ANN, Target(), WHY), Conflict, "platform:all is not paused")
    pausing.pause(world, ANN, Target(), WHY)
    refuses(platform, lambda: pausing.pause(world, ANN, Target(), WHY), Conflict, f"by {ANN}: {WHY}")
    act = lambda: pausing.resume(world, ANN, Target(listing="default"), WHY)  # noqa: E731
    refuses(platform, act, Conflict, "paused: platform:all")


def test_a_pause_of_something_that_is_gone_can_be_ended(platform: Any) -> None:
    pausing.pause(platform.world, ANN, Target(listing="default"), WHY)
    listings.remove(platform.world, ANN, "default")
    assert pausing.resume(platform.world, ANN, Target(listing="default"), WHY).pauses == ()


def test_pauses_and_resumptions_are_audited(platform: Any) -> None:
    platform.link()
    pausing.pause(platform.world, ANN, Target(listing="default"), WHY)
    pausing.resume(platform.world, ANN, Target(listing="default"), "Sage is back")
    (paused,) = audit_rows(platform, "delivery.pause")
    assert (paused.actor, paused.subject, paused.reason, paused.detail) == (ANN, "listing:default", WHY, {"feeds": 1})
    (resumed,) = audit_rows(platform, "delivery.resume")
    assert (resumed.at, resumed.reason) == (platform.clock(), "Sage is back")


@pytest.mark.parametrize("chance", range(5))
def test_a_feed_opened_in_the_moment_of_a_pause_is_held(platform: Any, chance: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        acts = [lambda: pausing.pause(platform.world, ANN, Target(), WHY), platform.link]
        done = [pool.submit(act) for act in (acts if chance % 2 else acts[::-1])]
        for each in done:
            each.result()
    assert overview.feed(platform.world, "ba-1").feed.is_paused
