"""Days and amounts as people's spreadsheets write them, by the profile's rules: exact, or None."""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bankfeeds.readers.values import AMOUNT_DIGITS_MAX

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905 - reads better
_DAY = re.compile(r"(\d{1,4})[-./ ]([0-9]{1,2}|[A-Za-z]{3,9})[-./ ](\d{1,4})(?:[T ,].*)?", re.ASCII)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_YEAR_DIGITS, _SHORT_YEAR_DIGITS = 4, 2
_PLAIN = {".": re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII), ",": re.compile(r"[+-]?\d+(?:,\d+)?", re.ASCII)}
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?:[,' \u00a0\u202f\u2019]\d{3})+(?:\.\d+)?", re.ASCII),
    ",": re.compile(r"[+-]?\d{1,3}(?:[.' \u00a0\u202f\u2019]\d{3})+(?:,\d+)?", re.ASCII),
}
_SIGNS = re.compile(r"^(?:[£€$]|[A-Z]{3}\b)\s*|\s*(?:[£€$]|\b[A-Z]{3})$")
_BRACKETED = re.compile(r"\((.+)\)")


@lru_cache(maxsize=4096)
def read_day(text: str, order: str) -> date | None:
    """None if it is not a day of the calendar in that order. A year of two digits is of this century."""
    if _COMPACT.fullmatch(text) and order == "ymd":
        parts = (text[:4], text[4:6], text[6:])
    else:
        match = _DAY.fullmatch(text)
        if match is None:
            return None
        parts = match.groups()
    year, month, day = (parts[order.index(part)] for part in "ymd")
    if len(year) not in {_YEAR_DIGITS, _SHORT_YEAR_DIGITS} or not day.isdigit() or not year.isdigit():
        return None
    number = int(month) if month.isdigit() else _MONTHS.get(month[:3].lower(), 0)
    try:
        return date(int(year) + (2000 if len(year) == _SHORT_YEAR_DIGITS else 0), number, int(day))
    except ValueError:
        return None


def read_amount(text: str, decimal: str) -> Decimal | None:
    """With a sign before or behind, in brackets, with groups of three, with a currency; None if it is none of these."""
    if not _PLAIN[decimal].fullmatch(text):
        return _read_dressed(text, decimal)
    if len(text) > AMOUNT_DIGITS_MAX:
        return None
    return Decimal(text.replace(",", ".") if decimal == "," else text)


def _read_dressed(text: str, decimal: str) -> Decimal | None:
    negative = False
    text = text.strip().replace("\u2212", "-")
    if match := _BRACKETED.fullmatch(text):
        negative, text = True, match[1]
    if text.endswith("-"):
        negative, text = not negative, text[:-1].rstrip()
    text = text[0] + text[1:].lstrip() if text[:1] in {"+", "-"} else text
    sign = text[0] if text[:1] in {"+", "-"} else ""
    text = sign + _SIGNS.sub("", text.removeprefix(sign))
    if not (_PLAIN[decimal].fullmatch(text) or _GROUPED[decimal].fullmatch(text)):
        return None
    digits = "".join(c for c in text if c.isdigit() or c in {decimal, "-"}).replace(",", ".")
    if len(digits) > AMOUNT_DIGITS_MAX:
        return None
    amount = Decimal(digits)
    return -amount if negative else amount
