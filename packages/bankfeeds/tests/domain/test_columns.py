"""Lines looked at column by column and one by one come to the same result, whatever is sent."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.columns import columns_of, read_columns
from bankfeeds.domain.transaction import TYPES, TextLimits, read_lines


@dataclass
class Sent:
    id: str | None
    date: str | None
    amount: bytes
    balance: bytes
    description: str | None = "Flour"
    transactionType: str | None = None  # noqa: N815
    counterparty: str | None = None
    reference: str | None = None


NUMBERS = st.one_of(
    st.decimals(min_value=-(10**6), max_value=10**6, places=2).map(lambda d: str(d).encode()),
    st.sampled_from(
        [b"", b"null", b'"1.00"', b"1e2", b"-0", b"0.0", b"100.000", b"1.005", b"1E400", b"1e99999999999999999999",
         b"123456789012345.67", b"1234567890123456", b"true", b"[1 2]", b"{}", b"1" * 70, b"-0.00", b"12.50"]
    ),
)  # fmt: skip
TEXTS = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["", "Cafe\u0301", "a\tb", "é", "a\0", "x" * 300]))
DAYS = st.one_of(
    st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1)).map(str),
    st.sampled_from([None, "", "2026-02-30", "2026-02-01T09:30:00", "2026-02-01T09:30:00Z", "2026-02-01T25:00", "20260201", "2026-W05-1"]),
)  # fmt: skip
SENT = st.builds(
    Sent,
    id=st.one_of(st.none(), st.text(max_size=6), st.uuids().map(str)),
    date=DAYS,
    amount=NUMBERS,
    balance=NUMBERS,
    description=TEXTS,
    transactionType=st.one_of(st.none(), st.sampled_from(TYPES)),
    counterparty=TEXTS,
    reference=TEXTS,
)
GOOD = st.builds(
    Sent,
    id=st.uuids().map(str),
    date=st.dates(min_value=date(2026, 1, 1), max_value=date(2026, 3, 1)).map(str),
    amount=st.decimals(min_value=-(10**6), max_value=10**6, places=2).map(lambda d: str(d).encode()),
    balance=st.decimals(min_value=-(10**6), max_value=10**6, places=2).map(lambda d: str(d).encode()),
)


@given(items=st.lists(SENT, min_size=1, max_size=4), exponent=st.sampled_from([0, 2, 3]))
def test_what_the_columns_accept_the_lines_accept_alike(items: list[Sent], exponent: int) -> None:
    columns = read_columns(items, exponent, TextLimits())
    if columns is None:
        return
    reading = read_lines(items, exponent, TextLimits())
    assert reading.flaws == []
    assert reading.warnings == []
    assert columns.lines() == reading.lines


@given(items=st.lists(GOOD, min_size=1, max_size=20))
def test_what_nothing_is_wrong_with_is_read_as_columns(items: list[Sent]) -> None:
    columns = read_columns(items, 2, TextLimits())
    assert columns is not None
    assert len(columns) == len(items)
    assert columns_of(columns.lines()).lines() == columns.lines()


@pytest.mark.parametrize(
    ("kind", "amount"), [("Credit", b"-1.00"), ("Debit", b"1.00")], ids=["a negative credit", "a positive debit"]
)
def test_a_sign_that_needs_a_warning_is_left_to_the_closer_look(kind: str, amount: bytes) -> None:
    item = Sent("t-1", "2026-02-01", amount, b"1.00", transactionType=kind)
    assert read_columns([item], 2, TextLimits()) is None
    assert len(read_lines([item], 2, TextLimits()).warnings) == 1


def test_amounts_keep_every_digit() -> None:
    item = Sent("t-1", "2026-02-01", b"123456789012345.67", b"-0.10")
    columns = read_columns([item], 2, TextLimits())
    assert columns is not None
    assert columns.lines()[0].amount == Decimal("123456789012345.67")


def test_an_order_is_judged_by_the_day() -> None:
    items = [
        Sent(f"t-{n}", day, b"1.00", b"1.00") for n, day in enumerate(["2026-02-02T09:00", "2026-02-02", "2026-02-03"])
    ]
    columns = read_columns(items, 2, TextLimits())
    assert columns is not None
    assert columns.is_in_order(None, date(2026, 2, 3))
    assert columns.is_in_order(date(2026, 2, 2), date(2026, 2, 3))
    assert not columns.is_in_order(date(2026, 2, 3), date(2026, 2, 3))
    assert not columns.is_in_order(None, date(2026, 2, 2))
