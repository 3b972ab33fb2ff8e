"""The platform's figures for monitoring, read from the database when they are asked for: counts and ages only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.flows.context import World
from bankfeeds.store import figures as store
from bankfeeds.store import listings, overview, verifying, webhook_log
from bankfeeds.store.engine import Read
from bankfeeds.store.standing import standing

PUSHES_LOOKED_AT_MAX = 1000
QUANTILES = (0.5, 0.95)
BANDS: tuple[tuple[str, int], ...] = (("2d", 2), ("7d", 7), ("30d", 30))
"""A feed's newest line is at most that many days old; the rest is OLDER, or NONE without a line."""
OLDER, NONE = "older", "none"


@dataclass(frozen=True, slots=True)
class Figures:
    """`oldest_waiting_s` and the budgets have every listing: 0 where nothing waits. `push_delivery_s`: from accepting
    to all in Sage, by quantile, of the newest pushes; those under way count with their age; empty without any.
    """

    feeds: dict[FeedStatus, int]
    feeds_held: int
    newest_lines: dict[tuple[str, str], int]
    oldest_waiting_s: dict[str, float]
    pushes_pending: int
    push_delivery_s: dict[float, float]
    budget_ahead_s: dict[str, float]
    failures: dict[str, int]
    unconfirmed: int
    accounts_verifying: int
    webhook_consumers: dict[str, int]
    webhooks_pending: int
    webhook_lag_s: float


def figures(world: World) -> Figures:
    now = world.clock()

    def read(tx: Read) -> Figures:
        live = listings.live(tx)
        none = {each.id: 0.0 for each in live}
        feeds = standing(tx)
        budgets = store.budgets(tx)
        return Figures(
            feeds=feeds.feeds,
            feeds_held=feeds.held,
            newest_lines=_banded(store.newest_lines(tx), [each.id for each in live], now.date()),
            oldest_waiting_s=none | {listing: _seconds(at, now) for listing, at in feeds.oldest_waiting.items()},
            pushes_pending=overview.count_pending_pushes(tx),
            push_delivery_s=_quantiles(store.newest_pushes(tx, PUSHES_LOOKED_AT_MAX), now),
            budget_ahead_s=none | {each.listing_id: _seconds(now, each.next_at) for each in budgets},
            failures={each.id: 0 for each in live} | {each.listing_id: each.failures for each in budgets},
            unconfirmed=sum(each.confirmed_at is None for each in live) if world.is_production else 0,
            accounts_verifying=verifying.count(tx),
            webhook_consumers=webhook_log.consumers(tx),
            webhooks_pending=webhook_log.pending(tx),
            webhook_lag_s=_seconds(webhook_log.oldest_waiting(tx, now) or now, now),
        )

    return world.db.read(read)


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)


def _banded(
    counts: dict[tuple[str, date | None], int], listing_ids: Sequence[str], today: date
) -> dict[tuple[str, str], int]:
    words = [*(word for word, _ in BANDS), OLDER, NONE]
    found = Counter({(listing, word): 0 for listing in listing_ids for word in words})
    for (listing, newest_on), count in counts.items():
        found[listing, _band(newest_on, today)] += count
    return dict(found)


def _band(newest_on: date | None, today: date) -> str:
    if newest_on is None:
        return NONE
    age = (today - newest_on).days
    return next((word for word, days in BANDS if age <= days), OLDER)


def _quantiles(pushes: Sequence[tuple[datetime, datetime | None]], now: datetime) -> dict[float, float]:
    """The value that so large a part of them stays within."""
    waits = sorted(_seconds(accepted, done or now) for accepted, done in pushes)
    return {each: waits[min(int(len(waits) * each), len(waits) - 1)] for each in QUANTILES} if waits else {}
