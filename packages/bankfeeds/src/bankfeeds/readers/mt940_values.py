"""Days, amounts and balances as SWIFT writes them: exact, or a FieldError that says what is wrong."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bankfeeds.domain.statement_file import FileBalance
from bankfeeds.readers.values import AMOUNT_DIGITS_MAX, quoted

_CENTURY_TURNS = 80
_DAYS_KEPT = 4096
"""A file has many lines a day: each day is read once, and kept once for all its lines."""
_DIGITS = re.compile(r"[0-9]{6}")
_DAYS_APART_MAX = 183
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]*,?[0-9]*)")
_AMOUNT = re.compile(r"[0-9]+(?:,[0-9]*)?")


class FieldError(Exception):
    """What is wrong with a field; its place is added by whoever knows it."""


@lru_cache(maxsize=_DAYS_KEPT)
def read_day(text: str) -> date:
    """YYMMDD; years up to 79 are of this century."""
    if not _DIGITS.fullmatch(text):
        raise FieldError(f"{quoted(text)} is not a day of the calendar (YYMMDD)")
    year = int(text[:2]) + (1900 if int(text[:2]) >= _CENTURY_TURNS else 2000)
    try:
        return date(year, int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise FieldError(f"{quoted(text)} is not a day of the calendar (YYMMDD)") from None


@lru_cache(maxsize=_DAYS_KEPT)
def read_entry_day(text: str, valued: date) -> date:
    """MMDD, of the year in which it is nearest to the value date."""
    found: list[date] = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            found.append(date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    near = min(found, key=lambda day: abs((day - valued).days), default=None)
    if near is None or abs((near - valued).days) > _DAYS_APART_MAX:
        raise FieldError(f"the entry date {quoted(text)} is not a day of the calendar (MMDD) near {valued}")
    return near


def read_amount(text: str) -> Decimal:
    """Unsigned, with a decimal comma."""
    if not _AMOUNT.fullmatch(text):
        raise FieldError(f"{quoted(text)} is not an amount (digits with a decimal comma)")
    amount = Decimal(text.replace(",", "."))
    if len(amount.as_tuple().digits) > AMOUNT_DIGITS_MAX:
        raise FieldError(f"{quoted(text)} has more than {AMOUNT_DIGITS_MAX} digits")
    return amount


def read_balance(text: str) -> FileBalance:
    """Such as C170914EUR12345,12."""
    match = _BALANCE.fullmatch(text)
    if match is None:
        raise FieldError(f"{quoted(text)} is not a balance: C or D, the day, the currency and the amount")
    amount = read_amount(match[4])
    return FileBalance(-amount if match[1] == "D" else amount, match[3], read_day(match[2]))
