"""One entry of an MT940: field :61: with its field :86:, whose text is free, or in `?20` or `/REMI/` parts.

RC and RD are reversals: a reversed credit takes money away. EC and ED (MT942) are expected, not booked.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bankfeeds.domain.line_identity import digest, is_placeholder
from bankfeeds.domain.statement_file import Entry
from bankfeeds.readers.mt940_values import FieldError, read_amount, read_day, read_entry_day
from bankfeeds.readers.values import quoted

_LINE = re.compile(r"([0-9]{6})([0-9]{4})?(R[CD]|E[CD]|[CD])([A-Z])?([0-9,.]+)([A-Z][A-Z0-9]{3})(.*)")
_PARTS = re.compile(r"[0-9A-Z]{3}([?>])[0-9]{2}")
_KEYS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC|COAM|OAMT)\+")
_SLASHED = re.compile(r"/(EREF|BENM|ORDP|NAME|REMI|IBAN|BIC|MARF|CSID|TRTP|PREF|PURP|ISDT|ULTB|ULTD|TRCD|RTYP|RTRN)/")
_LINE_CHARS = 65
_REFERENCE_CHARS = 16  # of :61:; some banks let the other side's name follow
_END_TO_END_CHARS = 35
_NAME_PARTS = ("32", "33")
_TEXT_PARTS = (*(str(n) for n in range(20, 30)), *(str(n) for n in range(60, 64)))
_NS_PURPOSE = frozenset(f"{number:02}" for number in range(1, 15))
FALLBACK_TEXT = "Bank transaction"
_TYPES = {
    "CHG": "SerChg",
    "COM": "Fee",
    "INT": "Int",
    "DIV": "Div",
    "CHK": "Check",
    "STO": "RepeatPmt",
    "DDT": "DirectDebit",
}


class Line61(NamedTuple):
    """A field :61:; `is_expected` ones are not booked yet."""

    on: date
    amount: Decimal
    kind: str
    reference: str
    bank_reference: str
    name: str
    supplement: str
    is_expected: bool


class _Texts(NamedTuple):
    """What a field :86: says."""

    text: str
    name: str
    reference: str


def read_61(content: Sequence[str]) -> Line61:
    match = _LINE.fullmatch(content[0].rstrip())
    if match is None:
        raise FieldError(f"{quoted(content[0])} is not value date, entry date, C or D, amount, type and reference")
    valued, booked, mark, _funds, digits, kind, references = match.groups()
    day = read_day(valued)
    if booked:
        day = read_entry_day(booked, day)
    amount = read_amount(digits)
    reference, _, bank_reference = references.partition("//")
    return Line61(
        on=day,
        amount=-amount if mark in {"D", "RC", "ED"} else amount,
        kind=kind,
        reference=reference[:_REFERENCE_CHARS].strip(),
        bank_reference=bank_reference.strip(),
        name=" ".join(reference[_REFERENCE_CHARS:].split()),
        supplement=" ".join(" ".join(content[1:]).split()),
        is_expected=mark in {"EC", "ED"},
    )


def entry_of(line: Line61, details: Sequence[str], numbered: Sequence[str]) -> Entry:
    """`details` are the lines of :86:, `numbered` those of :NS:."""
    texts = _numbered(numbered) if numbered else _texts(details)
    written = "".join([*details, *(f"NS{part}" for part in numbered)])
    text = texts.text or line.supplement
    return Entry(
        date=line.on,
        amount=line.amount,
        description=text or f"{FALLBACK_TEXT} {line.kind}",
        counterparty=texts.name or line.name or None,
        reference=next((one for one in (texts.reference, line.reference) if one and not is_placeholder(one)), None),
        transaction_type=_type(line),
        bank_reference=line.bank_reference or None,
        fingerprint=digest((line.kind, line.reference, line.name, line.supplement, "".join(written.split()))),
    )


def _type(line: Line61) -> str:
    by_sign = "Debit" if line.amount < 0 else "Credit"
    found = _TYPES.get(line.kind[1:], by_sign)
    return by_sign if found in {"RepeatPmt", "Div"} and (found == "Div") is (line.amount < 0) else found


def _texts(details: Sequence[str]) -> _Texts:
    if not details:
        return _Texts("", "", "")
    if found := _PARTS.match(details[0]):
        return _parted("".join(details), found[1])
    whole = _unwrapped(details)
    if _SLASHED.search(whole):
        return _slashed(whole)
    return _Texts(whole, "", "")


def _unwrapped(details: Sequence[str]) -> str:
    """A line of full length goes on in the next one without a space; a shorter one was ended on purpose."""
    joined = "".join(line if len(line) >= _LINE_CHARS else f"{line} " for line in details)
    return " ".join(joined.split())


def _parted(whole: str, mark: str) -> _Texts:
    """`105?00Text?20Purpose?21…?32Name`: parts 20 to 29 and 60 to 63 are one text, cut every 27 characters."""
    parts: dict[str, str] = {}
    for part in whole.split(mark)[1:]:
        parts[part[:2]] = parts.get(part[:2], "") + part[2:]
    purpose = "".join([parts[key] for key in _TEXT_PARTS if key in parts])
    keyed = _keyed(purpose)
    text = " ".join((keyed.get("SVWZ") or keyed.get("") or parts.get("00", "")).split())
    name = " ".join("".join(parts.get(key, "") for key in _NAME_PARTS).split())
    return _Texts(
        text or " ".join(parts.get("00", "").split()), name, keyed.get("EREF", "")[:_END_TO_END_CHARS].strip()
    )


def _keyed(purpose: str) -> dict[str, str]:
    """`EREF+1SVWZ+Rent` by its keys; what stands before the first key under ""."""
    pieces = _KEYS.split(purpose)
    found = {"": pieces[0]}
    found.update(zip(pieces[1::2], pieces[2::2], strict=True))
    return found


def _slashed(whole: str) -> _Texts:
    pieces = _SLASHED.split(whole)
    found: dict[str, str] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, value.strip("/ "))
    text = found.get("REMI", "").removeprefix("USTD//").strip("/ ")
    return _Texts(text or whole, found.get("NAME", ""), found.get("EREF", "")[:_END_TO_END_CHARS].strip())


def _numbered(parts: Sequence[str]) -> _Texts:
    """Field :NS: as some German banks have it: 01 to 14 purpose, 15 and 16 name, 17 kind of booking."""
    purpose = " ".join(part[2:] for part in parts if part[:2] in _NS_PURPOSE)
    name = " ".join(part[2:] for part in parts if part[:2] in {"15", "16"})
    kind = " ".join(part[2:] for part in parts if part[:2] == "17")
    return _Texts(" ".join((purpose or kind).split()), " ".join(name.split()), "")
