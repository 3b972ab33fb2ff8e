"""A file with anything wrong is refused whole, and the error says where it is, what it is and what is expected."""

from io import BytesIO
from pathlib import Path

import pytest

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers import EXPECTED, read_statement_file
from bankfeeds.readers.camt import EXPECTED as EXPECTED_CAMT

from .documents import OWN_SAMPLE, bal, document, ntry, read, statement_of, stmt, thousand_entries

STMT = "Document/BkToCstmrStmt/Stmt[1]"


def refused(data: str | bytes) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(data)
    return caught.value


def test_an_error_reads_as_file_line_element_and_reason():
    text = document(stmt(ntry(), ntry("12,50")))
    error = refused(text)
    assert text.splitlines()[16] == '<Amt Ccy="GBP">12,50</Amt>'
    assert (error.file, error.line, error.element) == ("own.xml", 17, f"{STMT}/Ntry[2]/Amt")
    assert str(error) == (
        f'own.xml, line 17, {STMT}/Ntry[2]/Amt: "12,50" is not an amount (digits with a decimal point)'
    )


@pytest.mark.parametrize(
    "amount",
    ["", "12,50", "-1.00", "+1.00", "1e3", "1E400", "NaN", "Infinity", "1 000.00", "0x10", "1.2.3", ".", "١٢", "1_000"],
)
def test_what_is_not_a_plain_decimal_is_refused(amount: str):
    error = refused(document(stmt(ntry(amount))))
    assert error.element == f"{STMT}/Ntry[1]/Amt"
    assert "is not an amount" in error.reason


@pytest.mark.parametrize("amount", ["1234567890123456789", "12345678901234567.89", "1.000001", "0" * 5000])
def test_more_digits_than_the_standard_has_are_refused(amount: str):
    error = refused(document(stmt(ntry(amount))))
    assert error.reason.endswith("has too many digits (at most 18 digits, 5 of them decimals)")
    assert len(error.reason) < 200


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "2027-02-29", "0000-01-01", "2026-11-31"])
def test_days_that_no_calendar_has_are_refused(day: str):
    error = refused(document(stmt(ntry(booked=f"<BookgDt><Dt>{day}</Dt></BookgDt>"))))
    assert error.element == f"{STMT}/Ntry[1]/BookgDt/Dt"
    assert error.reason == f'"{day}" is not a day of the calendar'


@pytest.mark.parametrize(
    "dates",
    [
        "<Dt>20261102</Dt>",
        "<Dt>2026-W01-1</Dt>",
        "<Dt>02.11.2026</Dt>",
        "<Dt></Dt>",
        "<DtTm>2026-11-02</DtTm>",
        "<DtTm>2026-11-02T25:00:00</DtTm>",
    ],
)
def test_days_in_another_spelling_are_refused(dates: str):
    assert "is not written as 2026-01-31" in refused(document(stmt(ntry(booked=f"<BookgDt>{dates}</BookgDt>")))).reason


@pytest.mark.parametrize(
    ("part", "element", "reason"),
    [
        (ntry(side="CREDIT"), "/Ntry[1]/CdtDbtInd", '"CREDIT" is neither CRDT nor DBIT'),
        (ntry(status=""), "/Ntry[1]", "Sts is missing"),
        (
            ntry(status="<Sts>DONE</Sts>"),
            "/Ntry[1]/Sts",
            '"DONE" is not a status of an entry (BOOK, PDNG, INFO or FUTR)',
        ),
        (ntry(booked=""), "/Ntry[1]", "it has neither a booking date (BookgDt) nor a value date (ValDt)"),
        (ntry(booked="<BookgDt/>"), "/Ntry[1]/BookgDt", "Dt or DtTm is missing"),
        (ntry(currency="GB"), "/Ntry[1]/Amt", 'the attribute Ccy is "GB", not a currency code of three letters'),
        (ntry(rest="<RvslInd>maybe</RvslInd>"), "/Ntry[1]/RvslInd", '"maybe" is neither true nor false'),
        (ntry() + ntry(currency="EUR"), "/Ntry[2]/Amt", "the entry is in EUR, but the account is in GBP"),
        (
            bal("OPBD", "1").replace("1</Amt>", "1,0</Amt>"),
            "/Bal[1]/Amt",
            '"1,0" is not an amount (digits with a decimal point)',
        ),
        (bal("CLBD", "1", "2026-02-30"), "/Bal[1]/Dt/Dt", '"2026-02-30" is not a day of the calendar'),
        ("<Ntry><Amt>1</Amt></Ntry>", "/Ntry[1]", "Sts is missing"),
        ("<Ntry><Sts>BOOK</Sts></Ntry>", "/Ntry[1]", "Amt is missing"),
        ("<Ntry><Sts>BOOK</Sts><Amt>1</Amt></Ntry>", "/Ntry[1]", "CdtDbtInd is missing"),
    ],
)
def test_each_field_is_refused_at_its_place(part: str, element: str, reason: str):
    error = refused(document(stmt(part)))
    assert (error.element, error.reason) == (f"{STMT}{element}", reason)


def test_a_statement_must_say_whose_it_is():
    text = document(stmt(ntry())).replace("<IBAN>GB83DEMO00009931926819</IBAN>", "")
    assert refused(text).reason == "Id/IBAN or Id/Othr/Id is missing: whose account is it?"
    assert refused(document("<Stmt><Id>1</Id></Stmt>")).reason == "Acct is missing"
    assert refused(document("<Stmt></Stmt>")).reason == "Id is missing"


def test_one_bad_entry_at_the_end_of_a_thousand_takes_nothing():
    text = document(statement_of(thousand_entries()), stmt(ntry("oops"), name="S2"))
    error = refused(text)
    assert error.element == "Document/BkToCstmrStmt/Stmt[2]/Ntry[1]/Amt"
    assert text.splitlines()[(error.line or 0) - 1] == '<Amt Ccy="GBP">oops</Amt>'


@pytest.mark.parametrize("share", [0.03, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_from_a_broken_one(share: float):
    data = OWN_SAMPLE.read_bytes()
    error = refused(data[: int(len(data) * share)])
    assert "the file ends early" in error.reason
    assert "truncated" in error.reason


def test_a_truncated_file_names_the_entry_where_it_ends():
    text = document(stmt(ntry(), ntry()))
    error = refused(text[: text.rindex("</Ntry>")])
    assert error.element == f"{STMT}/Ntry[2]"
    assert error.reason == "the file ends early before Ntry is closed: it is truncated or was not sent whole"


def test_a_missing_end_tag_names_the_element_left_open():
    text = document(stmt(ntry(), ntry()))
    error = refused(text[: text.rindex("</Ntry>")] + text[text.rindex("</Ntry>") + len("</Ntry>") :])
    assert error.element == f"{STMT}/Ntry[2]"
    assert error.reason == "an end tag that does not match stands where </Ntry> is expected"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"%PDF-1.7", "this is a PDF document"),
        (b'{"a": 1}', "this is JSON"),
        (b"Date;Amount\n", "this is no statement file"),
        (b"\x00\x01\x02", "this is no statement file"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(data: bytes, reason: str):
    error = refused(data)
    assert error.reason.startswith(f"{reason}; {EXPECTED}")
    assert str(error).startswith("own.xml: ")


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.01"/>',
            "this is camt.052.001.01, an account report of a version that is not read",
        ),
        (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>',
            "this is pain.001.001.03, a payment order",
        ),
        (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.01"/>',
            "this is camt.053.001.01, a bank statement of a version that is not read",
        ),
        ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:admi.002.001.01"/>', "this is admi.002.001.01"),
        ("<Document/>", 'this XML begins with "Document" without a namespace'),
        (
            '<html xmlns="http://www.w3.org/1999/xhtml"/>',
            'this XML begins with "html" in the namespace "http://www.w3.org/1999/xhtml"',
        ),
    ],
)
def test_other_xml_is_refused_with_what_it_is_and_what_is_expected(root: str, reason: str):
    error = refused(root)
    assert error.reason.startswith(f"{reason}; {EXPECTED_CAMT}")
    assert error.line == 1


def test_a_document_without_a_statement_is_refused():
    assert refused(document()).reason == "it holds no statement (Stmt, Rpt or Ntfctn)"


def test_an_entry_outside_a_statement_is_refused():
    stray = "<Elsewhere><Stmt>" + ntry() + "</Stmt></Elsewhere>"
    text = document(stmt(ntry())).replace("<BkToCstmrStmt>", stray + "<BkToCstmrStmt>")
    assert "it is not where a camt file has it" in refused(text).reason


def test_bytes_that_are_not_of_the_encoding_declared_are_refused_at_their_line():
    data = document(stmt(ntry(), ntry(rest="<AddtlNtryInf>Caf\xe9</AddtlNtryInf>"))).encode("latin-1")
    error = refused(data)
    assert error.element == f"{STMT}/Ntry[2]/AddtlNtryInf"
    assert error.line == data[: data.index(b"\xe9")].count(b"\n") + 1
    assert "bytes that are not UTF-8" in error.reason


def test_utf16_that_breaks_off_in_a_character_is_refused():
    data = document(stmt(ntry()), encoding="UTF-16").encode("utf-16")
    assert "not well-formed" in refused(data[:-101]).reason or "ends early" in refused(data[:-101]).reason


@pytest.mark.parametrize("encoding", ["UTF-7", "rot13", "utf-32", "shift_jis", "no-such"])
def test_an_encoding_that_is_not_read_is_refused_by_name(encoding: str):
    assert f"the encoding '{encoding}' is not read" in refused(document(stmt(ntry()), encoding=encoding)).reason


def test_a_file_that_is_not_there_is_refused_like_any_other(tmp_path: Path):
    with pytest.raises(UnreadableFile, match=r"^lost\.xml: it cannot be read: No such file or directory$"):
        read_statement_file(tmp_path / "lost.xml")


def test_a_path_is_called_by_its_name_or_by_the_name_given(tmp_path: Path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"x")
    for name, shown in ((None, "a.xml"), ("upload", "upload")):
        with pytest.raises(UnreadableFile, match=f"^{shown}: "):
            read_statement_file(path, name)
    with pytest.raises(UnreadableFile, match=r"^statement: "):
        read_statement_file(BytesIO(b"x"))


def test_a_value_in_a_message_is_bounded_and_printable():
    error = refused(document(stmt(ntry("\u202e" + "9" * 300))))
    assert "\u202e" not in str(error)
    assert len(str(error)) < 250
