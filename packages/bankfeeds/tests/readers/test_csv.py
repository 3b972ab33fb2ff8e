"""CSV by a profile: what is read, what is suggested and why, what refuses the file, and the way back."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import FileStatement, Proof, UnreadableFile
from bankfeeds.readers import Hints, Limits, read_statement_file
from bankfeeds.readers.csv_profile import Columns, CsvProfile, ProfileError, parse_profile, write_profile
from bankfeeds.readers.csv_suggest import suggest
from bankfeeds.readers.csv_values import read_amount, read_day

PLAIN = CsvProfile(
    columns=Columns(date="Date", amount="Amount", balance="Balance", description=("Text",)),
    date_order="ymd",
    decimal=".",
    currency="GBP",
)
HEAD = "Date,Text,Amount,Balance\n"


def read(text: str | bytes, profile: CsvProfile | None = PLAIN, **limits: int) -> FileStatement:
    data = text.encode() if isinstance(text, str) else text
    file = read_statement_file(BytesIO(data), "own.csv", Limits(**limits), Hints(profile=profile))
    (statement,) = file.statements
    return statement


def refused(text: str | bytes, profile: CsvProfile | None = PLAIN, **limits: int) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(text, profile, **limits)
    return caught.value


def changed(profile: CsvProfile = PLAIN, **fields: object) -> CsvProfile:
    return msgspec.structs.replace(profile, **fields)


rows_of = st.lists(
    st.tuples(
        st.dates(date(2001, 1, 1), date(2078, 12, 31)),
        st.decimals(-(10**9), 10**9, places=2).filter(bool),
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20),
    ),
    min_size=1,
    max_size=20,
)


def written(rows: Sequence[tuple[date, Decimal, str]], delimiter: str, decimal: str, day: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["Date", "Text", "Amount", "Balance"])
    balance = Decimal("100.00")
    for on, amount, text in rows:
        balance += amount
        figures = [format(one, "f").replace(".", decimal) for one in (amount, balance)]
        writer.writerow([on.strftime(day), text, *figures])
    return out.getvalue()


@given(
    rows_of,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([".", ","]),
    st.sampled_from([("ymd", "%Y-%m-%d"), ("dmy", "%d.%m.%Y"), ("mdy", "%m/%d/%y")]),
    st.booleans(),
)
def test_what_is_written_is_read_back(rows, delimiter, decimal, day, newest_first):
    rows = sorted(rows, key=lambda row: row[0])
    text = written(rows, delimiter, decimal, day[1])
    if newest_first:
        head, *lines = text.splitlines(keepends=True)
        text = "".join([head, *lines[::-1]])
    statement = read(text, changed(delimiter=delimiter, decimal=decimal, date_order=day[0]))
    assert statement.proof is Proof.proved
    assert [(line.date, line.amount, line.description) for line in statement.lines] == rows
    assert statement.warnings == ()


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("12.50", ".", "12.50"),
        ("-12,50", ",", "-12.50"),
        ("12.50-", ".", "-12.50"),
        ("(12.50)", ".", "-12.50"),
        ("1,234,567.80", ".", "1234567.80"),
        ("1.234.567,80", ",", "1234567.80"),
        ("1 234,5", ",", "1234.5"),
        ("1'234.50", ".", "1234.50"),
        ("£12.50", ".", "12.50"),
        ("-£12.50", ".", "-12.50"),
        ("12,50 EUR", ",", "12.50"),
        ("\u221212.50", ".", "-12.50"),
        ("+7", ".", "7"),
        ("12,50", ".", None),
        ("1.5", ",", None),
        ("1,23,4.00", ".", None),
        ("12.50.1", ".", None),
        ("1e5", ".", None),
        ("NaN", ".", None),
        ("", ".", None),
        ("-", ".", None),
        ("1" * 30, ".", None),
        ("\u0661\u0662", ".", None),
    ],
)
def test_amounts_are_exact_or_none(text: str, decimal: str, expected: str | None):
    assert read_amount(text, decimal) == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("02.11.2026", "dmy", date(2026, 11, 2)),
        ("11/2/26", "mdy", date(2026, 11, 2)),
        ("2026-11-02T09:30:00Z", "ymd", date(2026, 11, 2)),
        ("20261102", "ymd", date(2026, 11, 2)),
        ("2 Nov 2026", "dmy", date(2026, 11, 2)),
        ("30.02.2026", "dmy", None),
        ("02.13.2026", "dmy", None),
        ("2026-11-02", "dmy", None),
        ("2 Foo 2026", "dmy", None),
        ("", "dmy", None),
    ],
)
def test_days_are_of_the_calendar_or_none(text: str, order: str, expected: date | None):
    assert read_day(text, order) == expected


def test_debit_and_credit_columns_are_one_amount():
    columns = Columns(date=1, debit=2, credit=3, description=(4,))
    profile = CsvProfile(columns=columns, date_order="ymd", decimal=".", header_line=0)
    statement = read("2026-11-02,3.50,,Coffee\n2026-11-03,,20.00,Till\n2026-11-03,-1.00,,Fee\n", profile)
    assert [line.amount for line in statement.lines] == [Decimal("-3.50"), Decimal("20.00"), Decimal("-1.00")]
    assert statement.proof is Proof.unproved
    both = refused("2026-11-02,3.50,4.00,Coffee\n", profile)
    assert (both.line, both.element) == (1, "column 2 (2)")


def test_an_indicator_signs_the_amount():
    columns = Columns(date="Date", amount="Amount", indicator="D/C", description=("Text",))
    profile = CsvProfile(columns=columns, date_order="ymd", decimal=".", debit_words=("D",), credit_words=("C",))
    head = "Date,Text,Amount,D/C\n"
    statement = read(head + "2026-11-02,Coffee,3.50,D\n2026-11-02,Till,9.00,c\n", profile)
    assert [line.amount for line in statement.lines] == [Decimal("-3.50"), Decimal("9.00")]
    assert "is none of D, C" in refused(head + "2026-11-02,Coffee,3.50,X\n", profile).reason


def test_a_wrong_sign_is_caught_by_the_balances():
    text = HEAD + "2026-11-01,Start,10.00,90.00\n2026-11-02,Coffee,3.50,86.50\n2026-11-03,Till,-20.00,106.50\n"
    statement = read(text)
    assert statement.proof is Proof.failed
    assert statement.warnings[0] == (
        "line 3: the balances 90.00 and 3.50 do not make 86.50 GBP; with every sign turned round 2 of 2 balances follow: "
        "money in and money out are mixed up, so change the profile's sign"
    )
    assert read(text, changed(sign="money out is positive")).proof is Proof.proved


def test_preamble_empty_rows_and_footer_are_passed_over():
    text = "Bank,Export\n\n" + HEAD + "2026-11-02,Coffee,-3.50,96.50\n,,,\nTotal,,,96.50\n"
    assert len(read(text, changed(header_line=3, footer_lines=1)).lines) == 1
    assert refused(text, changed(header_line=3)).line == 6


def test_a_cell_may_hold_line_ends_and_lines_keep_their_numbers():
    text = HEAD + '2026-11-02,"two\nlines",-3.50,96.50\n2026-02-30,Till,1.00,97.50\n'
    error = refused(text)
    assert (error.line, error.element) == (4, "column 1 (Date)")
    assert error.reason == '"2026-02-30" is not a day of the calendar (ymd)'


def test_accounts_of_one_file_stay_apart():
    columns = Columns(date="Date", amount="Amount", account="IBAN", currency="Ccy", description=("Text",))
    profile = CsvProfile(columns=columns, date_order="ymd", decimal=".")
    text = "Date,Text,Amount,IBAN,Ccy\n2026-11-02,A,1.00,GB83 DEMO 0000 9931 9268 19,GBP\n2026-11-02,B,2.00,123,EUR\n"
    file = read_statement_file(BytesIO(text.encode()), "own.csv", Limits(), Hints(profile=profile))
    assert [(one.account.id, one.account.is_iban, one.account.currency) for one in file.statements] == [
        ("GB83DEMO00009931926819", True, "GBP"),
        ("123", False, "EUR"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "element", "reason"),
    [
        (HEAD + "2026-11-02,Coffee,3,50,96.50\n", 2, None, "it has 5 cells; the heading has 4"),
        (HEAD + "2026-11-02,Coffee,abc,96.50\n", 2, "column 3 (Amount)", '"abc" is not an amount'),
        (HEAD + "2026-11-02,Coffee,1.00,abc\n", 2, "column 4 (Balance)", '"abc" is not an amount'),
        ("Day,Text,Amount,Balance\n2026-11-02,Coffee,1.00,1.00\n", 1, None, "the heading 'Date' is not there"),
        ("Date,Date,Amount,Balance\n1,1,1,1\n", 1, None, "the heading 'Date' is there 2 times"),
        (HEAD, None, None, "it holds no line below its heading"),
        (HEAD + '2026-11-02,"Coffee,1.00,1.00\n', 2, None, "it is not CSV"),
    ],
)
def test_what_is_wrong_refuses_the_file_at_its_place(text: str, line: int | None, element: str | None, reason: str):
    error = refused(text)
    assert (error.line, error.element) == (line, element)
    assert reason in error.reason


def test_limits_hold():
    text = HEAD + "2026-11-02,Coffee,1.00,1.00\n" * 3
    assert "lines_max" in refused(text, lines_max=2).reason
    assert "token_bytes_max" in refused(HEAD + "x" * 300_000).reason
    assert "file_bytes_max" in refused(text, file_bytes_max=50).reason


def test_without_a_profile_it_says_how_to_make_one():
    assert "bankfeeds csv-profile FILE" in refused(HEAD + "2026-11-02,Coffee,1.00,1.00\n", None).reason


def test_the_encoding_of_the_profile_counts_and_nothing_is_guessed():
    text = HEAD + "2026-11-02,Café,1.00,1.00\n"
    assert refused(text.encode("cp1252")).line == 2
    assert read(text.encode("cp1252"), changed(encoding="windows-1252")).lines[0].description == "Café"
    assert read(text.encode("utf-16"), changed(encoding="utf-16")).lines[0].description == "Café"
    unmarked = refused(text.encode("utf-16-le"), changed(encoding="utf-16"))
    assert (unmarked.line, "does not begin with a byte order mark" in unmarked.reason) == (1, True)


GERMAN = (
    "Konto;Auszug\n"
    "Buchungstag;Wertstellung;Verwendungszweck;Auftraggeber;Betrag;Währung;Saldo\n"
    "13.11.2026;13.11.2026;Kasse;;1.020,00;EUR;1.116,50\n"
    "02.11.2026;02.11.2026;Kaffee;Café Zürich;-3,50;EUR;96,50\n"
)


@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_a_profile_is_suggested_from_the_file_and_fits_it(codec: str):
    data = GERMAN.encode(codec)
    suggestion = suggest(data)
    profile = suggestion.profile
    assert (profile.delimiter, profile.header_line, profile.date_order, profile.decimal) == (";", 2, "dmy", ",")
    assert profile.columns == Columns(
        date="Buchungstag",
        amount="Betrag",
        balance="Saldo",
        description=("Verwendungszweck",),
        counterparty="Auftraggeber",
        currency="Währung",
    )
    again = parse_profile(write_profile(profile))
    assert again == profile
    statement = read(data, again)
    assert statement.proof is Proof.proved
    assert statement.lines[0].counterparty == "Café Zürich"


def test_what_the_file_leaves_open_stays_open_until_a_person_says():
    text = "Date,Text,Amount\n01/02/2026,Coffee,-350\n02/03/2026,Till,900\n"
    suggestion = suggest(text.encode())
    assert (suggestion.profile.date_order, suggestion.profile.decimal) == (None, None)
    assert any(reason.startswith("date_order: SET IT YOURSELF") for reason in suggestion.reasons)
    assert any("NOTHING IN THE FILE PROVES IT" in reason for reason in suggestion.reasons)
    with pytest.raises(ProfileError, match="date_order"):
        parse_profile(write_profile(suggestion.profile))


def test_a_turned_sign_is_found_by_the_balances():
    text = HEAD + "2026-11-02,Coffee,3.50,96.50\n2026-11-03,Coffee,4.50,92.00\n2026-11-13,Till,-20.00,112.00\n"
    assert suggest(text.encode()).profile.sign == "money out is positive"


def test_debit_and_credit_columns_and_indicators_are_suggested():
    paid = b"Date,Description,Paid out,Paid in,Balance\n2026-11-02,Coffee,3.50,,96.50\n2026-11-13,Till,,20.00,116.50\n"
    columns = suggest(paid).profile.columns
    assert (columns.debit, columns.credit, columns.amount) == ("Paid out", "Paid in", None)
    marked = b"Date,Description,Amount,D/C\n2026-11-02,Coffee,3.50,D\n2026-11-13,Till,20.00,C\n"
    profile = suggest(marked).profile
    assert (profile.columns.indicator, profile.debit_words, profile.credit_words) == ("D/C", ("D",), ("C",))
    assert [line.amount for line in read(marked, profile).lines] == [Decimal("-3.50"), Decimal("20.00")]


def test_a_file_without_a_heading_is_suggested_by_numbers():
    profile = suggest(b"2026-11-02;Coffee;-3,50\n2026-11-13;Till;20,00\n").profile
    assert (profile.header_line, profile.columns) == (0, Columns(date=1, amount=3, description=(2,)))


@pytest.mark.parametrize("data", [b"", b"just words\nand more\n", b"a,b\n1,2\n", b"Date,Text\n2026-11-02,x\n"])
def test_what_is_no_table_of_days_and_amounts_gets_no_suggestion(data: bytes):
    with pytest.raises(ProfileError):
        suggest(data)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"columns": {"date": 1, "amount": 2}, "date_order": "ydm"}', "date_order"),
        ('{"columns": {"date": 1, "amount": 2}, "colour": "red"}', "colour"),
        ('{"columns": {"date": 1}, "date_order": "ymd", "decimal": "."}', "either amount, or debit and credit"),
        ('{"columns": {"date": 1, "amount": 2, "debit": 3}, "date_order": "ymd", "decimal": "."}', "either amount"),
        ('{"columns": {"date": 1, "amount": 2}, "date_order": "ymd"}', "decimal"),
        ('{"columns": {"date": 1, "amount": 2}, "encoding": "klingon"}', "encoding"),
        ("[]", "the profile is not one"),
    ],
)
def test_a_profile_that_is_not_one_is_refused_by_its_field(text: str, told: str):
    with pytest.raises(ProfileError, match=told):
        parse_profile(text.encode())
