"""OFX and QFX in both spellings: what is read, what refuses the file and where, and the way back."""

from datetime import date
from decimal import Decimal
from html import escape
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import FileLine, StatementFile, UnreadableFile
from bankfeeds.domain.transaction import TYPES
from bankfeeds.readers import Hints, Limits, read_statement_file

from .documents import SHARED_SAMPLES, Booked

SGML = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nENCODING:USASCII\r\nCHARSET:{charset}\r\n\r\n"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'


def element(name: str, value: str, *, is_xml: bool) -> str:
    return f"<{name}>{escape(value)}</{name}>\n" if is_xml else f"<{name}>{escape(value)}\n"


def transaction(booked: Booked, *, is_xml: bool = False, kind: str = "OTHER") -> str:
    parts = {
        "TRNTYPE": kind,
        "DTPOSTED": f"{booked.on:%Y%m%d}120000[-5:EST]",
        "TRNAMT": format(booked.amount, "f"),
        "FITID": booked.bank_reference,
        "MEMO": booked.text,
    }
    inside = "".join(element(name, value, is_xml=is_xml) for name, value in parts.items() if value)
    return f"<STMTTRN>\n{inside}</STMTTRN>\n"


def statement(*transactions: str, account: str = "31926819", ledger: str = "") -> str:
    return (
        f"<STMTTRNRS><STMTRS><CURDEF>GBP<BANKACCTFROM><BANKID>000099<ACCTID>{account}</BANKACCTFROM>\n"
        f"<BANKTRANLIST><DTSTART>20261101<DTEND>20261130\n{''.join(transactions)}</BANKTRANLIST>{ledger}</STMTRS></STMTTRNRS>\n"
    )


def document(*statements: str, head: str = SGML.format(charset="NONE")) -> str:
    return f"{head}<OFX><BANKMSGSRSV1>{''.join(statements)}</BANKMSGSRSV1></OFX>\n"


def read(text: str | bytes, *, encoding: str | None = None, **limits: int) -> StatementFile:
    data = text.encode() if isinstance(text, str) else text
    return read_statement_file(BytesIO(data), "own.ofx", Limits(**limits), Hints(encoding=encoding))


def refused(text: str | bytes, **limits: int) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(text, **limits)
    return caught.value


def only_line(inside: str) -> FileLine:
    (one,) = read(document(statement(f"<STMTTRN>{inside}</STMTTRN>"))).statements
    (line,) = one.lines
    return line


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
bookings = st.builds(
    Booked,
    st.dates(date(2001, 1, 1), date(2078, 12, 31)),
    st.decimals(-(10**9), 10**9, places=2).filter(bool),
    texts,
    st.text("0123456789ABC", max_size=12),
)


@given(st.lists(bookings, max_size=20), st.booleans())
def test_what_is_written_is_read_back_in_both_spellings(entries, is_xml):
    inside = statement(*(transaction(one, is_xml=is_xml) for one in entries))
    if is_xml:
        inside = inside.replace("<CURDEF>GBP", "<CURDEF>GBP</CURDEF>")
    (one,) = read(document(inside, head=XML if is_xml else SGML.format(charset="NONE"))).statements
    in_order = sorted(entries, key=lambda entry: entry.on)
    assert [(line.date, line.amount, line.description) for line in one.lines] == [
        (entry.on, entry.amount, entry.text) for entry in in_order
    ]


def test_the_pieces_in_which_a_file_arrives_do_not_matter():
    entries = [Booked(date(2026, 11, 1 + n % 28), Decimal(n + 1), f"A & B {n}", f"F{n}") for n in range(40)]
    data = document(
        statement(
            *map(transaction, entries),
            "<STMTTRN><TRNAMT>1<DTPOSTED>20261101<MEMO><![CDATA[a<b]]><!-- <no> --></STMTTRN>",
        )
    )

    # The first piece has to tell what the file is.
    whole = data.encode()

    class Uneven(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            return BytesIO.read(self, 300 if self.tell() == 0 else 7)

    assert read_statement_file(Uneven(whole), "own.ofx") == read(data)
    assert any(line.description == "a<b" for line in read(data).statements[0].lines)


def test_several_statements_stay_apart_and_a_ledger_balance_closes():
    ledger = "<LEDGERBAL><BALAMT>100.99<DTASOF>20261130</LEDGERBAL><AVAILBAL><BALAMT>7<DTASOF>20261130</AVAILBAL>"
    first, second = read(document(statement(ledger=ledger), statement(account="2"))).statements
    assert first.closing is not None
    assert (first.closing.amount, first.closing.on) == (Decimal("100.99"), date(2026, 11, 30))
    assert (first.account.id, first.account.bank_code, second.account.id) == ("31926819", "000099", "2")
    assert second.closing is None


def test_a_card_statement_is_read():
    text = document(
        "<CCSTMTRS><CURDEF>GBP<CCACCTFROM><ACCTID>4111</CCACCTFROM><BANKTRANLIST>"
        "<STMTTRN><DTPOSTED>20261102<TRNAMT>-5</STMTTRN></BANKTRANLIST></CCSTMTRS>"
    )
    (one,) = read(text).statements
    assert (one.account.id, one.lines[0].amount, one.lines[0].description) == ("4111", Decimal(-5), "Bank transaction")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12.50", "12.50"), ("-12,50", "-12.50"), ("+0007", "7"), ("-00000000001500.0000", "-1500.0000"), ("-.5", "-0.5")],
)
def test_amounts_are_exact(text: str, expected: str):
    assert only_line(f"<DTPOSTED>20261102<TRNAMT>{text}").amount == Decimal(expected)


def test_name_memo_and_references():
    line = only_line("<DTPOSTED>20261102<TRNAMT>-5<FITID>F1<CHECKNUM>0319<NAME>A &amp; B<MEMO>Rent&#233;")
    assert (line.description, line.counterparty, line.reference) == ("Renté", "A & B", "0319")
    payee = only_line(
        "<DTPOSTED>20261102<TRNAMT>-5<PAYEE><NAME>Jane<CITY>York</PAYEE><BANKACCTTO><ACCTID>9</BANKACCTTO>"
    )
    assert (payee.description, payee.counterparty) == ("Jane", "Jane")


@pytest.mark.parametrize("kind", ["CREDIT", "DEBIT", "INT", "SRVCHG", "DIRECTDEBIT", "POS", "Credit", "HOLD"])
def test_types_are_codats(kind: str):
    assert only_line(f"<TRNTYPE>{kind}<DTPOSTED>20261102<TRNAMT>-5").transaction_type in TYPES


def test_pending_transactions_are_held_back():
    pending = "<BANKTRANLISTP><STMTTRNP><TRNAMT>-9<DTTRAN>20261103</STMTTRNP></BANKTRANLISTP>"
    (one,) = read(document(statement("<STMTTRN><DTPOSTED>20261102<TRNAMT>-5</STMTTRN>", ledger=pending))).statements
    assert (one.pending, len(one.lines)) == (1, 1)


def test_the_encoding_is_the_one_declared():
    text = statement("<STMTTRN><DTPOSTED>20261102<TRNAMT>-5<MEMO>Café</STMTTRN>")
    for charset, codec in (("1252", "cp1252"), ("8859-1", "latin-1")):
        data = document(text, head=SGML.format(charset=charset)).encode(codec)
        assert read(data).statements[0].lines[0].description == "Café"
    undeclared = document(text).encode("cp1252")
    assert "bytes that are not UTF-8" in refused(undeclared).reason
    assert read(undeclared, encoding="cp1252").statements[0].lines[0].description == "Café"


GOOD = "<DTPOSTED>20261102<TRNAMT>-5"


@pytest.mark.parametrize(
    ("text", "element", "reason"),
    [
        (document(statement("<STMTTRN><DTPOSTED>20260230<TRNAMT>1</STMTTRN>")), "DTPOSTED", "is not a day"),
        (document(statement("<STMTTRN><DTPOSTED>02/03/2026<TRNAMT>1</STMTTRN>")), "DTPOSTED", "is not written as"),
        (document(statement("<STMTTRN><TRNAMT>1</STMTTRN>")), "DTPOSTED", "DTPOSTED is missing"),
        (document(statement("<STMTTRN><DTPOSTED>20261102</STMTTRN>")), "TRNAMT", "TRNAMT is missing"),
        (document(statement("<STMTTRN><DTPOSTED>20261102<TRNAMT>1,000.00</STMTTRN>")), "TRNAMT", "is not an amount"),
        (document(statement(f"<STMTTRN>{GOOD}<STMTTRN>{GOOD}</STMTTRN>")), "STMTTRN", "begins inside STMTTRN"),
        (document(statement(f"<STMTTRN>{GOOD}")), "STMTRS", "STMTTRN is not closed"),
        (document(statement(account="")), "ACCTID", "ACCTID is missing"),
        (document(statement().replace("GBP", "")), "CURDEF", "CURDEF is missing"),
        (
            document(statement(f"<STMTTRN>{GOOD}<CURRENCY><CURRATE>1<CURSYM>USD</CURRENCY></STMTTRN>")),
            "CURSYM",
            "a transaction is in USD, but the account is in GBP",
        ),
        (document(statement()).split("</BANKTRANLIST>")[0], "OFX", "the file ends early"),
        (document(), "OFX", "it holds no bank or card statement"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(text: str, element: str, reason: str):
    error = refused(text)
    assert error.element == element
    assert reason in error.reason


def test_the_line_of_an_error_is_the_elements():
    text = document(statement(*(transaction(Booked(date(2026, 11, 2), Decimal(1))) for _ in range(3))))
    broken = text.replace("20261102", "20261102", 2).replace("<TRNAMT>1\n", "<TRNAMT>x\n", 1)
    line = broken[: broken.index("</STMTTRN>")].count("\n") + 1
    assert refused(broken).line == line


@pytest.mark.parametrize(
    "subset",
    [
        "<!DOCTYPE OFX [<!ENTITY a 'b'>]>",
        '<!DOCTYPE OFX SYSTEM "http://127.0.0.1:9/x">',
        "<!ENTITY a SYSTEM 'file:///etc/passwd'>",
    ],
)
def test_no_document_type_and_no_entities(subset: str):
    inside = document(statement(f"<STMTTRN>{GOOD}<MEMO>&a;</STMTTRN>"), head=XML)
    assert "not read for safety" in refused(inside.replace("<OFX>", f"<OFX>{subset}")).reason
    assert read(inside).statements[0].lines[0].description == "&a;"


def test_limits_hold():
    text = document(statement(*(f"<STMTTRN>{GOOD}</STMTTRN>",) * 3), statement())
    assert "lines_max" in refused(text, lines_max=2).reason
    assert "statements_max" in refused(text, statements_max=1).reason
    assert "file_bytes_max" in refused(text, file_bytes_max=100).reason
    assert "token_bytes_max" in refused(document(statement(f"<STMTTRN>{GOOD}<MEMO>{'x' * 400_000}</STMTTRN>"))).reason


FOLDER = SHARED_SAMPLES.parent / "ofx"
MANIFEST = {
    "bank_medium.ofx": [("12300000012345678", "CAD", "-6.60 -316.67 -22.00", "382.34")],
    "checking.ofx": [("1452687~7", "USD", "0.01 -34.51 -25.00", "100.99")],
    "multiple_accounts.ofx": [("9100", "USD", "", "111"), ("9200", "USD", "", "222")],
    "ofx-v102-empty-tags.ofx": [("12345678", "AUD", "12.34", "")],
    "suncorp.ofx": [("123456789", "AUD", "-16.85", "1234.12")],
}
WITHOUT = {
    "account_listing_aggregation.ofx", "fidelity-savings.ofx", "investment_401k.ofx", "signon_success.ofx",
    "tiaacref.ofx", "vanguard401k.ofx",
}  # fmt: skip
needs_samples = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared sample files are not at hand")


@needs_samples
def test_reads_other_peoples_files_as_a_person_does():
    for name, expected in MANIFEST.items():
        got = [
            (one.account.id, one.account.currency, " ".join(str(line.amount) for line in one.lines),
             str(one.closing.amount) if one.closing else "")
            for one in read_statement_file(FOLDER / name).statements
        ]  # fmt: skip
        assert got == expected, name
    assert {path.name for path in FOLDER.iterdir()} == {*MANIFEST, *WITHOUT}


@needs_samples
@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_files_without_a_bank_statement_are_refused(name: str):
    with pytest.raises(UnreadableFile, match="no bank or card statement"):
        read_statement_file(FOLDER / name)
