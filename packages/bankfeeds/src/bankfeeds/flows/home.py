"""The first page: how feeds stand, what waits, what the last day brought, and whether each listing's Sage answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.listing import Listing
from bankfeeds.flows.context import World
from bankfeeds.store import figures, last_day, listings, overview
from bankfeeds.store.engine import Read
from bankfeeds.store.standing import standing

HOURS = last_day.HOURS
PENDING_COUNTED_MAX = 1000


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
    """`hours`: HOURS of them, the last one under way. `today` is UTC's. `pushes_pending`: one
    more than PENDING_COUNTED_MAX if there are more; all are not counted.
    """

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
        now_stands = standing(tx)
        hours = _hours(tx, first)
        today = [each for each in hours if each.begins_at.date() == now.date()]
        return Home(
            feeds=now_stands.feeds,
            held=now_stands.held,
            waiting_lines=now_stands.waiting_lines,
            oldest_waiting_at=min(now_stands.oldest_waiting.values(), default=None),
            pushes_pending=overview.count_pending_pushes(tx, PENDING_COUNTED_MAX + 1),
            hours=hours,
            delivered_today=sum(each.delivered for each in today),
            refused_today=sum(each.refused for each in today),
            listings=_listings(tx, world, now_stands.oldest_waiting, now),
        )

    return world.db.read(read)


def _hours(tx: Read, first: datetime) -> list[Hour]:
    ended = last_day.ended(tx, first)
    begins = (first + timedelta(hours=number) for number in range(HOURS))
    return [Hour(at, each.lines, each.statements, each.refused) for at, each in zip(begins, ended, strict=True)]


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
