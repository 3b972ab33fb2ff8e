"""The arithmetic of the balance proof: which days add up, where the first gap is, and when nothing can be shown."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.balance_proof import Proof, Prover, Stretch, Verdict

FIRST = date(2026, 2, 2)
Row = tuple[int, str, str]
"""The day after FIRST, the amount, the balance."""


def prove(rows: list[Row], stated: dict[int, str] | None = None, at_a_time: int = 1000) -> Proof:
    prover = Prover()
    for at in range(0, len(rows), at_a_time):
        part = rows[at : at + at_a_time]
        days = [(FIRST + timedelta(days=day)).isoformat() for day, _, _ in part]
        prover.read(Stretch(at + 1, days, [amount for _, amount, _ in part], [balance for *_, balance in part]))
    return prover.proof({FIRST + timedelta(days=day): Decimal(text) for day, text in (stated or {}).items()})


GOOD: list[Row] = [(0, "80.00", "330.75"), (0, "-30.25", "300.50"), (1, "0.5", "301"), (4, "-301", "0.00")]


def test_lines_that_follow_on_one_another_are_proved_day_by_day() -> None:
    proof = prove(GOOD)
    assert proof.verdict is Verdict.proved
    assert [(day.on.day, day.count, str(day.opening), str(day.total), str(day.closing)) for day in proof.days] == [
        (2, 2, "250.75", "49.75", "300.50"),
        (3, 1, "300.50", "0.5", "301"),
        (6, 1, "301", "-301", "0.00"),
    ]
    assert not any(day.missing for day in proof.days)


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
def test_the_size_of_the_stretches_makes_no_difference(at_a_time: int) -> None:
    assert prove(GOOD, at_a_time=at_a_time) == prove(GOOD)


def test_a_missing_line_is_a_gap_at_the_line_behind_it_with_its_amount() -> None:
    rows = [GOOD[0], GOOD[2], GOOD[3]]
    proof = prove(rows)
    assert proof.verdict is Verdict.failed
    (gap,) = proof.gaps
    assert (gap.seq, gap.on.day, str(gap.expected), str(gap.found), str(gap.missing)) == (
        2, 3, "331.25", "301", "-30.25",
    )  # fmt: skip
    assert not proof.has_turned_signs


def test_the_sign_convention_is_proved_by_the_same_arithmetic() -> None:
    turned = [(day, str(-Decimal(amount)), balance) for day, amount, balance in GOOD]
    assert prove(turned).has_turned_signs
    assert not prove(GOOD).has_turned_signs


def test_lines_that_all_carry_their_days_closing_balance_are_proved_by_the_day() -> None:
    rows = [(0, "80.00", "300.50"), (0, "-30.25", "300.50"), (1, "1", "303.50"), (1, "2", "303.50")]
    proof = prove(rows)
    assert proof.breaks
    assert proof.gaps == []
    assert [str(day.missing) for day in proof.days[1:]] == ["0.00"]


def test_without_balances_nothing_is_proved_unless_the_institution_states_its_closing_balances() -> None:
    bare = [(day, amount, "0") for day, amount, _ in GOOD]
    assert prove(bare).verdict is Verdict.unproved
    assert prove(bare, {0: "300.50"}).verdict is Verdict.unproved
    assert prove(bare, {-1: "250.75", 0: "300.50", 4: "0"}).verdict is Verdict.proved
    wrong = prove(bare, {0: "300.50", 4: "1.00"})
    assert wrong.verdict is Verdict.failed
    assert [(each.on.day, str(each.by_lines), str(each.stated)) for each in wrong.disagreements] == [
        (6, "0.00", "1.00")
    ]


def test_no_lines_are_unproved() -> None:
    assert prove([]).verdict is Verdict.unproved
    assert prove([], {0: "1"}).verdict is Verdict.unproved


def test_a_balance_that_is_nothing_is_a_balance_where_the_amounts_are_nothing_too() -> None:
    assert prove([(0, "0", "0")]).verdict is Verdict.proved


def test_a_closing_balance_that_the_institution_states_otherwise_is_told_with_the_difference() -> None:
    proof = prove(GOOD, {-1: "1", 0: "300.50", 2: "301.00", 3: "299", 4: "0"})
    assert proof.verdict is Verdict.failed
    assert [(each.on.day, str(each.missing)) for each in proof.disagreements] == [(5, "-2")]
    assert proof.checked_closings == 4, "one of before the first line says nothing about them"


cents = st.integers(-100_000, 100_000).map(lambda value: Decimal(value).scaleb(-2))


@given(opening=cents, moves=st.lists(st.tuples(st.integers(0, 2), cents), min_size=1, max_size=40), data=st.data())
def test_whatever_is_left_out_the_gaps_come_to_exactly_what_is_missing(
    opening: Decimal, moves: list[tuple[int, Decimal]], data: st.DataObject
) -> None:
    rows: list[Row] = []
    day, balance = 0, opening
    for step, amount in moves:
        day, balance = day + step, balance + amount
        rows.append((day, str(amount), str(balance)))
    kept = [row for row in rows[1:] if data.draw(st.booleans())]
    proof = prove([rows[0], *kept])
    assert sum(each.missing for each in proof.breaks) == sum(day.missing for day in proof.days)
    left_out = sum(Decimal(row[1]) for row in rows) - sum(Decimal(row[1]) for row in [rows[0], *kept])
    trailing = balance - Decimal((kept or rows[:1])[-1][2])
    if any(Decimal(row[2]) for row in [rows[0], *kept]):
        assert sum(each.missing for each in proof.breaks) == left_out - trailing
    assert (proof.verdict is Verdict.failed) == bool(proof.gaps)
