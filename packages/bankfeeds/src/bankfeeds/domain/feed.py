"""A feed: the ordered stream from one source account to one bank account in Sage.

Its cursor is the sequence number of the last line settled there. A parked feed stands still, loudly, at one line.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

AGE_SPREAD = timedelta(days=14)


class FeedStatus(StrEnum):
    open = "open"
    parked = "parked"
    closed = "closed"


TRANSITIONS: dict[FeedStatus, frozenset[FeedStatus]] = {
    FeedStatus.open: frozenset({FeedStatus.parked, FeedStatus.closed}),
    FeedStatus.parked: frozenset({FeedStatus.open, FeedStatus.closed}),
    FeedStatus.closed: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Feed:
    """`doubtful_seq`: up to here lines were offered without our learning whether Sage took them."""

    pk: int
    listing_id: str
    account_pk: int
    bank_account_id: str
    status: FeedStatus
    opened_at: datetime
    closed_at: datetime | None
    opened_seq: int
    cursor: int
    start_on: date | None
    statement_pk: int | None
    is_introduced: bool
    asks_reauthorisation: bool
    window: int | None
    narrow_until: int | None
    doubtful_seq: int
    attempt: int
    waiting_since: datetime | None
    parked_seq: int | None = None
    parked_cause: str | None = None


class QueuedLine(NamedTuple):
    """A line as it waits in the stream, numbered."""

    seq: int
    id: str
    on: date
    amount: Decimal
    balance: Decimal
    type: str
    description: str
    counterparty: str | None
    reference: str | None


def is_withheld(line_on: date, start_on: date | None) -> bool:
    """Dated before the feed's first day: kept, never sent."""
    return start_on is not None and line_on < start_on


def first_day(chosen_on: date | None, cut_over_on: date | None) -> date | None:
    """Of a feed: the day that its Sage user chose, but never before the account's cut-over. None: Sage has not told."""
    if chosen_on is None or cut_over_on is None:
        return chosen_on
    return max(chosen_on, cut_over_on)


def why_withheld(start_on: date | None, cut_over_on: date | None) -> str:
    """What stands behind "dated before the first day"."""
    return "the account's cut-over date" if start_on == cut_over_on else "the start date chosen in Sage"
