"""A feed as an operator reads it: how it stands, what waits, what went wrong, and what to do about it."""

import shlex
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bankfeeds.domain.feed import FeedStatus


class FeedFilter(StrEnum):
    """Which feeds to show; each but the last of those that are not closed."""

    live = "live"
    parked = "parked"
    waiting = "waiting"
    paused = "paused"
    reauthorise = "reauthorise"
    closed = "closed"


@dataclass(frozen=True, slots=True)
class FeedView:
    """`oldest_waiting_at`: when the oldest line that waits was accepted, or the feed opened if that was later."""

    number: int
    listing: str
    bank_account_id: str
    company_id: str
    connection_id: str
    account_id: str
    external_id: str
    status: FeedStatus
    is_paused: bool
    needs_reauthorisation: bool
    start_on: date | None
    opened_at: datetime
    closed_at: datetime | None
    close_cause: str | None
    cursor: int
    last_seq: int
    oldest_waiting_at: datetime | None
    statement_number: int | None
    parked_at: datetime | None
    parked_line: str | None
    parked_cause: str | None

    @property
    def lines_waiting(self) -> int:
        """Lines behind the cursor; those it will withhold are among them until it comes to them."""
        return 0 if self.status is FeedStatus.closed else self.last_seq - self.cursor

    def is_late(self, before: datetime) -> bool:
        """Nothing holds it back, and yet its oldest line has waited since before then."""
        is_free = self.status is FeedStatus.open and not self.is_paused and not self.needs_reauthorisation
        return is_free and self.oldest_waiting_at is not None and self.oldest_waiting_at < before

    @property
    def next_step(self) -> str | None:
        """What a person has to do so that the feed moves on; None if it moves by itself, or never will."""
        if self.status is FeedStatus.parked:
            return self._out_of_park()
        if self.status is FeedStatus.closed:
            return None
        if self.is_paused:
            return "Deliveries are paused. `bankfeeds doctor` names the pause; `bankfeeds resume` ends it."
        if self.needs_reauthorisation:
            return "Its user has to authorise the account again in Sage. What is accepted meanwhile waits."
        return None

    def _out_of_park(self) -> str:
        feed = shlex.quote(self.bank_account_id)
        again = f"`bankfeeds feeds resume {feed} --reason …`"
        if self.parked_line is None:
            return f"When the cause is gone, offer the statement again: {again}."
        without = f"`bankfeeds feeds skip {feed} --line {shlex.quote(self.parked_line)} --reason …`"
        return f"When the cause is gone, offer the line again: {again}. To leave it out for good: {without}."


@dataclass(frozen=True, slots=True)
class StatementView:
    """What one POST to Sage carried; `refusal` is what Sage said against it."""

    number: int
    kind: str
    status: str
    first_seq: int | None
    last_seq: int | None
    line_count: int
    offers: int
    sage_id: str | None
    created_at: datetime
    finished_at: datetime | None
    refusal: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkView:
    """A line settled apart: `skipped` by an operator, or `inSage` before it was ever offered."""

    line: str
    seq: int
    mark: str
    reason: str
    at: datetime
