"""Late lines beside others: several pushes and formats, a restore, a feed's first day, an id that comes otherwise."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from bankfeeds.domain import late_balances
from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.domain.errors import Conflict, Invalid
from bankfeeds.domain.late_line import LateState
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import late_queue, reconcile, rehearse, take_file, verify
from bankfeeds.flows.examine import PushRequest

from ...readers import documents, swift
from ...readers.documents import Booked
from .conftest import COMPANY, CONNECTION, Item, Sent
from .late import ACCOUNT, TODAY, document, in_sage, item, set_presenting, stored
from .operators import ANN, WHY, audit_rows, refuses
from .test_interim_files import IBAN, camt, take
from .test_quarantine import hold_gaps

GAP = ((4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y"), (7, "-8.00", "Z"), (9, "-2.00", "B"))
"""A month of which the first files bring the first and the last line only."""


def begin_with_a_gap(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", GAP[0]))
    take(platform, document("80.00", GAP[-1]))


def proved(platform: Any) -> bool:
    found = reconcile.reconcile(platform.world, ACCOUNT)
    return found.verdict is Verdict.proved and all(feed.missing == 0 for feed in found.feeds)


def waiting_ids(platform: Any) -> list[str]:
    return [line.id for line in late_queue.of_account(platform.world, ACCOUNT).waiting]


def test_a_missing_day_may_come_in_several_pushes(platform: Any) -> None:
    platform.link()
    set_presenting(platform)
    platform.push(item("t-1", "2026-02-04", "-1.00", "99.00"))
    platform.push(item("t-2", "2026-02-09", "-2.00", "78.00"))
    for number, amount in enumerate(("-4.00", "-7.00", "-8.00")):
        platform.push(item(f"late-{number}", f"2026-02-0{5 + number}", amount, "0"))
    platform.run()
    assert stored(platform, "late-2").balance == Decimal("78.00"), "the bank's, which has all of them"
    platform.push(item("t-3", TODAY, "-1.00", "77.00"))
    platform.run()
    assert proved(platform)


def test_more_late_lines_than_a_push_takes_end_with_the_banks_balance(
    platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with_a_gap(platform)
    set_presenting(platform)
    monkeypatch.setattr(take_file, "LINES_MAX", 2)
    plan = take(platform, document("100.00", *GAP))
    assert [len(batch) for batch in plan.batches] == [2, 1]
    assert proved(platform)
    assert reconcile.reconcile(platform.world, ACCOUNT).feeds[0].closing == Decimal("78.00")


def test_late_lines_that_the_balances_have_and_one_that_they_have_not(platform: Any) -> None:
    """X, Y and Z are missing between the balances. The refund, which nobody counted, goes on from the last one."""
    begin_with_a_gap(platform)
    set_presenting(platform)
    take(platform, document("100.00", *GAP))
    platform.push(item("refund", "2026-02-08", "3.50", "0", "Refund"))
    platform.run()
    assert stored(platform, "refund").balance == Decimal("81.50")


@pytest.mark.parametrize("presents", [True, False])
def test_the_day_of_a_late_line_is_known_in_another_format(platform: Any, *, presents: bool) -> None:
    """The other format orders the day otherwise, so that its lines have other balances."""
    day = [(5, "-4.00", "X"), (5, "-7.00", "Y"), (5, "-8.00", "Z")]
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A"), day[0], day[2]))
    take(platform, document("80.00", (9, "-2.00", "B")))
    if presents:
        set_presenting(platform)
    take(platform, document("100.00", (4, "-1.00", "A"), *day, (9, "-2.00", "B")))
    booked = [
        Booked(date(2026, 2, on), Decimal(amount), f"other {text}")
        for on, amount, text in [(4, "-1.00", "A"), *reversed(day), (9, "-2.00", "B")]
    ]
    again = take(platform, swift.message(booked, Decimal("100.00"), account=IBAN))
    assert again.lines.proof.value == "proved"
    assert (again.sorted.new, again.sorted.late) == ((), ())


def test_the_id_of_a_late_line_that_waits_or_was_dropped_is_not_taken_on_a_later_day(platform: Any) -> None:
    begin_with_a_gap(platform)
    take(platform, document("100.00", *GAP))
    first, second, _ = waiting_ids(platform)
    late_queue.drop(platform.world, ANN, ACCOUNT, [first], WHY)
    later = "2026-02-20"
    dropped, waits = (item(line_id, later, "-4.00", "74.00") for line_id in (first, second))
    refuses(platform, lambda: platform.push(dropped), Invalid, "was dropped; it is never sent: leave it out")
    refuses(platform, lambda: platform.push(waits), Invalid, "waits for a decision: leave it out")
    refuses(
        platform,
        lambda: platform.push(item("t-9", later, "1.00", "79.00"), dropped),
        Invalid,
        "was dropped; it is never sent: leave it out",
    )


def test_lines_that_come_in_time_are_taken_while_others_wait(platform: Any) -> None:
    begin_with_a_gap(platform)
    take(platform, document("100.00", *GAP))
    assert len(waiting_ids(platform)) == 3
    push = platform.push(item("t-9", "2026-02-20", "1.00", "79.00"))
    platform.run()
    assert platform.operation(push).status is PushStatus.success
    assert in_sage(platform)[-1] == ("t-9", "2026-02-20")


@pytest.mark.parametrize("presents", [True, False])
def test_one_line_of_before_the_feeds_first_day_does_not_hold_up_the_others(platform: Any, *, presents: bool) -> None:
    platform.link(start="2026-02-05")
    platform.push(item("t-1", "2026-02-09", "-2.00", "86.00"))
    platform.run()
    if presents:
        set_presenting(platform)
    plan = take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y")))
    early, *others = late_queue.of_account(platform.world, ACCOUNT).lines
    assert (len(plan.late.withheld), plan.late.first_on) == (1, date(2026, 2, 5))
    assert (early.on, early.state) == (date(2026, 2, 4), LateState.dropped)
    assert early.reason == "of before 2026-02-05, the first day of its feed"
    (row,) = audit_rows(platform, "late.drop")
    assert (row.reason, row.detail["lines"], row.detail["file"]) == (early.reason, 1, "file")
    if not presents:
        assert [line.state for line in others] == [LateState.waiting] * 2
        late_queue.present(platform.world, ANN, ACCOUNT, [], WHY)
        platform.run()
    assert [day for _, day in in_sage(platform)] == ["2026-02-09", TODAY, TODAY]
    again = take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y")))
    assert (again.sorted.known, again.sorted.late) == (3, ())


def test_presenting_all_that_wait_leaves_those_of_before_a_later_first_day(platform: Any) -> None:
    """The lines waited already when the feed ended and another began later."""
    feed = platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("88.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "X"), (6, "-7.00", "Y"), (9, "-2.00", "B")))
    assert feed
    platform.unlink("ba-1")
    platform.link("ba-2", "2026-02-06")
    platform.run()
    first, second = waiting_ids(platform)
    late_queue.present(platform.world, ANN, ACCOUNT, [], WHY)
    platform.run()
    assert waiting_ids(platform) == [first]
    assert in_sage(platform, "ba-2")[-1] == (second, TODAY)
    refuses(
        platform,
        lambda: late_queue.present(platform.world, ANN, ACCOUNT, [], WHY),
        Invalid,
        "before 2026-02-06, the first day of its feed",
    )


def test_a_push_ends_well_though_one_of_two_feeds_rightly_does_not_get_its_late_line(platform: Any) -> None:
    platform.link()
    platform.push(item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    platform.link("ba-2", "2026-02-06")
    set_presenting(platform)
    platform.run()
    push = platform.push(item("late-1", "2026-02-05", "-4.00", "95.00"), item("t-3", "2026-02-10", "-1.00", "92.00"))
    platform.run()
    assert platform.operation(push).status is PushStatus.success
    assert in_sage(platform)[-1] == ("late-1", TODAY)
    assert in_sage(platform, "ba-2")[-1] == ("t-3", "2026-02-10")


def test_late_lines_alone_wait_until_the_account_is_verified_after_a_restore(platform: Any) -> None:
    begin_with_a_gap(platform)
    take(platform, document("100.00", *GAP))
    verify.begin(platform.world, ANN, platform.clock() - timedelta(hours=1), WHY)
    refuses(
        platform,
        lambda: late_queue.present(platform.world, ANN, ACCOUNT, [], WHY),
        Conflict,
        "once the account is verified after the restore",
    )
    platform.push(item("t-9", "2026-02-20", "1.00", "79.00"))
    late_queue.present(platform.world, ANN, ACCOUNT, [], WHY)
    platform.run()
    assert [day for _, day in in_sage(platform)][-3:] == [TODAY] * 3


def test_a_line_that_waited_and_is_pushed_otherwise_is_put_down_as_it_was_pushed(platform: Any) -> None:
    """The account presents by now. What comes again is compared with what was presented, not with what had waited."""
    begin_with_a_gap(platform)
    take(platform, document("100.00", *GAP))
    line_id = waiting_ids(platform)[0]
    set_presenting(platform)
    otherwise = item(line_id, "2026-02-06", "-4.50", "94.50", "Corrected")
    platform.push(otherwise)
    (late,) = [line for line in late_queue.of_account(platform.world, ACCOUNT).lines if line.id == line_id]
    assert (late.on, late.amount, late.description, late.state) == (
        date(2026, 2, 6), Decimal("-4.50"), "Corrected", LateState.presented,
    )  # fmt: skip
    assert late.file_id is not None, "it first came in the file"
    again = platform.push(otherwise)
    platform.run()
    assert platform.operation(again).status is PushStatus.success


def test_a_balance_of_nought_is_a_balance(platform: Any) -> None:
    platform.link()
    platform.push(item("t-1", "2026-02-04", "-1.00", "4.00"), item("t-2", "2026-02-09", "-4.00", "0"))
    set_presenting(platform)
    platform.push(item("late-1", "2026-02-05", "5.00", "0"))
    assert stored(platform, "late-1").balance == Decimal("5.00")


@pytest.mark.parametrize(("balance", "after"), [("100.00", "97.00"), ("93.00", "93.00")])
def test_of_before_the_first_line_its_own_balance_tells_whether_the_first_one_counts_it(
    platform: Any, balance: str, after: str
) -> None:
    platform.link()
    platform.push(item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    set_presenting(platform)
    platform.push(item("late-1", "2026-02-03", "-4.00", balance))
    assert stored(platform, "late-1").balance == Decimal(after)


def test_what_a_file_lets_wait_is_kept_as_it_would_be_accepted(platform: Any) -> None:
    begin_with_a_gap(platform)
    limit = platform.world.limits.text.description_max
    take(platform, document("100.00", GAP[0], (5, "-19.00", "X " + "x" * limit), GAP[-1]))
    (late,) = late_queue.of_account(platform.world, ACCOUNT).waiting
    assert late.description is not None
    assert len(late.description) == limit


def camt_052(opening: str, *lines: tuple[int, str, str]) -> str:
    """What the bank tells during a day of February, from a balance in its middle."""
    booked = [Booked(date(2026, 2, on), Decimal(amount), text, bank_reference=text) for on, amount, text in lines]
    closing = Decimal(opening) + sum((line.amount for line in booked), Decimal(0))
    balances = documents.bal("OPBD", Decimal(opening)), documents.bal("ITBD", closing)
    return camt("camt.052", *balances, *map(documents.entry, booked))


@pytest.mark.parametrize("presents", [True, False])
def test_a_part_of_a_late_day_that_overlaps_another_loses_no_line(platform: Any, *, presents: bool) -> None:
    """The second part begins with a line that is there, and has another of the amount of one that it leaves out."""
    platform.link()
    platform.push(item("t-1", "2026-02-09", "-2.00", "80.00"))
    if presents:
        set_presenting(platform)
    take(platform, camt_052("100.00", (5, "-4.00", "A"), (5, "-10.00", "K")))
    second = take(platform, camt_052("96.00", (5, "-10.00", "K"), (5, "-4.00", "B")))
    assert [(line.amount, line.balance) for line in second.sorted.late] == [(Decimal("-4.00"), Decimal("82.00"))]
    assert len(late_queue.of_account(platform.world, ACCOUNT).lines) == 3


@pytest.mark.parametrize("presents", [True, False])
def test_late_lines_told_without_balances_are_known_when_they_come_with_them(platform: Any, *, presents: bool) -> None:
    platform.link()
    platform.push(item("t-0", "2026-02-04", "-1.00", "100.00"))
    platform.push(item("t-1", "2026-02-09", "-2.00", "84.00"))
    if presents:
        set_presenting(platform)
    day = [Booked(date(2026, 2, 5), Decimal(amount), text, bank_reference=text) for amount, text in (("-4.00", "A"), ("-10.00", "K"))]  # fmt: skip
    first = take(platform, camt("camt.054", *map(documents.entry, day)))
    assert [line.balance for line in first.sorted.late] == [Decimal("96.00"), Decimal("86.00")]
    otherwise = [replace(line, text=f"other {line.text}") for line in day]
    second = take(platform, swift.message(otherwise, Decimal("100.00"), account=IBAN))
    assert (second.sorted.new, second.sorted.late) == ((), ())
    assert len(late_queue.of_account(platform.world, ACCOUNT).lines) == 2


def test_late_lines_without_balances_of_before_the_first_one_lead_to_its_opening(platform: Any) -> None:
    platform.link()
    platform.push(item("t-0", "2026-02-04", "-1.00", "100.00"), item("t-1", "2026-02-09", "-2.00", "98.00"))
    days = [Booked(date(2026, 2, on), Decimal(-on), f"D{on}", bank_reference=f"D{on}") for on in (1, 2, 4)]
    plan = take(platform, camt("camt.054", *map(documents.entry, days)))
    assert [line.balance for line in plan.sorted.late] == [Decimal("103.00"), Decimal("101.00"), Decimal("97.00")]


def test_one_dropped_line_stands_for_one_gap_only(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("95.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "LATE"), (9, "-2.00", "B")))
    late_queue.drop(platform.world, ANN, ACCOUNT, [], WHY)
    platform.push(item("t-9", "2026-02-27", "-1.00", "88.00"))
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert [(gap.gap.missing, len(gap.late)) for gap in found.gaps] == [(Decimal(-4), 1), (Decimal(-4), 0)]
    assert found.verdict is Verdict.failed


def begun(platform: Any, *lines: Item) -> Any:
    platform.link()
    platform.push(*lines)
    set_presenting(platform)
    return platform


def test_lines_of_before_the_first_one_may_come_in_several_pushes(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "97.00"), item("t-2", "2026-02-09", "-2.00", "95.00"))
    hold_gaps(platform)
    platform.push(item("l-1", "2026-02-01", "-1.00", "99.00"))
    platform.push(item("l-2", "2026-02-02", "-1.00", "98.00"))
    assert stored(platform, "l-2").balance == Decimal("95.00")
    platform.run()
    assert reconcile.reconcile(platform.world, ACCOUNT).verdict is Verdict.proved


def test_a_file_may_have_lines_of_before_the_first_one_and_a_missing_day(platform: Any) -> None:
    platform.link()
    set_presenting(platform)
    take(platform, document("99.00", (4, "-1.00", "A")))
    take(platform, document("94.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (3, "-1.00", "X"), (4, "-1.00", "A"), (5, "-4.00", "Y"), (9, "-2.00", "B")))
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert found.feeds[0].closing == Decimal("92.00")
    assert found.verdict is Verdict.proved


def test_a_line_of_before_the_first_one_that_its_opening_has_is_named_at_its_gap(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    platform.push(item("late-1", "2026-02-03", "-4.00", "100.00"))
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert [[line.id for line in gap.late] for gap in found.gaps] == [["late-1"]]
    assert found.verdict is Verdict.proved


def test_of_two_corrections_of_one_amount_neither_is_taken_for_the_other(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    platform.push(item("late-1", "2026-02-05", "-4.00", "0"))
    platform.push(item("t-3", TODAY, "-1.00", "92.00"))
    platform.push(item("late-2", "2026-02-06", "-4.00", "0"))
    assert stored(platform, "late-2").balance == Decimal("88.00")


def test_of_one_push_the_balances_may_have_one_line_and_not_the_other(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "93.00"))
    platform.push(item("x", "2026-02-05", "-4.00", "95.00"), item("refund", "2026-02-06", "3.00", "0"))
    assert [stored(platform, name).balance for name in ("x", "refund")] == [Decimal("93.00"), Decimal("96.00")]


def test_an_older_late_line_does_not_spoil_a_day_that_comes_in_several_pushes(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "86.00"))
    platform.push(item("p", "2026-02-03", "-3.00", "100.00"))
    platform.push(item("x", "2026-02-05", "-4.00", "0"))
    platform.push(item("y", "2026-02-06", "-7.00", "0"))
    assert stored(platform, "y").balance == Decimal("86.00")


def test_paid_booked_back_and_paid_again_one_by_one(platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("95.00", (9, "-2.00", "B")))
    again = (5, "-4.00", "PAID"), (5, "4.00", "BACK"), (5, "-4.00", "AGAIN")
    take(platform, document("100.00", (4, "-1.00", "A"), *again, (9, "-2.00", "B")))
    for line_id in waiting_ids(platform):
        late_queue.present(platform.world, ANN, ACCOUNT, [line_id], WHY)
    assert reconcile.reconcile(platform.world, ACCOUNT).feeds[0].closing == Decimal("93.00")


@pytest.mark.parametrize(
    ("last", "line", "after"),
    [("90.00", item("late", "2026-02-04", "-4.00", "97.00"), "90.00"),
     ("94.00", item("late", "2026-02-03", "-4.00", "100.00"), "94.00")],
)  # fmt: skip
def test_lines_of_a_day_may_all_carry_the_balance_of_its_end(platform: Any, last: str, line: Item, after: str) -> None:
    begun(
        platform,
        item("a-1", "2026-02-04", "-1.00", "97.00"),
        item("a-2", "2026-02-04", "-2.00", "97.00"),
        item("b", "2026-02-09", "-3.00", last),
    )
    platform.push(line)
    assert stored(platform, "late").balance == Decimal(after)


def test_a_rehearsal_sends_a_late_line_to_no_feed_that_would_not_get_it(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "97.00"))
    platform.link("ba-2", "2026-02-06")
    platform.run()
    sent = [Sent(item("late", "2026-02-05", "-4.00", "95.00"))]
    told = rehearse.rehearse(platform.world, PushRequest(COMPANY, CONNECTION, "acc-001", "acc-001", sent))
    assert [draft.bank_account_id for draft in told.statements] == ["ba-1"]
    assert (told.accepted, told.withheld) == (1, 0)


def test_where_lines_carry_no_balance_stated_ones_count_a_late_line_on_its_own_day(platform: Any) -> None:
    begun(platform, item("t-1", "2026-02-04", "-1.00", "0"), item("t-2", "2026-02-09", "-2.00", "0"))
    platform.push(item("late-1", "2026-02-05", "-4.00", "0"))
    closings = {date(2026, 2, 4): Decimal(99), date(2026, 2, 9): Decimal(93), date(2026, 3, 2): Decimal(93)}
    reconcile.state(platform.world, ANN, ACCOUNT, closings)
    assert reconcile.reconcile(platform.world, ACCOUNT).verdict is Verdict.proved


@pytest.mark.parametrize("seed", range(8))
def test_whole_days_in_any_order_and_two_formats_come_to_the_banks_balance(platform: Any, seed: int) -> None:
    """Whatever overlaps, comes again, comes late, in one go or line by line: each once, and the last balance the bank's."""
    chance = random.Random(seed)
    platform.link()
    if presents := chance.random() < 0.5:
        set_presenting(platform)
    days = [[Decimal(chance.choice((-4, -7, 4, -1, 5))) for _ in range(chance.randrange(1, 4))] for _ in range(6)]
    opening = [Decimal(100), *(Decimal(100) + sum(chain(*days[: n + 1]), Decimal(0)) for n in range(6))]
    spans = [(0, 0), *(tuple(sorted(chance.choices(range(6), k=2))) for _ in range(5)), (0, 5)]
    for first, last in spans:
        of_days = [(5 + n, [(amount, f"T{n}-{m}") for m, amount in enumerate(days[n])]) for n in range(first, last + 1)]
        if chance.random() < 0.5:
            written = [(on, amount, text) for on, of_day in of_days for amount, text in of_day]
            take(platform, document(str(opening[first]), *((on, str(amount), text) for on, amount, text in written)))
        else:
            other = [(on, *each) for on, of_day in of_days for each in chance.sample(of_day, len(of_day))]
            booked = [Booked(date(2026, 2, on), amount, f"other {text}") for on, amount, text in other]
            take(platform, swift.message(booked, opening[first], account=IBAN))
    for line_id in [] if presents else waiting_ids(platform):
        late_queue.present(platform.world, ANN, ACCOUNT, [line_id], WHY)
    platform.run()
    found = reconcile.reconcile(platform.world, ACCOUNT)
    assert len(in_sage(platform)) == platform.account().last_seq == sum(map(len, days))
    assert found.feeds[0].closing == opening[-1]
    assert found.verdict is Verdict.proved


def test_more_lines_than_are_asked_alone_go_on_together(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_balances, "ASKED_ALONE_MAX", 1)
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "93.00"))
    platform.push(item("x", "2026-02-05", "-4.00", "95.00"), item("refund", "2026-02-06", "3.00", "0"))
    assert [stored(platform, name).balance for name in ("x", "refund")] == [Decimal("89.00"), Decimal("92.00")]


@pytest.mark.parametrize(("limit", "after"), [(2, "80.00"), (1, "62.00")])
def test_so_many_open_lines_are_tried_beside_a_late_one(
    platform: Any, monkeypatch: pytest.MonkeyPatch, limit: int, after: str
) -> None:
    """The bank counts x, y and z, not the odd one. Without a limit that is met, z is known to complete its day."""
    monkeypatch.setattr(late_balances, "OPEN_TRIED_MAX", limit)
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "79.00"))
    for line_id, amount in (("odd", "1.00"), ("x", "-4.00"), ("y", "-6.00"), ("z", "-8.00")):
        platform.push(item(line_id, "2026-02-05", amount, "0"))
    assert stored(platform, "z").balance == Decimal(after)


@pytest.mark.parametrize(("limit", "after"), [(3, "78.00"), (1, "59.00")])
def test_so_many_days_are_tried(platform: Any, monkeypatch: pytest.MonkeyPatch, limit: int, after: str) -> None:
    monkeypatch.setattr(late_balances, "DAYS_TRIED_MAX", limit)
    begun(platform, item("t-1", "2026-02-04", "-1.00", "99.00"), item("t-2", "2026-02-09", "-2.00", "78.00"))
    for number, amount in enumerate(("-4.00", "-7.00", "-8.00")):
        platform.push(item(f"late-{number}", f"2026-02-0{5 + number}", amount, "0"))
    assert stored(platform, "late-2").balance == Decimal(after)
