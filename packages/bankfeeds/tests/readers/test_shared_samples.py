"""Other people's camt files, read to what a person read in them; skipped where the folder is not at hand.

The manifest was made by eye. What is odd in the files: a statement whose balances do not add up (all-balance-types:
they only show every type), closing balances in SEK on a EUR account (minimal.ultimate, with-party-ids, v3, v8),
accounts that state no currency (all-balance-types, v8), a transaction of another amount than its entry (v3: 105.750
in an entry of 8.85; v8: 0 SEK), a credit that names only its creditor (all-balance-types, multi.statement: that is
the account's owner, so no counterparty).
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pytest

from bankfeeds.domain.statement_file import FileBalance, Proof, UnreadableFile
from bankfeeds.readers import accounts_of, read_statement_file

from .documents import SHARED_SAMPLES

pytestmark = pytest.mark.skipif(not SHARED_SAMPLES.is_dir(), reason="the shared sample files are not at hand")


class Expected(NamedTuple):
    statements: list[str]
    account: tuple[str, bool, str | None, str | None]
    opening: str
    closing: str | None
    lines: list[tuple[str, str, str, str | None, str | None, str]]
    proof: Proof
    warnings: list[str]


SEK_IGNORED = "the balance CLBD of -27.00 SEK was ignored: the account is in EUR"
DOES_NOT_ADD_UP = (
    "the balances do not add up: opening 1.01 plus lines 8.850 is 9.860 EUR, "
    "but the closing balance is 4.04 (difference -5.820)"
)
NO_CLOSING = "unproved: no closing booked balance to check the lines against"
ONE = "253EURNL26VAYB8060476890"
IBAN_ONLY = ("NL26VAYB8060476890", True, None, None)
CREDIT = "Credit"
MANIFEST = {
    "camt053.v2.all-balance-types.xml": Expected(
        ["CAMT0532015012200001"],
        ("CH2801234000123456789", False, "FINPETROL", None),
        "1.01",
        "4.04",
        [("8.85", "9.86", "Transaction Description", None, "000000001", CREDIT)],
        Proof.failed,
        [DOES_NOT_ADD_UP],
    ),
    "camt053.v2.minimal.ultimate.xml": Expected(
        [ONE],
        IBAN_ONLY,
        "18.15",
        None,
        [("8.85", "27.00", "Bank transaction 544", "DEBTOR NAME NM", "4654654654654654", CREDIT)],
        Proof.unproved,
        [SEK_IGNORED, NO_CLOSING],
    ),
    "camt053.v2.multi.statement.xml": Expected(
        [ONE, "254EURNL26VAYB8060476890"],
        IBAN_ONLY,
        "18.15",
        "20.00",
        [
            ("8.85", "27.00", "Transaction Description 1", None, "000000001", CREDIT),
            ("-7.00", "20.00", "Transaction Description 2", "Company Name 2", "000000002", "Debit"),
        ],
        Proof.proved,
        [],
    ),
    "camt053.v2.with-party-ids.xml": Expected(
        [ONE],
        IBAN_ONLY,
        "18.15",
        None,
        [("8.85", "27.00", "Bank transaction 544", "NAME NAME", "4654654654654654", CREDIT)],
        Proof.unproved,
        [SEK_IGNORED, NO_CLOSING],
    ),
    "camt053.v3.xml": Expected(
        [ONE],
        ("NL26VAYB8060476890", False, "COMPANY BVBA", "KREDBEBB"),
        "18.15",
        None,
        [("8.85", "27.00", "Bank transaction PMNT-RCDT-DMCT", "NAME NAME", "4654654654654654", CREDIT)],
        Proof.unproved,
        [SEK_IGNORED, NO_CLOSING],
    ),
    "camt053.v8.xml": Expected(
        [ONE],
        ("NL26VAYB8060476890", False, "FINPETROL", None),
        "18.15",
        None,
        [("8.85", "27.00", "Bank transaction PMNT-RCDT-BOOK", "NAME NAME", "MUELL/FINP/RA12345", "Xfer")],
        Proof.unproved,
        [SEK_IGNORED, NO_CLOSING],
    ),
}


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_reads_the_lines_and_balances_that_a_person_reads(name: str):
    expected = MANIFEST[name]
    file = read_statement_file(SHARED_SAMPLES / name)
    (account,) = accounts_of(file)
    assert [statement.id for statement in file.statements] == expected.statements
    got = account.account
    assert (got.id, got.is_iban, got.name, got.bank_code) == expected.account
    assert got.currency == "EUR"
    assert amount_of(account.opening) == Decimal(expected.opening)
    assert amount_of(account.closing) == (Decimal(expected.closing) if expected.closing else None)
    assert {line.date for line in account.lines} == {date(2014, 12, 31)}
    assert [
        (line.amount, line.balance, line.description, line.counterparty, line.reference, line.transaction_type)
        for line in account.lines
    ] == [(Decimal(amount), Decimal(balance), *rest) for amount, balance, *rest in expected.lines]
    assert (account.proof, list(account.warnings)) == (expected.proof, expected.warnings)
    assert account.pending == 0


class Sister(NamedTuple):
    """A camt.052 or camt.054: account, its currency and name, lines, pending, warnings."""

    account: tuple[str, str, str | None]
    lines: list[tuple[str, str, str, str | None, str | None]]
    pending: int
    closing: str | None


UNDATED = "it has neither a booking date (BookgDt) nor a value date (ValDt)"
SISTERS: dict[str, Sister | str] = {
    "camt052.v1.xml": "an account report of a version that is not read",
    "camt052.v2.with-account-name.xml": UNDATED,
    "camt052.v4.xml": Sister(("CH2801234000123456789", "CHF", "UNIFITS GmbH"), [], 1, "10022.15"),
    "camt052.v6.xml": Sister(("CH2801234000123456789", "CHF", "UNIFITS GmbH"), [], 1, "10022.15"),
    "camt054.v2.xml": Sister(
        ("CH2801234000123456789", "SEK", "FINPETROL"),
        [("2007-10-18", "-200000", "Bank transaction PMNT-ICDT-DMCT (3 transactions)", None, None)],
        0,
        None,
    ),
    "camt054.v8-with-UETR.xml": UNDATED,
    "camt054.v8.xml": Sister(
        ("CH2801234000123456789", "SEK", "UNIFITS GmbH"),
        [("2007-10-18", "-200000", "Order (3 transactions)", None, "UXC06170000006PI00001")],
        0,
        None,
    ),
}


@pytest.mark.parametrize("name", sorted(SISTERS))
def test_reads_reports_and_notifications_as_a_person_does(name: str):
    """Two of them have entries without any date; a day cannot be made up."""
    expected = SISTERS[name]
    if isinstance(expected, str):
        with pytest.raises(UnreadableFile) as caught:
            read_statement_file(SHARED_SAMPLES / name)
        assert expected in caught.value.reason
        return
    (account,) = accounts_of(read_statement_file(SHARED_SAMPLES / name))
    assert (account.account.id, account.account.currency, account.account.name) == expected.account
    assert [
        (line.date.isoformat(), str(line.amount), line.description, line.counterparty, line.reference)
        for line in account.lines
    ] == expected.lines
    assert (account.pending, account.proof) == (expected.pending, Proof.unproved)
    assert amount_of(account.closing) == (Decimal(expected.closing) if expected.closing else None)


def test_the_manifests_name_every_camt_file():
    assert {path.name for path in SHARED_SAMPLES.iterdir()} == {*MANIFEST, *SISTERS}


def amount_of(balance: FileBalance | None) -> Decimal | None:
    return balance.amount if balance else None
