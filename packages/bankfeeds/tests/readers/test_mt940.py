"""MT940 and MT942: what is read, what refuses the file and where, and the way back through a writer of the tests' own."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import FileLine, Proof, UnreadableFile
from bankfeeds.domain.transaction import TYPES

from .documents import Booked
from .swift import message, read

HEAD = ":20:S1\r\n:25:GB83DEMO00009931926819\r\n:28C:1/1\r\n:60F:C261101GBP100,00\r\n"
TAIL = "\r\n:62F:C261102GBP100,00\r\n-\r\n"


def only_line(fields: str) -> FileLine:
    (statement,) = read(HEAD + fields + TAIL).statements
    (line,) = statement.lines
    return line


def refused(text: str | bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    return caught.value


days = st.dates(date(2001, 1, 1), date(2078, 12, 31))
amounts = st.decimals(-(10**9), 10**9, places=2).filter(bool)
words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=16)
bookings = st.builds(Booked, days, amounts, words, words, words)


@given(st.lists(bookings, max_size=20), amounts)
def test_what_is_written_is_read_back(entries: list[Booked], opening: Decimal):
    (statement,) = read(message(entries, opening)).statements
    assert statement.proof is Proof.proved
    in_order = sorted(entries, key=lambda one: one.on)
    assert [(line.date, line.amount, line.description) for line in statement.lines] == [
        (one.on, one.amount, one.text) for one in in_order
    ]
    assert statement.account.id == "GB83DEMO00009931926819"
    assert statement.opening is not None
    assert statement.opening.amount == opening


def test_a_text_that_begins_like_the_tag_of_numbered_details_is_a_text():
    (statement,) = read(message([Booked(date(2026, 11, 3), Decimal(-5), "NSPCC donation")])).statements
    assert statement.lines[0].description == "NSPCC donation"


def test_numbered_details_are_read_by_their_numbers():
    text = message([Booked(date(2026, 11, 3), Decimal(-5), "@")])
    text = text.replace(":86:@", ":NS:01Rent for\r\n02November\r\n15Harbour Ltd\r\n17Standing order")
    (statement,) = read(text).statements
    assert (statement.lines[0].description, statement.lines[0].counterparty) == ("Rent for November", "Harbour Ltd")


def test_every_statement_of_a_file_stays_its_own():
    text = message(name="A") + message(name="B", account="12345678/1020304050") + message(name="C")
    file = read(text)
    assert [one.id for one in file.statements] == ["A/1/1", "B/1/1", "C/1/1"]
    assert file.statements[1].account.id == "1020304050"
    assert file.statements[1].account.bank_code == "12345678"


def test_several_statements_in_one_message_are_several():
    text = (
        HEAD
        + ":62F:C261102GBP100,00\r\n:60F:C261102GBP100,00\r\n:61:261103D1,00NTRFNONREF\r\n:62F:C261103GBP99,00\r\n-\r\n"
    )
    first, second = read(text).statements
    assert (len(first.lines), len(second.lines), second.proof) == (0, 1, Proof.proved)


def test_the_blocks_around_a_message_are_passed_over():
    text = (
        "{1:F01DEMOGB2LAXXX0000000000}{2:O9400000261102}{4:\r\n" + HEAD + TAIL.strip("\r\n-") + "\r\n-}{5:{CHK:1}}\r\n"
    )
    assert len(read(text * 2).statements) == 1
    (statement,) = read(text).statements
    assert statement.proof is Proof.proved


@pytest.mark.parametrize(
    ("mark", "expected"),
    [("C", "5"), ("D", "-5"), ("RC", "-5"), ("RD", "5"), ("CR", "5"), ("DR", "-5"), ("RDR", "5"), ("RCR", "-5")],
)
def test_a_reversal_goes_the_other_way_and_the_funds_code_says_nothing(mark: str, expected: str):
    assert only_line(f":61:261102{mark}5,00NTRFNONREF").amount == Decimal(expected)


def test_expected_entries_are_held_back():
    text = ":20:S1\n:25:1\n:28C:1\n:34F:EURD0,\n:13D:2610301730+0000\n:61:261030EC5,NTRFNONREF\n:61:261030D7,NTRFNONREF\n:90D:1EUR7,\n"
    (statement,) = read(text).statements
    assert (statement.pending, [line.amount for line in statement.lines], statement.proof) == (
        1,
        [Decimal(-7)],
        Proof.unproved,
    )
    assert statement.account.currency == "EUR"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("261102", date(2026, 11, 2)),
        ("2611021103", date(2026, 11, 3)),
        ("2612310102", date(2027, 1, 2)),
        ("2701021231", date(2026, 12, 31)),
        ("2802290301", date(2028, 3, 1)),
        ("991231", date(1999, 12, 31)),
    ],
)
def test_the_day_is_that_of_the_booking_in_the_year_nearest_to_the_value_date(dates: str, expected: date):
    assert only_line(f":61:{dates}C5,00NTRFNONREF").date == expected


@pytest.mark.parametrize(
    ("details", "text", "name", "reference"),
    [
        ("Coffee", "Coffee", None, None),
        ("x" * 65 + "\r\nyz", "x" * 65 + "yz", None, None),
        (
            "166?00Transfer?109310?20EREF+E-17?21SVWZ+Rent Nov?22ember?32Jane ?33Doe",
            "Rent November",
            "Jane Doe",
            "E-17",
        ),
        ("166?00Transfer?20Rent?60 and more?32Jane", "Rent and more", "Jane", None),
        ("805?00Fee", "Fee", None, None),
        ("000>100987654321\r\n>20 RENT>21 OFFICE", "RENT OFFICE", None, None),
        ("/EREF/E-17/BENM//NAME/Jane Doe/REMI/Rent/ISDT/2026-11-02", "Rent", "Jane Doe", "E-17"),
        ("Train at 2026-11-02T16\r\n:26:37 Fo", "Train at 2026-11-02T16 :26:37 Fo", None, None),
    ],
)
def test_details_are_read_as_banks_write_them(details: str, text: str, name: str | None, reference: str | None):
    line = only_line(f":61:2611021102C5,00NTRFNONREF\r\n:86:{details}")
    assert (line.description, line.counterparty, line.reference) == (text, name, reference)


def test_without_details_there_is_the_supplement_else_the_kind():
    assert only_line(":61:261102C5,00NTRFREF-1//B1\r\nJane Doe").description == "Jane Doe"
    line = only_line(":61:261102C5,00NTRFREF-1//B1")
    assert (line.description, line.reference) == ("Bank transaction NTRF", "REF-1")


@pytest.mark.parametrize("kind", ["NCHG", "NCOM", "NINT", "NDIV", "NCHK", "NSTO", "NDDT", "NMSC", "S103", "FMSC"])
@pytest.mark.parametrize("mark", ["C", "D"])
def test_types_are_codats_and_agree_with_the_sign(kind: str, mark: str):
    line = only_line(f":61:261102{mark}5,00{kind}NONREF")
    assert line.transaction_type in TYPES
    assert line.transaction_type != ("Debit" if mark == "C" else "Credit")


@pytest.mark.parametrize(
    ("text", "line", "element", "reason"),
    [
        (HEAD + ":61:160230D5,00NTRFNONREF" + TAIL, 5, ":61:", '"160230" is not a day of the calendar'),
        (HEAD + ":61:1602280230D5,00NTRFNONREF" + TAIL, 5, ":61:", 'the entry date "0230" is not a day'),
        (HEAD + ":61:261102D5.00NTRFNONREF" + TAIL, 5, ":61:", '"5.00" is not an amount'),
        (HEAD + ":61:261102D1,000,00NTRFNONREF" + TAIL, 5, ":61:", '"1,000,00" is not an amount'),
        (HEAD + ":61:261102X5,00NTRFNONREF" + TAIL, 5, ":61:", "is not value date, entry date, C or D"),
        (HEAD + ":61:261102D5,00NTRFNONREF\r\n", 5, ":62F:", "has no closing balance: it is truncated"),
        (HEAD + HEAD, 5, ":62F:", "has no closing balance: it is truncated"),
        (":20:S1\r\n:25:1\r\n:61:261102D5,00NTRF" + TAIL, 3, ":61:", "it stands before the opening balance (:60F:)"),
        (":20:S1\r\n:60F:C261101GBP1,\r\n:62F:C261101GBP1,\r\n-", 4, ":25:", "names no account"),
        (HEAD + ":60F:C261101GBP1,00" + TAIL, 5, ":60F:", "a second opening balance"),
        (HEAD + ":62F:C261101105000,00\r\n-", 5, ":62F:", "is not a balance"),
        (HEAD + TAIL.strip("\r\n-") + "\r\n:61:261102D5,00NTRF", 6, ":61:", "it stands behind the closing balance"),
        (":61:261102D5,00NTRFNONREF\r\n", 1, ":61:", "it stands before :20:, outside a statement"),
        (":940:\r\n", None, None, "it holds no statement"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(text: str, line: int, element: str, reason: str):
    error = refused(text)
    assert (error.line, error.element) == (line, element)
    assert reason in error.reason


def test_bytes_of_another_encoding_are_refused_until_it_is_named():
    text = HEAD + ":61:261102C5,00NTRFNONREF\r\n:86:Café" + TAIL
    error = refused(text.encode("cp1252"))
    assert (error.line, error.reason) == (
        6,
        "bytes that are not UTF-8; name the file's encoding (--encoding windows-1252, for instance)",
    )
    (statement,) = read(text.encode("cp1252"), "cp1252").statements
    assert statement.lines[0].description == "Café"
    (statement,) = read(text.encode("utf-8-sig")).statements
    assert statement.lines[0].description == "Café"


def test_the_banks_reference_makes_the_id_whatever_the_text():
    one = read(message([Booked(date(2026, 11, 2), Decimal(5), "one text", "B1")])).statements[0].lines[0]
    other = read(message([Booked(date(2026, 11, 2), Decimal(5), "another", "B1")])).statements[0].lines[0]
    assert one.id == other.id
