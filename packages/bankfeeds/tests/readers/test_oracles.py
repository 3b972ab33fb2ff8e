"""Each format read a second time by somebody else: what our reader finds in a file, another library finds in it too.

`mt-940`, `ofxparse` and `bai2` know nothing of our code. Of camt and CSV the standard library's own parsers are asked, in
the plainest way. Compared are days, amounts, balances and accounts; what a text is, each library sees its own way.
Files are written by Hypothesis, and those of others are read where the shared folder is at hand.
"""

import csv
import warnings
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import mt940
import pytest
from bai2 import bai2
from bai2.exceptions import NotSupportedYetException
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import FileStatement
from bankfeeds.readers import Hints, read_statement_file

from . import documents, swift, test_bai2, test_csv, test_ofx, test_shared_samples, test_shared_swift
from .documents import SHARED_SAMPLES, Booked

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from bs4 import XMLParsedAsHTMLWarning
    from ofxparse import OfxParser

pytestmark = pytest.mark.filterwarnings("ignore")
SHARED = SHARED_SAMPLES.parent
shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample files are not at hand")
Lines = list[tuple[date, Decimal]]
"""Day and signed amount, in the order of the file's days."""
days = st.dates(date(2001, 1, 1), date(2078, 12, 31))
amounts = st.decimals(-(10**9), 10**9, places=2).filter(bool)
words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=16)
entries_of = st.lists(st.builds(Booked, days, amounts, words, words, words), max_size=20)


def ours(statement: FileStatement) -> Lines:
    return [(line.date, line.amount) for line in statement.lines]


def by_day(lines: Lines) -> Lines:
    return sorted(lines, key=lambda line: line[0])


# MT940, by mt-940


def mt940_statements(text: str) -> list[str]:
    """`mt-940` merges the statements of a file, so it is given each alone."""
    return [f":20:{part}" for part in text.replace("\r\n", "\n").split(":20:")[1:]]


KINDS = ("final", "intermediate")
"""Of a balance: 60F and 60M, as `mt-940` calls them."""


def by_mt940(text: str) -> tuple[Lines, Decimal, Decimal]:
    found: Any = mt940.parse(StringIO(text))
    lines = [(each.data.get("entry_date") or each.data["date"], each.data["amount"].amount) for each in found]
    whole = [(date(on.year, on.month, on.day), amount) for on, amount in lines]
    opening, closing = (
        next(found.data[f"{kind}_{name}_balance"] for kind in KINDS if f"{kind}_{name}_balance" in found.data)
        for name in ("opening", "closing")
    )
    return by_day(whole), opening.amount.amount, closing.amount.amount


@given(entries_of, amounts)
def test_mt940_files(entries: list[Booked], opening: Decimal) -> None:
    text = swift.message(entries, opening)
    (statement,) = swift.read(text).statements
    assert statement.opening is not None
    assert statement.closing is not None
    assert (ours(statement), statement.opening.amount, statement.closing.amount) == by_mt940(text)


@shared
@pytest.mark.parametrize("name", sorted(test_shared_swift.MANIFEST))
def test_others_mt940(name: str) -> None:
    path = SHARED / "mt940" / name
    encoding = "cp852" if "raiffeisen" in name else "utf-8"
    mine = read_statement_file(path, hints=Hints(encoding="cp852" if "raiffeisen" in name else None)).statements
    texts = mt940_statements(path.read_bytes().decode(encoding, "replace"))
    assert len(texts) == len(mine)
    for statement, text in zip(mine, texts, strict=True):
        if statement.opening is None or statement.closing is None:
            continue
        assert (ours(statement), statement.opening.amount, statement.closing.amount) == by_mt940(text)


# OFX, by ofxparse


def by_ofxparse(text: bytes) -> list[tuple[str, Lines]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        found = OfxParser.parse(BytesIO(text))
    return [
        (
            account.account_id.replace(" ", ""),
            by_day([(each.date.date(), each.amount) for each in account.statement.transactions]),
        )
        for account in found.accounts
    ]


@given(entries_of, st.booleans())
def test_ofx_files(entries: list[Booked], is_xml: bool) -> None:  # noqa: FBT001 - drawn
    inside = test_ofx.statement(*(test_ofx.transaction(one, is_xml=is_xml) for one in entries))
    if is_xml:
        inside = inside.replace("<CURDEF>GBP", "<CURDEF>GBP</CURDEF>")
    text = test_ofx.document(inside, head=test_ofx.XML if is_xml else test_ofx.SGML.format(charset="1252"))
    (statement,) = test_ofx.read(text).statements
    assert [("31926819", ours(statement))] == by_ofxparse(text.encode())


@shared
@pytest.mark.parametrize("name", ["bank_medium.ofx", "checking.ofx", "suncorp.ofx", "multiple_accounts.ofx"])
def test_others_ofx(name: str) -> None:
    path = SHARED / "ofx" / name
    found = read_statement_file(path).statements
    assert [(one.account.id, ours(one)) for one in found] == by_ofxparse(path.read_bytes())


# BAI2, by bai2


def by_bai2(text: str) -> tuple[Lines, list[int]]:
    """Lines with amounts in major units, and the amounts of the account's balances (type codes 010 and 015)."""
    found: Any = bai2.parse_from_string(text.replace("\r\n", "\n"))
    lines: Lines = []
    balances: list[int] = []
    for group in found.children:
        for account in group.children:
            balances += [each.amount for each in account.header.summary_items if each.type_code.code in {"010", "015"}]
            for each in account.children:
                sign = -1 if each.type_code.transaction.value == "debit" else 1
                lines.append((group.header.as_of_date, Decimal(sign * each.amount) / 100))
    return lines, balances


@given(st.lists(test_bai2.bookings, min_size=1, max_size=20), st.integers(-(10**9), 10**9))
def test_bai2_files(entries: list[Booked], opening: int) -> None:
    text = test_bai2.document(entries, opening)
    (statement,) = test_bai2.read(text).statements
    assert statement.opening is not None
    assert statement.closing is not None
    balances = [int(one.amount * 100) for one in (statement.opening, statement.closing)]
    assert (ours(statement), balances) == by_bai2(text)


@shared
def test_others_bai2() -> None:
    text = (SHARED / "bai2" / "sample1.txt").read_text()
    mine = [
        line
        for statement in read_statement_file(SHARED / "bai2" / "sample1.txt").statements
        for line in ours(statement)
    ]
    assert by_day(mine) == by_day(by_bai2(text)[0])


@shared
def test_the_other_bai2_file_is_too_much_for_the_second_library() -> None:
    with pytest.raises(NotSupportedYetException):
        by_bai2((SHARED / "bai2" / "sample2.txt").read_text())


# camt, by ElementTree, of the names alone


def by_tree(text: bytes) -> list[tuple[str, Lines, dict[str, Decimal]]]:
    """Of each statement its id, its booked entries, and its balances in the account's currency by their code."""
    root = ET.fromstring(text)  # noqa: S314 - written here, or lying in the shared folder
    return [_statement(each) for each in root.iter() if _name(each) in {"Stmt", "Rpt", "Ntfctn"}]


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2]


def _at(element: Any, path: str) -> Any:
    for name in path.split("/"):
        element = next((child for child in element if _name(child) == name), None)
        if element is None:
            return None
    return element


def _text(element: Any, *paths: str) -> str:
    found = (_at(element, path) for path in paths)
    return next((one.text.strip() for one in found if one is not None and one.text and one.text.strip()), "")


def _signed(element: Any) -> Decimal:
    amount = Decimal(_text(element, "Amt"))
    return -amount if _text(element, "CdtDbtInd") == "DBIT" else amount


def _statement(element: Any) -> tuple[str, Lines, dict[str, Decimal]]:
    entries = [each for each in element if _name(each) == "Ntry" and _text(each, "Sts/Cd", "Sts") == "BOOK"]
    paths = ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    lines = [(date.fromisoformat(_text(each, *paths)[:10]), _signed(each)) for each in entries]
    currency = _text(element, "Acct/Ccy")
    balances = {
        _text(each, "Tp/CdOrPrtry/Cd"): _signed(each)
        for each in element
        if _name(each) == "Bal" and (not currency or _at(each, "Amt").get("Ccy") == currency)
    }
    return _text(element, "Id"), by_day(lines), balances


def compare_camt(text: bytes, found: Sequence[FileStatement]) -> None:
    read = by_tree(text)
    assert [one.id for one in found] == [name for name, _, _ in read]
    for statement, (_, lines, balances) in zip(found, read, strict=True):
        assert ours(statement) == lines
        if statement.opening is not None and "OPBD" in balances:
            assert statement.opening.amount == balances["OPBD"]
        if statement.closing is not None and "CLBD" in balances:
            assert statement.closing.amount == balances["CLBD"]


@given(st.lists(entries_of, min_size=1, max_size=3), amounts)
def test_camt_files(statements: list[list[Booked]], opening: Decimal) -> None:
    made = [documents.statement_of(each, opening, f"S{number}") for number, each in enumerate(statements)]
    text = documents.document(*made)
    compare_camt(text.encode(), documents.read(text).statements)


CAMT = sorted(SHARED_SAMPLES.glob("*.xml")) if SHARED_SAMPLES.is_dir() else []


READ = [path for path in CAMT if not isinstance(test_shared_samples.SISTERS.get(path.name), str)]


@shared
@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_others_camt(path: Path) -> None:
    compare_camt(path.read_bytes(), read_statement_file(path).statements)


# CSV, by the standard library


@given(test_csv.rows_of)
def test_csv_files(rows: list[tuple[date, Decimal, str]]) -> None:
    text = test_csv.written(sorted(rows, key=lambda row: row[0]), ",", ".", "%Y-%m-%d")
    statement = test_csv.read(text, test_csv.changed(delimiter=",", decimal=".", date_order="ymd"))
    read = csv.DictReader(StringIO(text))
    assert ours(statement) == [(date.fromisoformat(row["Date"]), Decimal(row["Amount"])) for row in read]
