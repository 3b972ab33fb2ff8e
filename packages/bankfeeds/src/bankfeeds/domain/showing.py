"""When a customer's Sage product shows what was delivered: Sage tells providers neither the product nor the moment.

Rhythms are from Sage's help pages where they give one (Accounting and Active: daily; Intacct: every four hours; Sage
contract, 10.2 and 11), and the likeliest reading for the rest. Products that take closed days only show today's lines
tomorrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Product(StrEnum):
    """Those of a kind together: `desktop` is Sage 50, 100, 200, 300 and Evolution."""

    accounting = "accounting"
    intacct = "intacct"
    active = "active"
    desktop = "desktop"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`is_told`: Sage's help pages say so; else it is the likeliest reading."""

    product: Product
    every: timedelta
    closed_days_only: bool
    is_told: bool


RHYTHMS: Sequence[Rhythm] = (
    Rhythm(Product.accounting, timedelta(days=1), closed_days_only=False, is_told=True),
    Rhythm(Product.intacct, timedelta(hours=4), closed_days_only=True, is_told=True),
    Rhythm(Product.active, timedelta(days=1), closed_days_only=False, is_told=True),
    Rhythm(Product.desktop, timedelta(days=1), closed_days_only=True, is_told=False),
)


@dataclass(frozen=True, slots=True)
class Showing:
    """`by`: until when the product has fetched what was delivered. `today_waits`: but for lines dated today."""

    rhythm: Rhythm
    by: datetime
    today_waits: bool


def showings(delivered_at: datetime, newest_on: date | None, now: datetime) -> list[Showing]:
    """For each kind of product; `newest_on` is the date of the newest line delivered. Days are those of UTC."""
    is_todays = newest_on is not None and newest_on >= now.date()
    return [Showing(rhythm, delivered_at + rhythm.every, rhythm.closed_days_only and is_todays) for rhythm in RHYTHMS]
