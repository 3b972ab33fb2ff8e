"""The first page: how feeds stand, what waits, what the last day brought, and whether each listing's Sage answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.statement import StatementStatus
from bankfeeds.flows.context import World
from bankfeeds.store import figures, last_day, listings, overview
from bankfeeds.store.engine import Read
from bankfeeds.store.last_day import Ended

HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """`begins_at` in UTC. `refused` are statements."""

    begins_at: datetime
    delivered: int
    statements: int
    refused: int


@dataclass(frozen=True, slots=True)
class ListingState:
    """`ahead_s`: how long the next call has to wait for its turn; `failures`: calls in a row without an answer."""

    listing: Listing
    ahead_s: float
    failures: int
    waiting_since: datetime | None
    needs_confirmation: bool


@dataclass(frozen=True, slots=True)
class Home:
    """`hours`: HOURS of them, the last one under way. `today` is UTC's."""

    feeds: dict[FeedStatus, int]
    held: int
    waiting_lines: int
    oldest_waiting_at: datetime | None
    pushes_pending: int
    hours: list[Hour]
    delivered_today: int
    refused_today: int
    listings: list[ListingState]


def home(world: World) -> Home:
    now = world.clock()
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)

    def read(tx: Read) -> Home:
        waiting = overview.oldest_waiting(tx)
        hours = _hours(last_day.ended_since(tx, first), first)
        today = [each for each in hours if each.begins_at.date() == now.date()]
        return Home(
            feeds=overview.counts(tx),
            held=overview.count_held(tx),
            waiting_lines=last_day.waiting_lines(tx),
            oldest_waiting_at=min(waiting.values(), default=None),
            pushes_pending=overview.count_pending_pushes(tx),
            hours=hours,
            delivered_today=sum(each.delivered for each in today),
            refused_today=sum(each.refused for each in today),
            listings=_listings(tx, world, waiting, now),
        )

    return world.db.read(read)


def _hours(ended: Sequence[Ended], first: datetime) -> list[Hour]:
    found = {(each.hour, each.status): each for each in ended}
    hours: list[Hour] = []
    for number in range(HOURS):
        begins_at = first + timedelta(hours=number)
        name = f"{begins_at:%Y-%m-%dT%H}"
        done, refused = found.get((name, StatementStatus.done)), found.get((name, StatementStatus.refused))
        hours.append(
            Hour(
                begins_at,
                done.lines if done else 0,
                done.statements if done else 0,
                refused.statements if refused else 0,
            )
        )
    return hours


def _listings(tx: Read, world: World, waiting: dict[str, datetime], now: datetime) -> list[ListingState]:
    budgets = {each.listing_id: each for each in figures.budgets(tx)}
    states: list[ListingState] = []
    for listing in listings.live(tx):
        budget = budgets.get(listing.id)
        ahead_s = max((budget.next_at - now).total_seconds(), 0.0) if budget else 0.0
        failures = budget.failures if budget else 0
        unconfirmed = world.is_production and listing.confirmed_at is None
        states.append(ListingState(listing, ahead_s, failures, waiting.get(listing.id), unconfirmed))
    return states
