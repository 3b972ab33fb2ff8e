"""Quarantine: what is held is not sent and not overtaken, until somebody releases or drops it; on both databases."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import listings, quarantine, reconcile, trace
from bankfeeds.store import tables as t

from .conftest import Item
from .operators import ANN, WHY, audit_rows, ids, refuses

ENDS = {"release": quarantine.release, "drop": quarantine.drop}


def hold_gaps(platform: Any) -> None:
    """The listing of these tests holds what does not follow on."""
    platform.world.db.write(lambda tx: tx.run(t.listings.update().values(holds_gaps=True)))


def stored(platform: Any, bank_account: str = "ba-1") -> list[str]:
    return platform.sage.stored.get(bank_account, [])


@pytest.fixture
def held(platform: Any, make_lines: Any) -> Any:
    """Three pushes of two lines each, of which the second is held and the first is in Sage."""
    platform.link()
    first = platform.push(*make_lines("2026-02-01", "2026-02-01"))
    platform.run()
    second = platform.push(*make_lines("2026-02-02", "2026-02-02", start=3))
    quarantine.hold(platform.world, ANN, second.key, WHY)
    third = platform.push(*make_lines("2026-02-03", "2026-02-03", start=5))
    platform.run()
    return first, second, third


def test_what_is_held_is_not_sent_and_nothing_overtakes_it(platform: Any, held: Any) -> None:
    first, second, third = held
    assert stored(platform) == ids(2)
    assert platform.operation(first).status is PushStatus.success
    for push in (second, third):
        told = platform.operation(push)
        assert told.status is PushStatus.pending
        assert any(second.key in flaw.message and WHY in flaw.message for flaw in told.warnings)


def test_what_is_released_goes_on_its_way_in_order(platform: Any, held: Any) -> None:
    quarantine.release(platform.world, ANN, held[1].key, WHY)
    platform.run()
    assert stored(platform) == ids(6)
    assert {platform.operation(push).status for push in held} == {PushStatus.success}
    assert quarantine.every(platform.world) == []


def test_what_is_dropped_is_never_sent_fails_its_push_and_is_a_gap_with_a_name(platform: Any, held: Any) -> None:
    quarantine.drop(platform.world, ANN, held[1].key, "sent twice by mistake")
    platform.run()
    assert stored(platform) == [*ids(2), *ids(2, 5)]
    assert [platform.operation(push).status for push in held] == [
        PushStatus.success, PushStatus.failed, PushStatus.success,
    ]  # fmt: skip
    found = reconcile.reconcile(platform.world, "ext-acc-001")
    (feed,) = found.feeds
    assert [line.id for line in feed.skipped] == ["t-3", "t-4"]
    assert feed.missing == feed.named == Decimal(-2)
    assert found.verdict is Verdict.proved


def test_a_feed_that_is_opened_later_does_not_get_what_was_dropped(platform: Any, held: Any) -> None:
    quarantine.drop(platform.world, ANN, held[1].key, WHY)
    platform.run()
    platform.link("ba-2")
    platform.run()
    assert stored(platform, "ba-2") == [*ids(2), *ids(2, 5)]


def test_only_what_was_not_offered_yet_is_held(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.sage.offers.clear()
    push = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-28"))
    platform.step()
    offered = [line for delivery in platform.sage.offers for line in delivery.batch.columns.ids]
    assert offered == ["t-1", "t-2"], "26 days lie between; one statement may not span them"
    quarantine.hold(platform.world, ANN, push.key, WHY)
    (hold,) = quarantine.every(platform.world)
    assert (hold.first_seq, hold.last_seq) == (3, 3)
    platform.run()
    assert stored(platform) == ids(2)


def test_a_push_that_was_sent_is_not_held(platform: Any, held: Any) -> None:
    refuses(platform, lambda: quarantine.hold(platform.world, ANN, held[0].key, WHY), Conflict, "offered to Sage")


def test_a_push_is_held_once(platform: Any, held: Any) -> None:
    refuses(platform, lambda: quarantine.hold(platform.world, ANN, held[1].key, WHY), Conflict, "held already")


@pytest.mark.parametrize("verb", ENDS)
def test_what_is_not_held_is_neither_released_nor_dropped(platform: Any, held: Any, verb: str) -> None:
    refuses(platform, lambda: ENDS[verb](platform.world, ANN, held[2].key, WHY), Conflict, "not held")


@pytest.mark.parametrize("verb", ["hold", *ENDS])
def test_without_a_reason_or_a_push_nothing_is_done(platform: Any, held: Any, verb: str) -> None:
    act = {"hold": quarantine.hold, **ENDS}[verb]
    refuses(platform, lambda: act(platform.world, ANN, held[1].key, " "), Invalid, "say why")
    refuses(platform, lambda: act(platform.world, ANN, "no-such-push", WHY), NotFound, "no push operation")


def test_a_push_of_known_lines_has_nothing_to_hold(platform: Any, make_lines: Any, held: Any) -> None:
    again = platform.push(*make_lines("2026-02-01", "2026-02-01"))
    refuses(platform, lambda: quarantine.hold(platform.world, ANN, again.key, WHY), Conflict, "no new lines")


def test_several_are_held_and_the_first_of_them_stops_the_account(platform: Any, held: Any) -> None:
    quarantine.hold(platform.world, ANN, held[2].key, WHY)
    quarantine.release(platform.world, ANN, held[1].key, WHY)
    platform.run()
    assert stored(platform) == ids(4)
    quarantine.drop(platform.world, ANN, held[2].key, WHY)
    platform.run()
    assert stored(platform) == ids(4)
    assert platform.operation(held[2]).status is PushStatus.failed


def test_every_step_is_audited_with_its_reason(platform: Any, held: Any) -> None:
    quarantine.release(platform.world, ANN, held[1].key, "looked at it")
    for action, reason in (("quarantine.hold", WHY), ("quarantine.release", "looked at it")):
        (row,) = audit_rows(platform, action)
        assert (row.actor, row.reason, row.subject) == (ANN, reason, "account:ext-acc-001")
        assert row.detail == {"push": held[1].key, "lines": 2}


# --- where lines came from and went


def test_a_line_is_traced_to_its_push_and_to_what_became_of_it_in_each_feed(platform: Any, held: Any) -> None:
    platform.link("ba-2", start="2026-02-02")
    platform.run()
    sent = trace.line(platform.world, "ext-acc-001", "t-2")
    assert (sent.push, sent.line.id) == (held[0].key, "t-2")
    assert [(each.bank_account_id, each.state, each.statement is None) for each in sent.feeds] == [
        ("ba-1", "sent", False),
        ("ba-2", "withheld", True),
    ]
    waiting = trace.line(platform.world, "ext-acc-001", "t-5")
    assert [each.state for each in waiting.feeds] == ["waiting", "waiting"]
    quarantine.drop(platform.world, ANN, held[1].key, WHY)
    dropped = trace.line(platform.world, "ext-acc-001", "t-3")
    assert {(each.state, each.reason) for each in dropped.feeds} == {("skipped", f"dropped in quarantine: {WHY}")}
    with pytest.raises(NotFound, match="t-9"):
        trace.line(platform.world, "ext-acc-001", "t-9")


def test_what_of_a_push_is_in_sage_is_told_for_whoever_is_to_ignore_it(platform: Any, held: Any) -> None:
    (found,) = trace.in_sage(platform.world, held[0].key)
    assert (found.bank_account_id, [line.id for line in found.lines]) == ("ba-1", ids(2))
    assert trace.in_sage(platform.world, held[1].key) == []
    with pytest.raises(NotFound, match="no push operation"):
        trace.in_sage(platform.world, "\0")


# --- held by the listing itself


def test_a_listing_that_holds_gaps_sends_what_adds_up_and_holds_the_push_that_does_not(platform: Any) -> None:
    hold_gaps(platform)
    platform.link()
    platform.push(Item("t-1", "2026-02-01", Decimal(-1), Decimal(99)))
    bad = platform.push(
        Item("t-2", "2026-02-02", Decimal(-1), Decimal(98)), Item("t-3", "2026-02-02", Decimal(-1), Decimal(90))
    )
    platform.run()
    assert stored(platform) == ["t-1"]
    (hold,) = quarantine.every(platform.world)
    assert (hold.push_key, hold.by) == (bad.key, "worker")
    assert "balance of line t-3 of 2026-02-02 is 90; the one before plus its amount is 97" in hold.reason
    quarantine.release(platform.world, ANN, bad.key, "the bank confirmed it")
    platform.push(Item("t-4", "2026-02-03", Decimal(1), Decimal(91)))
    platform.run()
    assert stored(platform) == ids(4)


def test_a_listing_that_does_not_hold_gaps_sends_everything(platform: Any) -> None:
    platform.link()
    platform.push(
        Item("t-1", "2026-02-01", Decimal(-1), Decimal(99)), Item("t-2", "2026-02-01", Decimal(-1), Decimal(90))
    )
    platform.run()
    assert stored(platform) == ids(2)


@pytest.mark.parametrize(("said", "held_there"), [("yes", True), ("no", False), ("TRUE", True)])
def test_whether_a_listing_holds_gaps_is_set_in_words(platform: Any, said: str, *, held_there: bool) -> None:
    listings.update(platform.world, ANN, "default", {"holds_gaps": said, "country": "GBR"})
    assert listings.get(platform.world, "default").holds_gaps is held_there
    refuses(
        platform,
        lambda: listings.update(platform.world, ANN, "default", {"holds_gaps": "maybe"}),
        Invalid,
        "yes or no",
    )


def test_nothing_is_read_for_quarantine_where_nothing_is_held(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01"))
    seen: list[str] = []
    sa.event.listen(
        platform.world.db.engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement)
    )
    platform.run()
    assert stored(platform) == ids(1)
    assert not [statement for statement in seen if "holds" in statement and "FROM holds" in statement]
