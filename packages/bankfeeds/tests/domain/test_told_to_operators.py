"""What operators are told in plain language: why a feed stands still, and when customers see what was delivered."""

from datetime import UTC, date, datetime, timedelta

from bankfeeds.domain.showing import RHYTHMS, Product, showings
from bankfeeds.domain.trouble import Trouble, trouble_in

NOON = datetime(2026, 2, 2, 12, 0, tzinfo=UTC)


def test_a_code_that_is_known_is_told_in_plain_language() -> None:
    assert trouble_in("DATE_ORDER t-4 is older than what Sage has") is Trouble.order
    assert trouble_in("STRANGE_THING no; EXPECTED_MISMATCH credits 2 differ") is Trouble.sums


def test_what_is_not_known_is_never_guessed() -> None:
    for told in (None, "", "Sage answered 400", "date order", "STRANGE_THING no", "XDATE_ORDER"):
        assert trouble_in(told) is Trouble.other


def test_every_kind_of_product_says_when_it_shows_what_was_delivered() -> None:
    found = showings(NOON, date(2026, 2, 1), NOON)
    assert [each.rhythm.product for each in found] == list(Product)
    assert [each.by - NOON for each in found] == [each.every for each in RHYTHMS]
    assert not any(each.today_waits for each in found)


def test_lines_of_today_wait_for_tomorrow_where_only_closed_days_are_shown() -> None:
    waiting = {each.rhythm.product for each in showings(NOON, NOON.date(), NOON) if each.today_waits}
    assert waiting == {Product.intacct, Product.desktop}
    later = showings(NOON, NOON.date(), NOON + timedelta(days=1))
    assert not any(each.today_waits for each in later)
