"""Calls to Sage, timed and counted."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.delivery import Delivery, FoundAccount
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Outcome
from bankfeeds.domain.ports import Destination, Destinations

T = TypeVar("T")
Note = Callable[[str, str, str, float, Sequence[str]], None]
"""Of a call to Sage: the listing, what was asked, what came of it, the seconds it took, the correlation ids behind."""
Carried = Callable[[Delivery], list[str]]
"""The keys of the push operations that a statement carries lines of: the correlation ids of their requests."""
NOT_FOUND, CRASHED = "notFound", "crashed"
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.sage")


def _nothing(_delivery: Delivery) -> list[str]:
    return []


class MeasuredDestinations:
    """Implements `ports.Destinations` around another."""

    def __init__(self, destinations: Destinations, note: Note, carried: Carried = _nothing) -> None:
        self._destinations = destinations
        self._note = note
        self._carried = carried

    def __call__(self, listing: Listing) -> Destination:
        return _Measured(self._destinations(listing), listing.id, self._note, self._carried)


class _Measured:
    """Implements `ports.Destination`: the same answers, timed."""

    def __init__(self, destination: Destination, listing_id: str, note: Note, carried: Carried) -> None:
        self._destination = destination
        self._listing_id = listing_id
        self._note = note
        self._carried = carried

    def offer(self, delivery: Delivery) -> Outcome:
        ids = [key.replace("-", "") for key in self._carried(delivery)]
        outcome = self._timed("offer", lambda: self._destination.offer(delivery), ids)
        log.info(
            "statement offered",
            listing=self._listing_id,
            bank_account=delivery.bank_account_id,
            statement=delivery.statement.pk,
            lines=delivery.statement.line_count,
            outcome=_word(outcome),
            reason=getattr(outcome, "reason", None),
            correlation_ids=ids,
        )
        return outcome

    def follow(self, statement_id: str) -> Outcome:
        return self._timed("follow", lambda: self._destination.follow(statement_id))

    def find(self, external_id: str) -> FoundAccount | Outcome | None:
        return self._timed("find", lambda: self._destination.find(external_id))

    def report(self, authorisation_id: str, accounts: Sequence[OfferedAccount] | None, *, success: bool) -> Outcome:
        return self._timed("report", lambda: self._destination.report(authorisation_id, accounts, success=success))

    def complain(self, reason: str, at: datetime) -> Outcome:
        return self._timed("complain", lambda: self._destination.complain(reason, at))

    def _timed(self, call: str, ask: Callable[[], T], ids: Sequence[str] = ()) -> T:
        began, outcome = time.perf_counter(), CRASHED
        try:
            answer = ask()
            outcome = _word(answer)
            return answer
        finally:
            self._note(self._listing_id, call, outcome, time.perf_counter() - began, ids)


def _word(answer: object) -> str:
    """done, taken, rejected, deferred, unknown; found or notFound of an account query."""
    if answer is None:
        return NOT_FOUND
    return "found" if isinstance(answer, FoundAccount) else type(answer).__name__.lower()
