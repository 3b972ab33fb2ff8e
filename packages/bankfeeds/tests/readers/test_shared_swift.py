"""Other people's MT940 files, read to what a person read in them; skipped where the folder is not at hand.

Many were made anonymous by changing amounts, so their balances do not add up: a proof that fails is right for them.
Of `raiffeisen-cmi` the encoding, code page 852, has to be named.
"""

from decimal import Decimal
from typing import NamedTuple

import pytest

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers import Hints, read_statement_file

from .documents import SHARED_SAMPLES

FOLDER = SHARED_SAMPLES.parent / "mt940"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared sample files are not at hand")


class Stated(NamedTuple):
    """One statement: account, currency, opening, closing, the lines' amounts in date order, whether they add up."""

    account: str
    currency: str
    opening: str
    closing: str
    amounts: str
    proof: str = "failed"


RABO = "1291.99.348"
IBAN = "NL71RABO0123456789"
MANIFEST: dict[str, list[Stated]] = {
    "jejik/abnamro.sta": [
        Stated("517852257", "EUR", "3236.28", "876.84", "-11.59 -11.63 -11.8 -13.45 -15.49 -107 -141.48 -9"),
        Stated("517852257", "EUR", "2876.84", "1849.75", "-9.49 -15"),
    ],
    "jejik/generic.sta": [
        Stated("11111111", "EUR", "100", "90", "-10", "proved"),
        Stated("11111111", "EUR", "90", "80", "-10", "proved"),
    ],
    "jejik/ing.sta": [Stated("0001234567", "EUR", "0", "3.47", "-25.03 -3.03 -1.11 -20 -1.1 3.68 1")],
    "jejik/knab.sta": [
        Stated("123456789", "EUR", "0", "500", "500", "proved"),
        Stated("123456789", "EUR", "3058.98", "798.98", "-7260 500"),
    ],
    "jejik/postfinance.sta": [
        Stated("123456789", "CHF", "0", "229.2", "79.7 149.5", "proved"),
        Stated("123456789", "CHF", "229.2", "159.6", "-79.9 10.1"),
    ],
    "jejik/rabobank-iban.sta": [
        Stated(IBAN, "EUR", "1000", "965", "-25 -10", "proved"),
        Stated(IBAN, "EUR", "965", "930", "-25 -10", "proved"),
    ],
    "jejik/rabobank.sta": [
        Stated(RABO, "EUR", "473.17", "395.82", "-1213.28"),
        Stated(RABO, "EUR", "1000.89", "1000.89", "", "proved"),
        Stated(RABO, "EUR", "1295.82", "1250.87", "-44.95 -236.56"),
        Stated("1526.89.184", "EUR", "4196.12", "4101.82", "-88.1 -6.2", "proved"),
    ],
    "jejik/sns.sta": [
        Stated("0123456789", "EUR", "1234.56", "1209.56", "-20 -5", "proved"),
        Stated("0123456789", "EUR", "1209.56", "1209.56", "", "proved"),
    ],
    "jejik/triodos.sta": [Stated("0390123456", "EUR", "4975.09", "4370.79", "-15.7 -700")],
    "self-provided/details_60-63.sta": [Stated("1020304050", "EUR", "12345.12", "12345.98", "-233.15")],
    "self-provided/long_statement_number.sta": [Stated("93984487", "TRY", "0", "0", "", "proved")],
    "self-provided/malformed_details.sta": [Stated("1020304050", "EUR", "12345.12", "12345.98", "-233.15")],
    "self-provided/mt942.sta": [Stated("GJB0291077111", "EUR", "", "", "-0.42", "unproved")],
    "self-provided/overly_long_details.sta": [Stated("1020304050", "EUR", "12345.12", "12345.98", "-233.15")],
    "self-provided/raiffeisen-cmi.sta": [
        Stated(
            "123456789150ABCDEF002",
            "HUF",
            "25170637.1",
            "25281687.6",
            "2066637 -14790 -3051800 -3892.77 -789.24 -1578.49 -6000",
        )
    ],
    "self-provided/whitespace.sta": [Stated("1020304050", "EUR", "12345.12", "12345.98", "-233.15")],
}
REFUSED = {
    "account_identification.sta": "line 4, :60F:: the statement that begins in line 1 has no opening balance",
    "empty_non_swift.sta": "line 1, :NS:: it stands before :20:, outside a statement",
    "february_30.sta": 'line 6, :61:: "160230" is not a day of the calendar (YYMMDD)',
    "gv_codes.sta": "line 8, :62F:: the statement that begins in line 1 has no closing balance: it is truncated",
    "invalid_statement.sta": "this is no statement file",
    "multiline.sta": "line 38, :61:: it stands before :20:, outside a statement",
    "raphaelm.sta": 'line 27, :62M:: "C020315105000,00" is not a balance',
    "sparkassen.sta": "line 1, :61:: it stands before :20:, outside a statement",
    "transaction_details_wrapped.sta": 'line 6, :61:: "160230" is not a day of the calendar (YYMMDD)',
    "wrapped_timestamp.sta": 'line 5, :61:: "160230" is not a day of the calendar (YYMMDD)',
}


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_reads_what_a_person_reads(name: str):
    hints = Hints(encoding="cp852" if "raiffeisen" in name else None)
    file = read_statement_file(FOLDER / name, hints=hints)
    got = [
        Stated(
            one.account.id,
            one.account.currency,
            plain(one.opening.amount) if one.opening else "",
            plain(one.closing.amount) if one.closing else "",
            " ".join(plain(line.amount) for line in one.lines),
            one.proof.value,
        )
        for one in file.statements
    ]
    assert got == MANIFEST[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refuses_what_is_broken_with_its_place(name: str):
    with pytest.raises(UnreadableFile) as caught:
        read_statement_file(FOLDER / "self-provided" / name)
    assert REFUSED[name] in str(caught.value)


def test_the_manifest_names_every_file():
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.sta")}
    assert there == {*MANIFEST, *(f"self-provided/{name}" for name in REFUSED)}


def plain(amount: Decimal) -> str:
    """Without zeros at its end."""
    return format(amount.normalize(), "f")
