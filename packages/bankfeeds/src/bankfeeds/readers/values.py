"""Amounts and days from an element's text: exact, or refused with the element's place."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers.xml import Element

AMOUNT_DIGITS_MAX = 18
AMOUNT_DECIMALS_MAX = 5
_QUOTED_MAX = 60
_DAYS_KEPT = 4096
"""A file has many lines a day: each day is made once, and kept once for all its lines."""
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_DAY = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_ZONE}")
_INSTANT = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?{_ZONE}"
)
_CURRENCY = re.compile(r"[A-Z]{3}")


@lru_cache(maxsize=_DAYS_KEPT)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def unreadable(file: str, element: Element, reason: str) -> UnreadableFile:
    """The error, with the element's place; for the caller to raise."""
    return UnreadableFile(file, element.line, element.path, reason)


def quoted(text: str) -> str:
    """A value of the file inside a message: bounded, and nothing in it can look like the message's own."""
    shown = text if len(text) <= _QUOTED_MAX else text[:_QUOTED_MAX] + "…"
    return '"' + "".join(c if c.isprintable() else "?" for c in shown) + '"'


def need(file: str, parent: Element, *names: str) -> Element:
    found = parent.find(*names)
    if found is None:
        raise unreadable(file, parent, f"{'/'.join(names)} is missing")
    return found


def read_amount(file: str, element: Element) -> Decimal:
    """Unsigned, as ISO 20022 has it: at most 18 digits, 5 of them decimals; no exponent, comma or sign."""
    text = element.text
    if not _AMOUNT.fullmatch(text):
        raise unreadable(file, element, f"{quoted(text)} is not an amount (digits with a decimal point)")
    whole, _, decimals = text.partition(".")
    if len(whole) + len(decimals) > AMOUNT_DIGITS_MAX or len(decimals) > AMOUNT_DECIMALS_MAX:
        limit = f"{AMOUNT_DIGITS_MAX} digits, {AMOUNT_DECIMALS_MAX} of them decimals"
        raise unreadable(file, element, f"{quoted(text)} has too many digits (at most {limit})")
    return Decimal(text)


def read_signed(file: str, parent: Element) -> Decimal:
    """Parent's `Amt` with the sign that its `CdtDbtInd` gives: a credit is positive. Zero has no sign."""
    amount = read_amount(file, need(file, parent, "Amt"))
    indicator = need(file, parent, "CdtDbtInd")
    if indicator.text == "CRDT":
        return amount
    if indicator.text == "DBIT":
        return -amount
    raise unreadable(file, indicator, f"{quoted(indicator.text)} is neither CRDT nor DBIT")


def read_currency(file: str, element: Element) -> str:
    """The `Ccy` attribute of an amount."""
    currency = element.attributes.get("Ccy", "")
    if not _CURRENCY.fullmatch(currency):
        raise unreadable(
            file, element, f"the attribute Ccy is {quoted(currency)}, not a currency code of three letters"
        )
    return currency


def read_day(file: str, parent: Element) -> date:
    """Parent's `Dt`, or the day of its `DtTm` as written: the bank's own calendar, whatever the offset."""
    element = parent.find("Dt") or parent.find("DtTm")
    if element is None:
        raise unreadable(file, parent, "Dt or DtTm is missing")
    pattern, example = (_DAY, "2026-01-31") if element.name == "Dt" else (_INSTANT, "2026-01-31T09:30:00+01:00")
    match = pattern.fullmatch(element.text)
    if match is None:
        raise unreadable(file, element, f"{quoted(element.text)} is not written as {example}")
    try:
        return _day(match[1])
    except ValueError:
        raise unreadable(file, element, f"{quoted(element.text)} is not a day of the calendar") from None
