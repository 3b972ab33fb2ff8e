"""Late lines: refused, presented as lines of the day they came, or waiting for somebody's word; on both databases."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.domain.late_line import LateState
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import late_queue, quarantine, reconcile, rehearse, trace
from bankfeeds.flows.crash_points import ACCEPT_WITH_CARE
from bankfeeds.flows.examine import PushRequest

from .conftest import COMPANY, CONNECTION, Died, Item, Sent
from .late import ACCOUNT, TODAY, document, in_sage, item, set_presenting, stored
from .operators import ANN, WHY, audit_rows, refuses
from .test_interim_files import take
from .test_quarantine import hold_gaps

LATE = Item("late-1", "2026-02-05", Decimal("-4.00"), Decimal("95.00"), "Coffee, Harbour")


@pytest.fixture
def presenting(platform: Any) -> Any:
    """Two lines are in Sage; the account presents what comes late."""
    platform.link()
    platform.push(item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    platform.run()
    set_presenting(platform)
    return platform


def test_without_the_setting_a_late_line_is_refused_and_nothing_of_its_push_stays(platform: Any) -> None:
    platform.link()
    platform.push(item("t-1", "2026-02-09", "-2.00", "97.00"))
    with pytest.raises(Invalid, match="date order only"):
        platform.push(LATE, item("t-2", "2026-02-10", "-1.00", "92.00"))
    assert platform.account().last_seq == 1
    assert late_queue.queues(platform.world) == []


def test_a_late_line_is_presented_today_with_its_own_date_in_the_text(presenting: Any) -> None:
    push = presenting.push(LATE)
    presenting.run()

    assert in_sage(presenting)[-1] == ("late-1", TODAY)
    assert [line.description for line in [stored(presenting, "late-1")]] == ["2026-02-05: Coffee, Harbour"]
    assert stored(presenting, "late-1").balance == Decimal("93.00"), "the last balance and its amount"
    assert presenting.operation(push).status is PushStatus.success
    (warning,) = presenting.operation(push).warnings
    assert warning.field == "transactions[0].date"
    assert "2026-02-05 is before 2026-02-09" in warning.message
    (late,) = late_queue.of_account(presenting.world, ACCOUNT).lines
    assert (late.state, late.push_key, late.line.on.isoformat()) == (LateState.presented, push.key, "2026-02-05")
    (row,) = audit_rows(presenting, "late.present")
    assert (row.reason, row.detail["lines"]) == ("the account presents late lines on the day they come", 1)


def test_lines_that_come_in_time_go_before_those_that_are_late(presenting: Any) -> None:
    presenting.push(LATE, item("t-3", "2026-02-10", "-1.00", "92.00"))
    presenting.run()
    assert in_sage(presenting)[2:] == [("t-3", "2026-02-10"), ("late-1", TODAY)]
    found = reconcile.reconcile(presenting.world, ACCOUNT)
    assert stored(presenting, "late-1").balance == Decimal("92.00"), "the balance of t-3 has it already"
    assert [(gap.line_id, gap.gap.missing) for gap in found.gaps] == [("t-3", Decimal(-4)), ("late-1", Decimal(4))]
    assert [[late.id for late in gap.late] for gap in found.gaps] == [["late-1"], ["late-1"]]
    assert found.verdict is Verdict.proved
    assert found.feeds[0].missing == 0


def test_a_gap_of_another_amount_is_not_explained_by_a_late_line(presenting: Any) -> None:
    presenting.push(LATE, item("t-3", "2026-02-10", "-1.00", "91.00"))
    found = reconcile.reconcile(presenting.world, ACCOUNT)
    assert [gap.late for gap in found.gaps] == [()]
    assert found.verdict is Verdict.failed


def test_where_lines_carry_no_balance_a_late_one_gets_none(platform: Any) -> None:
    platform.link()
    platform.push(item("t-1", "2026-02-09", "-2.00", "0"))
    set_presenting(platform)
    platform.push(item("late-1", "2026-02-05", "-4.00", "0"))
    assert stored(platform, "late-1").balance == 0
    assert reconcile.reconcile(platform.world, ACCOUNT).verdict is Verdict.unproved


def test_the_next_lines_of_today_follow_and_those_of_yesterday_are_presented_too(presenting: Any) -> None:
    presenting.push(LATE)
    presenting.push(item("t-3", "2026-03-01", "-1.00", "92.00"), item("t-4", TODAY, "-1.00", "91.00"))
    presenting.run()
    assert in_sage(presenting)[2:] == [("late-1", TODAY), ("t-4", TODAY), ("t-3", TODAY)]
    assert reconcile.reconcile(presenting.world, ACCOUNT).feeds[0].missing == 0


def test_a_late_line_that_comes_again_is_the_same_line(presenting: Any) -> None:
    presenting.push(LATE)
    again = presenting.push(LATE)
    presenting.run()
    assert presenting.operation(again).status is PushStatus.success
    assert [line_id for line_id, _ in in_sage(presenting)] == ["t-1", "t-2", "late-1"]
    with pytest.raises(Invalid, match="ids are for ever"):
        presenting.push(item("late-1", "2026-02-05", "-5.00", "95.00", "Coffee, Harbour"))


def test_a_push_that_dies_on_its_way_leaves_nothing_and_can_come_again(presenting: Any) -> None:
    for when in ("before", "after"):
        point = ACCEPT_WITH_CARE.format(when)
        presenting.crash_at.append(point)
        with pytest.raises(Died):
            presenting.push(LATE)
    presenting.push(LATE)
    presenting.run()
    assert [line_id for line_id, _ in in_sage(presenting)] == ["t-1", "t-2", "late-1"]
    assert len(late_queue.of_account(presenting.world, ACCOUNT).lines) == 1


def test_a_long_text_is_cut_behind_and_keeps_its_date(presenting: Any) -> None:
    limit = presenting.world.limits.text.description_max
    presenting.push(item("late-1", "2026-02-05", "-4.00", "95.00", "x" * limit))
    text = stored(presenting, "late-1").description
    assert len(text) == limit
    assert text.startswith("2026-02-05: xxx")


def test_a_rehearsal_says_what_the_push_then_does(presenting: Any) -> None:
    sent = [Sent(LATE), Sent(item("t-3", "2026-02-10", "-1.00", "92.00"))]
    told = rehearse.rehearse(presenting.world, PushRequest(COMPANY, CONNECTION, "acc-001", "acc-001", sent))
    assert (told.accepted, told.duplicates) == (2, 0)
    assert told.statements[-1].ledger == Decimal("92.00")
    assert told.statements[-1].ledger_on.isoformat() == TODAY
    assert "presented" in told.warnings[0].message
    assert late_queue.of_account(presenting.world, ACCOUNT).lines == []


def test_of_a_day_before_its_feed_began_a_late_line_is_refused(presenting: Any) -> None:
    with pytest.raises(Invalid, match="before 2026-01-01, the first day of its feed"):
        presenting.push(item("late-1", "2025-12-31", "-4.00", "95.00"))


def test_a_feed_that_begins_later_does_not_get_it(presenting: Any) -> None:
    presenting.link("ba-2", "2026-02-06")
    presenting.push(LATE)
    presenting.run()
    presenting.link("ba-3", "2026-02-06")
    presenting.link("ba-4", "2026-02-05")
    presenting.run()
    has = {name: "late-1" in presenting.sage.stored[name] for name in ("ba-1", "ba-2", "ba-3", "ba-4")}
    assert has == {"ba-1": True, "ba-2": False, "ba-3": False, "ba-4": True}
    assert all(feed.is_explained for feed in reconcile.reconcile(presenting.world, ACCOUNT).feeds)


def test_a_feed_whose_first_day_is_told_later_does_not_get_it_either(presenting: Any) -> None:
    presenting.push(LATE)
    presenting.run()
    presenting.sage.found = FoundAccount("ba-2", "Active", "2026-02-06")
    presenting.link("ba-2", None)
    presenting.run()
    assert presenting.sage.stored["ba-2"] == ["t-2"]


def test_a_listing_that_holds_gaps_lets_a_late_line_pass(presenting: Any) -> None:
    hold_gaps(presenting)
    presenting.push(LATE, item("t-3", "2026-02-10", "-1.00", "92.00"))
    presenting.run()
    (held,) = quarantine.every(presenting.world)
    quarantine.release(presenting.world, ANN, held.push_key, WHY)
    presenting.run()
    assert in_sage(presenting)[2:] == [("t-3", "2026-02-10"), ("late-1", TODAY)]
    assert quarantine.every(presenting.world) == []


WHOLE = ("100.00", (4, "-1.00", "A"), (5, "-4.00", "LATE"), (9, "-2.00", "B"))


@pytest.fixture
def waiting(platform: Any) -> Any:
    """A file whose second line was not in the one before."""
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("95.00", (9, "-2.00", "B")))
    plan = take(platform, document(*WHOLE))
    assert (len(plan.sorted.new), plan.sorted.known, len(plan.sorted.late)) == (0, 2, 1)
    return platform


def late_id(platform: Any) -> str:
    (line,) = late_queue.of_account(platform.world, ACCOUNT).lines
    return line.id


def test_a_files_late_line_waits_and_is_nowhere_twice(waiting: Any) -> None:
    (queue,) = late_queue.queues(waiting.world)
    assert (queue.external_id, queue.count, queue.oldest_on) == (ACCOUNT, 1, date(2026, 2, 5))
    assert take(waiting, document(*WHOLE)).sorted.known == 3, "the same file again"
    assert late_queue.queues(waiting.world) == [queue]
    found = reconcile.reconcile(waiting.world, ACCOUNT)
    assert [line.id for line in found.waiting] == [late_id(waiting)]
    (gap,) = found.gaps
    assert (gap.gap.missing, [line.id for line in gap.late]) == (Decimal(-4), [late_id(waiting)])
    assert found.verdict is Verdict.failed, "until somebody decides"


def test_presented_by_somebodys_word_it_closes_the_gap_that_it_left(waiting: Any) -> None:
    line_id = late_id(waiting)
    (push,) = late_queue.present(waiting.world, ANN, ACCOUNT, [], WHY)
    waiting.run()
    assert in_sage(waiting)[-1] == (line_id, TODAY)
    assert stored(waiting, line_id).balance == Decimal("93.00"), "the account's balance had it already"
    assert stored(waiting, line_id).description == "2026-02-05: LATE"
    found = reconcile.reconcile(waiting.world, ACCOUNT)
    assert (found.verdict, found.feeds[0].missing, found.waiting) == (Verdict.proved, 0, [])
    assert [[late.id for late in gap.late] for gap in found.gaps] == [[line_id], [line_id]]
    (row,) = audit_rows(waiting, "late.present")
    assert (row.actor, row.reason, row.detail["push"]) == (ANN, WHY, push.key)
    assert late_queue.queues(waiting.world) == []
    assert take(waiting, document(*WHOLE)).sorted.known == 3, "the file once more"


def test_dropped_it_is_never_sent_however_it_comes_again(waiting: Any) -> None:
    line_id = late_id(waiting)
    (dropped,) = late_queue.drop(waiting.world, ANN, ACCOUNT, [line_id], WHY)
    assert dropped.id == line_id
    assert late_queue.queues(waiting.world) == []
    set_presenting(waiting)
    assert take(waiting, document(*WHOLE)).sorted.known == 3
    with pytest.raises(Invalid, match="was dropped; it is never sent"):
        waiting.push(item(line_id, "2026-02-05", "-4.00", "95.00", "LATE"))
    found = reconcile.reconcile(waiting.world, ACCOUNT)
    assert ([gap.why for gap in found.gaps], found.verdict) == (
        [f"lines came late: {line_id} of 2026-02-05 was dropped"], Verdict.proved,
    )  # fmt: skip
    (row,) = audit_rows(waiting, "late.drop")
    assert (row.actor, row.reason, row.detail) == (ANN, WHY, {"lines": 1})
    assert len(in_sage(waiting)) == 2


def test_a_file_for_an_account_that_presents_brings_its_late_lines_at_once(platform: Any) -> None:
    platform.link()
    set_presenting(platform)
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("95.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "LATE"), (9, "-2.00", "B"), (10, "5.00", "C")))
    assert [day for _, day in in_sage(platform)] == ["2026-02-04", "2026-02-09", "2026-02-10", TODAY]
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert (found.verdict, found.feeds[0].missing) == (Verdict.proved, 0)
    assert found.feeds[0].closing == Decimal("98.00")


def test_the_rest_waits_when_one_of_two_is_presented(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("88.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y"), (9, "-2.00", "B")))
    first, second = late_queue.of_account(platform.world, ACCOUNT).waiting
    late_queue.present(platform.world, ANN, ACCOUNT, [second.id], WHY)
    assert [line.id for line in late_queue.of_account(platform.world, ACCOUNT).waiting] == [first.id]
    late_queue.present(platform.world, ANN, ACCOUNT, [first.id], WHY)
    platform.run()
    assert [line_id for line_id, _ in in_sage(platform)][2:] == [second.id, first.id]
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert (found.verdict, found.feeds[0].missing) == (Verdict.proved, 0)


def test_of_two_one_presented_and_one_dropped_both_gaps_are_named(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("88.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y"), (9, "-2.00", "B")))
    first, second = late_queue.of_account(platform.world, ACCOUNT).waiting
    late_queue.present(platform.world, ANN, ACCOUNT, [first.id], WHY)
    late_queue.drop(platform.world, ANN, ACCOUNT, [second.id], WHY)
    platform.run()
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert [gap.gap.missing for gap in found.gaps] == [Decimal(-11), Decimal(4)]
    assert [[line.id for line in gap.late] for gap in found.gaps] == [[first.id, second.id]] * 2
    assert (found.verdict, found.feeds[0].missing) == (Verdict.proved, Decimal(-7))


def test_of_two_one_dropped_first_the_other_is_still_known_to_be_in_the_balances(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("88.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y"), (9, "-2.00", "B")))
    first, second = late_queue.of_account(platform.world, ACCOUNT).waiting
    late_queue.drop(platform.world, ANN, ACCOUNT, [first.id], WHY)
    late_queue.present(platform.world, ANN, ACCOUNT, [second.id], WHY)
    platform.run()
    assert stored(platform, second.id).balance == Decimal("86.00"), "the account's own"
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert (found.verdict, found.feeds[0].missing) == (Verdict.proved, Decimal(-4))


def test_a_line_that_no_balance_has_goes_on_from_the_last_one_whatever_was_dropped(waiting: Any) -> None:
    """X is missing between the balances and dropped; the refund of the same sum that comes late after it is not."""
    late_queue.drop(waiting.world, ANN, ACCOUNT, [], WHY)
    set_presenting(waiting)
    waiting.push(item("refund", "2026-02-06", "4.00", "0", "Refund"))
    assert stored(waiting, "refund").balance == Decimal("97.00")


def test_a_traced_line_tells_as_what_it_came_and_in_which_file(waiting: Any) -> None:
    line_id = late_id(waiting)
    with pytest.raises(NotFound, match="of 2026-02-05 came late and waits; `bankfeeds late list`"):
        trace.line(waiting.world, ACCOUNT, line_id)
    late_queue.present(waiting.world, ANN, ACCOUNT, [], WHY)
    found = trace.line(waiting.world, ACCOUNT, line_id)
    assert found.late is not None
    assert (found.late.on, found.late.description, found.line.on.isoformat()) == (date(2026, 2, 5), "LATE", TODAY)
    assert found.file is not None
    assert found.file.original.name == "file"


def test_what_cannot_be_decided_changes_nothing(waiting: Any) -> None:
    refuses(waiting, lambda: late_queue.present(waiting.world, ANN, ACCOUNT, ["nobody"], WHY), Invalid, "'nobody'")
    refuses(waiting, lambda: late_queue.drop(waiting.world, ANN, ACCOUNT, ["nobody"], WHY), Invalid, "'nobody'")
    refuses(waiting, lambda: late_queue.drop(waiting.world, ANN, ACCOUNT, [], " "), Invalid, "say why")
    refuses(waiting, lambda: late_queue.present(waiting.world, ANN, "ext-acc-002", [], WHY), NotFound, "no late lines")
