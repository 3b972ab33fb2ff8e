"""What a push means: which lines are accepted, which are passed over, and what a refusal leaves behind."""

from decimal import Decimal
from typing import Any

import pytest

from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.store import lines as stored_lines


def stored(platform: Any) -> list[str]:
    pk = platform.account().pk
    return list(
        platform.world.db.read(lambda tx: stored_lines.next_batch(tx, pk, 0, 5000, from_on=None, feed_pk=0)).columns.ids
    )


def refused(platform: Any, *items: Any, **options: Any) -> list[str]:
    """The fields named by the refusal; nothing may have changed."""
    before = stored(platform), platform.account()
    with pytest.raises(Invalid) as error:
        platform.push(*items, **options)
    assert (stored(platform), platform.account()) == before
    return [flaw.field for flaw in error.value.flaws]


def test_lines_are_numbered_in_the_order_of_acceptance(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.push(*make_lines("2026-02-02", start=3))
    assert stored(platform) == ["t-1", "t-2", "t-3"]
    assert platform.account().last_seq == 3


def test_nothing_is_accepted_before_the_account_is_linked(platform: Any, make_lines: Any) -> None:
    assert refused(platform, *make_lines("2026-02-01")) == ["connectionId"]
    platform.link(account="acc-002")
    assert refused(platform, *make_lines("2026-02-01")) == ["accountId"]


def test_an_unknown_account_is_not_found(platform: Any, make_lines: Any) -> None:
    platform.link()
    with pytest.raises(NotFound):
        platform.push(*make_lines("2026-02-01"), account="acc-999")


def test_every_flaw_is_named_by_its_field(platform: Any, make_lines: Any) -> None:
    platform.link()
    good, bad = make_lines("2026-02-01", "2026-02-02")
    bad.id, bad.amount, bad.balance, bad.date = None, Decimal("NaN"), Decimal("1.001"), "2026-02-30"
    assert refused(platform, good, bad) == [
        "transactions[1].id", "transactions[1].amount", "transactions[1].balance", "transactions[1].date",
    ]  # fmt: skip


@pytest.mark.parametrize("amount", ["1e400", "Infinity", "-Infinity", "12345678901234567.00", "0.005"])
def test_what_is_no_amount_of_the_currency_is_refused(platform: Any, make_lines: Any, amount: str) -> None:
    platform.link()
    (item,) = make_lines("2026-02-01")
    item.amount = Decimal(amount)
    assert refused(platform, item) == ["transactions[0].amount"]


def test_trailing_zeros_are_no_decimals(platform: Any, make_lines: Any) -> None:
    platform.link()
    (item,) = make_lines("2026-02-01")
    item.amount = Decimal("10.5000")
    platform.push(item)
    assert stored(platform) == ["t-1"]


def test_lines_out_of_order_late_and_in_the_future_are_refused(platform: Any, make_lines: Any) -> None:
    platform.link()
    assert refused(platform, *make_lines("2026-02-02", "2026-02-01")) == ["transactions[1].date"]
    assert refused(platform, *make_lines("2026-03-04")) == ["transactions[0].date"]
    platform.push(*make_lines("2026-03-03"))
    late = make_lines("2026-03-02", start=5)
    with pytest.raises(Invalid) as error:
        platform.push(*late)
    assert "2026-03-02" in error.value.message
    assert "2026-03-03" in error.value.message


def test_the_same_day_as_the_newest_line_is_not_late(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01"))
    platform.push(*make_lines("2026-02-01", start=2))
    assert stored(platform) == ["t-1", "t-2"]


def test_a_known_line_is_passed_over_with_a_warning_and_the_rules_ask_only_of_new_ones(
    platform: Any, make_lines: Any
) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    push = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-03"))
    assert stored(platform) == ["t-1", "t-2", "t-3"]
    assert [flaw.field for flaw in push.warnings] == ["transactions[0].id", "transactions[1].id"]


def test_the_same_id_with_other_content_is_refused_whole(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01"))
    changed, new = make_lines("2026-02-01", "2026-02-02")
    changed.amount = Decimal("-2.00")
    assert refused(platform, changed, new) == ["transactions[0].id"]


def test_an_id_twice_in_one_request_is_refused(platform: Any, make_lines: Any) -> None:
    platform.link()
    first, second = make_lines("2026-02-01", "2026-02-01")
    second.id = first.id
    assert refused(platform, first, second) == ["transactions[1].id"]


def test_a_push_of_nothing_but_known_lines_ends_as_the_original_does(platform: Any, make_lines: Any) -> None:
    platform.link()
    first = platform.push(*make_lines("2026-02-01"))
    again = platform.push(*make_lines("2026-02-01"))
    assert again.status.value == "Pending"
    platform.run()
    assert platform.operation(first).status.value == "Success"
    assert platform.operation(again).status.value == "Success"
    third = platform.push(*make_lines("2026-02-01"))
    assert third.status.value == "Success"
    assert platform.sage.stored["ba-1"] == ["t-1"]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_request_has_one_to_a_thousand_lines(platform: Any, make_lines: Any, count: int) -> None:
    platform.link()
    assert refused(platform, *make_lines(*["2026-02-01"] * count)) == ["transactions"]


def test_a_thousand_lines_are_accepted(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines(*["2026-02-01"] * 1000))
    assert len(stored(platform)) == 1000


def test_text_is_tidied_and_told(platform: Any, make_lines: Any) -> None:
    platform.link()
    (item,) = make_lines("2026-02-01")
    item.description = "Cafe\u0301\tBar"
    push = platform.push(item)
    assert [flaw.field for flaw in push.warnings] == ["transactions[0].description"]
    pk = platform.account().pk
    batch = platform.world.db.read(lambda tx: stored_lines.next_batch(tx, pk, 0, 9, from_on=None, feed_pk=0))
    assert list(batch.columns.descriptions) == ["Café Bar"]


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_text_that_cannot_be_kept_is_refused(platform: Any, make_lines: Any, text: str) -> None:
    platform.link()
    (item,) = make_lines("2026-02-01")
    item.counterparty = text
    assert refused(platform, item) == ["transactions[0].counterparty"]


def test_a_sign_that_disagrees_with_the_type_is_a_warning(platform: Any, make_lines: Any) -> None:
    platform.link()
    (item,) = make_lines("2026-02-01")
    item.transactionType = "Credit"
    push = platform.push(item)
    assert [flaw.field for flaw in push.warnings] == ["transactions[0].transactionType"]


def test_lines_before_the_start_date_are_warned_of(platform: Any, make_lines: Any) -> None:
    platform.link(start="2026-02-02")
    push = platform.push(*make_lines("2026-02-01", "2026-02-02"))
    assert "withheld" in push.warnings[0].message


def test_a_timeout_changes_the_status_and_the_lines_still_arrive(platform: Any, make_lines: Any) -> None:
    from bankfeeds.flows import confirm  # noqa: PLC0415

    platform.link()
    push = platform.push(*make_lines("2026-02-01"), timeout_minutes=1)
    platform.clock.advance(61)
    platform.world.db.write(lambda tx: confirm.time_out_pushes(tx, platform.clock()))
    assert platform.operation(push).status.value == "TimedOut"
    platform.run()
    assert platform.sage.stored["ba-1"] == ["t-1"]
    assert platform.operation(push).status.value == "TimedOut"
