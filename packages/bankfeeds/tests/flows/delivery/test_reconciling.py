"""Reconciling: what the institution sent, against what each feed got and what the institution itself says; both databases."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.flows import operate, reconcile
from bankfeeds.flows.reconcile import Reconciled

from .conftest import Item
from .operators import ANN, DAYS, WHY, audit_rows, park, refuses

NAME = "ext-acc-001"


def look(platform: Any) -> Reconciled:
    return reconcile.reconcile(platform.world, NAME)


def item(number: int, day: str, amount: str, balance: str) -> Item:
    return Item(f"t-{number}", day, Decimal(amount), Decimal(balance))


def test_what_arrived_whole_is_proved_and_sages_running_balance_is_the_institutions(
    platform: Any, make_lines: Any
) -> None:
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.run()
    found = look(platform)
    assert found.verdict is Verdict.proved
    (feed,) = found.feeds
    assert (feed.accepted_count, feed.waiting_count, feed.withheld_count) == (len(DAYS), 0, 0)
    assert feed.running == feed.closing == Decimal(1000 - len(DAYS))
    assert feed.missing == 0


def test_withheld_and_waiting_lines_are_told_and_are_no_gap(platform: Any, make_lines: Any) -> None:
    platform.link(start="2026-02-02")
    platform.push(*make_lines("2026-02-01", "2026-02-01", "2026-02-02"))
    platform.run()
    platform.push(*make_lines("2026-02-03", start=4))
    (feed,) = look(platform).feeds
    assert (feed.withheld_count, feed.withheld_total) == (2, Decimal(-2))
    assert (feed.accepted_count, feed.opening, feed.running, feed.missing) == (1, 998, 997, 0)
    assert (feed.waiting_count, feed.waiting_total) == (1, Decimal(-1))


def test_a_skipped_line_is_a_gap_with_its_name_and_its_reason(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.run()
    found = look(platform)
    (feed,) = found.feeds
    assert [(line.id, line.amount, line.reason) for line in feed.skipped] == [("t-3", Decimal(-1), WHY)]
    assert feed.missing == feed.named == Decimal(-1)
    assert feed.is_explained
    assert found.verdict is Verdict.proved, "the institution's own lines add up"


def test_a_line_the_institution_left_out_is_found_with_the_push_that_shows_it(platform: Any) -> None:
    platform.link()
    platform.push(item(1, "2026-02-01", "-1", "999"))
    late = platform.push(item(3, "2026-02-03", "-1", "992"))
    platform.run()
    found = look(platform)
    assert found.verdict is Verdict.failed
    (gap,) = found.gaps
    assert (gap.line_id, gap.push, gap.gap.missing) == ("t-3", late.key, Decimal(-6))
    (feed,) = found.feeds
    assert feed.missing == feed.named == Decimal(-6)
    assert feed.is_explained


def test_lines_without_balances_are_unproved_until_closing_balances_are_stated(platform: Any) -> None:
    platform.link()
    platform.push(item(1, "2026-02-01", "-1", "0"), item(2, "2026-02-02", "-2", "0"))
    assert look(platform).verdict is Verdict.unproved
    reconcile.state(platform.world, ANN, NAME, {date(2026, 2, 1): Decimal(9), date(2026, 2, 2): Decimal(7)})
    assert look(platform).verdict is Verdict.proved
    reconcile.state(platform.world, ANN, NAME, {date(2026, 2, 2): Decimal("7.50")})
    found = look(platform)
    assert found.verdict is Verdict.failed
    assert [(each.on, each.missing) for each in found.proof.disagreements] == [(date(2026, 2, 2), Decimal("0.50"))]


def test_a_stated_closing_balance_is_audited_and_the_last_one_counts(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    wrong, right = {date(2026, 2, 1): Decimal(1)}, {date(2026, 2, 1): Decimal(999)}
    reconcile.state(platform.world, ANN, NAME, wrong)
    assert look(platform).verdict is Verdict.failed
    reconcile.state(platform.world, ANN, NAME, right)
    assert look(platform).verdict is Verdict.proved
    acts = audit_rows(platform, "balances.state")
    assert [(row.actor, row.subject) for row in acts] == [(ANN, f"account:{NAME}")] * 2


@pytest.mark.parametrize("balance", ["1.001", "1e30", "NaN"])
def test_a_closing_balance_that_is_no_amount_is_refused_and_named_by_its_day(platform: Any, balance: str) -> None:
    refuses(
        platform,
        lambda: reconcile.state(platform.world, ANN, NAME, {date(2026, 2, 1): Decimal(balance)}),
        Invalid,
        "2026-02-01",
    )


def test_there_is_a_limit_to_closing_balances_at_a_time(platform: Any) -> None:
    given = {date.fromordinal(730_000 + n): Decimal(1) for n in range(reconcile.CLOSINGS_MAX + 1)}
    refuses(platform, lambda: reconcile.state(platform.world, ANN, NAME, given), Invalid, "1 to 1000")
    refuses(platform, lambda: reconcile.state(platform.world, ANN, NAME, {}), Invalid, "1 to 1000")


def test_an_account_that_is_not_there_is_refused(platform: Any) -> None:
    refuses(platform, lambda: reconcile.reconcile(platform.world, "nobody"), NotFound, "nobody")


def test_without_a_name_every_account_is_told(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01"))
    assert [(each.account.id, each.verdict) for each in reconcile.every(platform.world)] == [
        ("acc-001", Verdict.proved),
        ("acc-002", Verdict.unproved),
    ]
