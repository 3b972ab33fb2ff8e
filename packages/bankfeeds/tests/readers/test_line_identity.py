"""The ids of lines: the same in every file that holds their day, different for different lines, per account."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.line_identity import digest, is_placeholder
from bankfeeds.domain.statement_file import FileLine

from .documents import Booked, document, read, statement_of, stmt, thousand_entries

START = date(2026, 10, 26)
MONDAY = START
# Few different values on purpose: equal lines and reused references are what the rule is about.
entries = st.lists(
    st.builds(
        Booked,
        on=st.integers(0, 4).map(lambda days: START + timedelta(days=days)),
        amount=st.sampled_from(["1.00", "-1.00", "2.50"]).map(Decimal),
        text=st.sampled_from(["", "Coffee", "Tea"]),
        bank_reference=st.sampled_from(["", "R1", "R2", "NONREF"]),
        reference=st.sampled_from(["", "E1"]),
    ),
    max_size=25,
)


def lines_of(booked: list[Booked]) -> tuple[FileLine, ...]:
    (statement,) = read(document(statement_of(booked))).statements
    return statement.lines


def ids_of(booked: list[Booked]) -> list[str]:
    return [line.id for line in lines_of(booked)]


def content_by_id(booked: list[Booked]) -> dict[str, tuple[object, ...]]:
    return {line.id: (line.date, line.amount, line.description, line.reference) for line in lines_of(booked)}


@given(entries)
def test_every_line_has_an_id_of_its_own_and_reading_again_gives_the_same(booked: list[Booked]):
    ids = ids_of(booked)
    assert len(set(ids)) == len(booked)
    assert all(len(line_id) == 32 and int(line_id, 16) >= 0 for line_id in ids)
    assert ids_of(booked) == ids


@given(entries, st.integers(0, 5), st.integers(0, 5))
def test_files_that_overlap_by_whole_days_agree_on_every_line_they_share(booked: list[Booked], first: int, last: int):
    whole = content_by_id(booked)
    window = [one for one in booked if START + timedelta(first) <= one.on <= START + timedelta(last)]
    part = content_by_id(window)
    assert part == {line_id: content for line_id, content in whole.items() if in_window(content[0], first, last)}


def in_window(on: object, first: int, last: int) -> bool:
    return isinstance(on, date) and START + timedelta(first) <= on <= START + timedelta(last)


@given(entries)
def test_a_file_split_by_day_into_statements_gives_the_ids_of_the_file_in_one(booked: list[Booked]):
    days = sorted({one.on for one in booked})
    parts = [statement_of([one for one in booked if one.on == on], name=f"S{on}") for on in days]
    split = read(document(*parts or [stmt()]))
    assert sorted(line.id for one in split.statements for line in one.lines) == sorted(ids_of(booked))


@given(entries.flatmap(lambda booked: st.tuples(st.just(booked), st.permutations(booked))))
def test_the_order_in_the_file_does_not_matter(pair: tuple[list[Booked], list[Booked]]):
    booked, shuffled = pair
    assert content_by_id(booked) == content_by_id(shuffled)


@given(entries)
def test_another_account_shares_no_id(booked: list[Booked]):
    one = document(statement_of(booked))
    other = one.replace("GB83DEMO00009931926819", "NL26VAYB8060476890")
    ids = {line.id for statement in read(one).statements for line in statement.lines}
    assert ids.isdisjoint(line.id for statement in read(other).statements for line in statement.lines)


def test_two_equal_lines_on_a_day_stay_two_lines():
    coffee = Booked(MONDAY, Decimal("-3.20"), "Coffee")
    once, twice = ids_of([coffee]), ids_of([coffee, coffee])
    assert len(set(twice)) == 2
    assert twice[0] == once[0]


def test_the_same_text_on_another_day_is_another_line():
    coffees = [Booked(MONDAY + timedelta(days), Decimal("-3.20"), "Coffee", "R1") for days in (0, 1)]
    assert len(set(ids_of(coffees))) == 2


def test_the_banks_reference_outlives_another_wording():
    one, other = (Booked(MONDAY, Decimal(5), text, "R1") for text in ("TFR J SMITH", "Transfer from J Smith"))
    assert ids_of([one]) == ids_of([other])


def test_without_the_banks_reference_another_text_is_another_line():
    one, other = (Booked(MONDAY, Decimal(5), text) for text in ("Coffee", "Tea"))
    assert ids_of([one]) != ids_of([other])


def test_a_payment_and_its_fee_under_one_reference_keep_their_ids_when_they_come_apart():
    payment, fee = Booked(MONDAY, Decimal(-100), "Paid", "R1"), Booked(MONDAY, Decimal(-1), "Fee", "R1")
    assert ids_of([payment, fee]) == [*ids_of([payment]), *ids_of([fee])]


def test_a_reference_that_several_equal_amounts_share_falls_back_to_the_content():
    coffee, tea = (Booked(MONDAY, Decimal(-3), text, "SAME") for text in ("Coffee", "Tea"))
    assert content_by_id([coffee, tea]) == content_by_id([tea, coffee])
    assert len(set(ids_of([coffee, tea, tea]))) == 3


def test_a_placeholder_is_no_reference():
    assert all(is_placeholder(text) for text in ("NONREF", "NotProvided", "not provided", "N/A"))
    assert not is_placeholder("NONREF1")


def test_zeros_at_the_end_of_an_amount_do_not_make_another_line():
    assert ids_of([Booked(MONDAY, Decimal("8.850"), "x")]) == ids_of([Booked(MONDAY, Decimal("8.85"), "x")])


def test_texts_do_not_run_together():
    assert digest(("ab", "c")) != digest(("a", "bc"))


def test_the_rule_has_not_changed():
    """These ids are out in the world: if this test fails, every line ever delivered would be delivered again."""
    by_reference = ids_of([Booked(MONDAY, Decimal("12.50"), "Takings", "R1", "E1")])
    by_content = ids_of([Booked(MONDAY, Decimal("12.50"), "Takings", "", "E1")])
    assert (by_reference, by_content) == (["fd5142aaa15990bbef37bfa6d9112f36"], ["eb8f00b52cf26d1fc0612b6baaf640a9"])


def test_a_thousand_entries_overlap_without_a_loss():
    booked = thousand_entries()
    early, late = ([one for one in booked if keep(one.on)] for keep in (up_to_the_tenth, from_the_fifth))
    seen = Counter({*ids_of(early), *ids_of(late)})
    assert set(seen) == set(ids_of(booked))


def up_to_the_tenth(on: date) -> bool:
    return on <= date(2026, 11, 10)


def from_the_fifth(on: date) -> bool:
    return on >= date(2026, 11, 5)
