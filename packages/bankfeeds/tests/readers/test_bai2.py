"""BAI2: what is read, control totals and counts, what refuses the file and where, and the way back."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import Proof, StatementFile, UnreadableFile
from bankfeeds.readers import Limits, read_statement_file

from .documents import SHARED_SAMPLES, Booked

ON = date(2026, 11, 2)


def document(entries: Sequence[Booked], opening: int = 10_000, currency: str = "GBP", account: str = "31926819") -> str:
    """One group, one account; amounts of `entries` are whole minor units."""
    closing = opening + sum(int(one.amount) for one in entries)
    records = [f"03,{account},{currency},010,{opening:+},,,015,{closing:+},,/"]
    total = opening + closing
    for one in entries:
        total += abs(int(one.amount))
        code = "475" if one.amount < 0 else "195"
        records.append(f"16,{code},{abs(int(one.amount))},,{one.bank_reference},{one.reference},{one.text}/")
    count = len(records) + 1
    return "\r\n".join([
        "01,122099999,123456789,261103,0200,1,80,1,2/", f"02,031001234,122099999,1,{ON:%y%m%d},2359,,2/", *records,
        f"49,{total:+},{count}/", f"98,{total:+},1,{count + 2}/", f"99,{total:+},1,{count + 4}/", "",
    ])  # fmt: skip


def read(text: str, **limits: int) -> StatementFile:
    return read_statement_file(BytesIO(text.encode()), "own.bai", Limits(**limits))


def refused(text: str, **limits: int) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(text, **limits)
    return caught.value


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
bookings = st.builds(Booked, st.just(ON), st.integers(-(10**11), 10**11).filter(bool).map(Decimal), words, words, words)


@given(st.lists(bookings, max_size=20), st.integers(-(10**9), 10**9))
def test_what_is_written_is_read_back(entries: list[Booked], opening: int):
    (one,) = read(document(entries, opening)).statements
    assert one.proof is Proof.proved
    assert [(line.date, line.amount, line.description) for line in one.lines] == [
        (ON, entry.amount / 100, entry.text) for entry in entries
    ]


@pytest.mark.parametrize(("currency", "expected"), [("GBP", "-3.50"), ("JPY", "-350"), ("KWD", "-0.350")])
def test_amounts_are_in_the_smallest_unit_of_the_currency(currency: str, expected: str):
    (one,) = read(document([Booked(ON, Decimal(-350), "Coffee")], currency=currency)).statements
    assert [line.amount for line in one.lines] == [Decimal(expected)]


def test_texts_may_hold_commas_and_go_on_in_continuations():
    text = document([Booked(ON, Decimal(-350), "Coffee", "B1", "C1")])
    text = text.replace("Coffee/", "Coffee, black/\r\n88,and a bun/").replace(",3/", ",4/").replace(",1,5/", ",1,6/")
    (one,) = read(text.replace(",1,7/", ",1,8/")).statements
    assert (one.lines[0].description, one.lines[0].reference) == ("Coffee, black,and a bun", "C1")


@pytest.mark.parametrize("funds", ["V,261104,", "V,261104,1200", "S,1,2,3", "D,2,0,100,1,250", "0", "Z", ""])
def test_funds_types_take_their_fields_and_leave_the_rest(funds: str):
    text = document([Booked(ON, Decimal(-350), "Coffee", "B1", "C1")]).replace("350,,B1", f"350,{funds},B1")
    (one,) = read(text).statements
    assert (one.lines[0].reference, one.lines[0].description) == ("C1", "Coffee")


ENTRY = document([Booked(ON, Decimal(-350), "Coffee")])


@pytest.mark.parametrize(
    ("old", "new", "line", "element", "reason"),
    [
        ("16,475,350", "16,475,3.50", 4, "record 16", '"3.50" is not an amount'),
        ("16,475,350", "16,475,", 4, "record 16", "the amount is missing"),
        ("16,475", "16,999", 4, "record 16", 'the type code "999" says neither credit'),
        ("16,475,350", "16,475,351", 5, "record 49", "they come to"),
        ("49,+20000,3", "49,+20000,4", 5, "record 49", "it says records 4, but they come to 3"),
        ("98,+20000,1", "98,+20000,2", 6, "record 98", "it says accounts 2, but they come to 1"),
        ("99,+20000,1,7/", "", 7, "record 99", "the file ends early"),
        ("49,+20000,3/", "", 6, "record 98", "an account is not closed (49)"),
        ("261102", "260230", 2, "record 02", "is not a day of the calendar"),
        ("122099999,1,", "122099999,4,", 2, "record 02", "the group is a test"),
        ("122099999,1,", "122099999,2,", 2, "record 02", "the group is a deletion"),
        (",GBP,", ",XXZ,", 3, "record 03", 'the currency "XXZ" is not known'),
        ("03,31926819,", "03,,", 3, "record 03", "the account's number is missing"),
        ("16,475", "17,475", 4, None, "does not begin with a record code"),
        ("02,031001234", "88,031001234", 3, "record 03", "it is not where an account begins"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(old: str, new: str, line: int, element: str, reason: str):
    assert old in ENTRY
    error = refused(ENTRY.replace(old, new, 1))
    assert (error.line, error.element) == (line, element)
    assert reason in error.reason


@pytest.mark.parametrize("group", ["02,RECEIVER,SENDER,1,260101,,GBP,2/\n98,0,0,2/\n", ""])
def test_a_file_without_any_account_is_refused(group: str):
    groups, records = group.count("02,"), 2 + group.count("\n")
    error = refused(f"01,SENDER,RECEIVER,260101,0800,1,80,1,2/\n{group}99,0,{groups},{records}/\n")
    assert (error.element, error.reason) == ("record 99", "the file ends without any account (03)")


def test_information_without_money_is_left_out_with_a_warning():
    text = ENTRY.replace("16,475,350,,,,Coffee/", "16,475,350,,,,Coffee/\r\n16,890,,,,,Note/")
    text = text.replace(",3/", ",4/").replace(",1,5/", ",1,6/").replace(",1,7/", ",1,8/")
    (one,) = read(text).statements
    assert len(one.lines) == 1
    assert "1 transactions without money (type code 890) were left out" in one.warnings


def test_limits_hold():
    assert "lines_max" in refused(document([Booked(ON, Decimal(1), "x")] * 3), lines_max=2).reason
    assert "token_bytes_max" in refused(ENTRY.replace("Coffee", "x" * 400_000)).reason
    endless = ENTRY.replace("Coffee/", "Coffee/\r\n" + "88,a,b,c,d,e,f,g,h\r\n" * 400)
    assert "a record of more than" in refused(endless).reason


FOLDER = SHARED_SAMPLES.parent / "bai2"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared sample files are not at hand")
def test_reads_other_peoples_files_as_a_person_does():
    """Of the balances in them only 010, the opening ledger balance, is booked; 040 and 045 are available ones."""
    got = [
        [(one.account.id, one.account.currency, str(one.opening.amount) if one.opening else "", one.closing,
          " ".join(str(line.amount) for line in one.lines)) for one in read_statement_file(FOLDER / name).statements]
        for name in ("sample1.txt", "sample2.txt")
    ]  # fmt: skip
    assert got == [
        [
            (
                "10200123456", "CAD", "", None,
                "-25.00 -900.00 -5.00 2035.00 25.00 25.00 -200.00 -900.00 -20.00 -25.00 -10.00",
            ),
            ("10200123456", "CAD", "", None, "115.00 1000.00 -1000.00 -90.00 -20.00 -5.00"),
        ],
        [
            ("0123456789", "USD", "43500.00", None, "4500.00"),
            ("9876543210", "USD", "-5000.00", None, "5000.00"),
            ("4589761203", "USD", "100000.00", None, "200000.00 100000.00"),
            ("0975312468", "USD", "5000.00", None, ""),
            ("7890654321", "USD", "8000.00", None, ""),
        ],
    ]  # fmt: skip
