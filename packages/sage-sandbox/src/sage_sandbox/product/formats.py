"""Amounts, days and instants as people write them, in both languages."""

from datetime import date, datetime, tzinfo
from decimal import Decimal

_PLACES = {"JPY": 0, "KRW": 0, "VND": 0, "ISK": 0, "CLP": 0, "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3, "TND": 3}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}
_NARROW_SPACE = "\u202f"
_MINUS = "\u2212"


def major(amount: Decimal, currency: str, unit: str) -> Decimal:
    """What Sage was sent, in the currency's main unit."""
    return Decimal(amount).scaleb(-_PLACES.get(currency, 2)) if unit == "minor" else Decimal(amount)


def money(amount: Decimal, currency: str, language: str) -> str:
    places = max(_PLACES.get(currency, 2), -_exponent(amount))
    text = f"{abs(amount):,.{places}f}"
    if language == "fr":
        text = text.replace(",", _NARROW_SPACE).replace(".", ",")
    return (_MINUS if amount < 0 else "") + text


def _exponent(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def day(on: date, language: str) -> str:
    return f"{on.day}\u00a0{_MONTHS[language][on.month - 1]}\u00a0{on.year}"


def moment(at: datetime, zone: tzinfo, language: str) -> str:
    local = at.astimezone(zone)
    separator = ", " if language == "en" else " à "
    return f"{day(local.date(), language)}{separator}{local:%H:%M}"
