"""Which decimals are amounts, and what becomes of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.money import AMOUNT_DIGITS_MAX, EXPONENTS, amount_flaw, plain, to_minor

AMOUNTS = st.decimals(min_value=-(10**14), max_value=10**14, places=2)


@pytest.mark.parametrize("text", ["0", "-0", "12.5", "-12.50", "12.500000", "1E+2", "9" * AMOUNT_DIGITS_MAX + ".99"])
def test_what_fits_the_currency_is_an_amount(text: str) -> None:
    assert amount_flaw(Decimal(text), 2) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NaN", "not a number"),
        ("sNaN", "not a number"),
        ("Infinity", "not a number"),
        ("-Infinity", "not a number"),
        ("1" + "0" * AMOUNT_DIGITS_MAX, "digits before the decimal point"),
        ("1e400", "digits before the decimal point"),
        ("1.005", "decimals of its currency"),
        ("1e-400", "decimal places"),
    ],
)
def test_what_does_not_fit_is_none_and_says_why(text: str, told: str) -> None:
    flaw = amount_flaw(Decimal(text), 2)
    assert flaw is not None
    assert told in flaw


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("GBP", 2), ("KWD", 3), ("CLF", 4)])
def test_the_currency_says_how_many_decimals(currency: str, decimals: int) -> None:
    assert EXPONENTS[currency] == decimals
    assert amount_flaw(Decimal(1).scaleb(-decimals), decimals) is None
    assert amount_flaw(Decimal(1).scaleb(-decimals - 1), decimals) is not None


def test_every_currency_is_three_capital_letters() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in EXPONENTS)


@given(AMOUNTS)
def test_minor_units_are_whole_and_lose_nothing(amount: Decimal) -> None:
    assert Decimal(to_minor(amount, 2)).scaleb(-2) == amount


def test_minor_units_are_never_rounded() -> None:
    with pytest.raises(ValueError, match="more than 2 decimals"):
        to_minor(Decimal("1.005"), 2)


@given(AMOUNTS)
def test_plain_changes_how_an_amount_is_written_and_not_what_it_is(amount: Decimal) -> None:
    shown = str(plain(amount))
    assert Decimal(shown) == amount
    assert "E" not in shown
    assert not ("." in shown and shown.endswith("0"))
    assert shown != "-0"
