"""`bankfeeds doctor`: what is wrong, in plain words, and what to do about it."""

from datetime import datetime
from typing import Any

from bankfeeds.cli import opening, output
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.listing import Listing
from bankfeeds.flows import overview
from bankfeeds.flows.overview import Health

WELL, UNWELL = 0, 1


def doctor(*, json: bool = False) -> int:
    """Say what stands still and why; exit code 1 if anything needs somebody to act.

    That is a parked feed, a feed whose oldest line waits for more than an hour though nothing holds it back, or in
    production a listing whose amount unit nobody confirmed. Pauses are shown, and are no illness.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        health = overview.health(world)
        now = world.clock()
    if json:
        output.show_json(_fields(health, now))
    else:
        for line in _lines(health, now):
            output.show_line(line)
    return WELL if health.is_well else UNWELL


def _lines(health: Health, now: datetime) -> list[str]:
    waiting = sorted(health.oldest_waiting.items())
    return [
        *(line for feed in health.parked for line in _parked(feed)),
        *(line for feed in health.late for line in _late(feed, now)),
        *(line for listing in health.unconfirmed for line in _unconfirmed(listing)),
        *(f"paused {each.scope} since {output.instant(each.at)} by {each.by}: {each.reason}" for each in health.pauses),
        *(f"oldest waiting line of listing {listing}: {output.age(since, now)}" for listing, since in waiting),
        "well" if health.is_well else "not well: somebody has to act",
    ]


def _parked(feed: FeedView) -> tuple[str, ...]:
    whose = f"listing {feed.listing}, account {feed.connection_id}/{feed.account_id}"
    since = output.instant(feed.parked_at or feed.opened_at)
    return (
        f"PARKED feed {feed.bank_account_id} ({whose}) since {since}, {feed.lines_waiting} lines waiting",
        f"  cause: {feed.parked_cause}",
        f"  next step: {feed.next_step}",
    )


def _late(feed: FeedView, now: datetime) -> tuple[str, ...]:
    waits = output.age(feed.oldest_waiting_at or feed.opened_at, now)
    under_way = "a statement is under way" if feed.statement_number else "no statement is under way"
    return (
        f"LATE feed {feed.bank_account_id} (listing {feed.listing}): its oldest line waits for {waits}; {under_way}",
        f"  next step: `bankfeeds feeds show {feed.bank_account_id}` shows what Sage last said; is Sage in reach?",
    )


def _unconfirmed(listing: Listing) -> tuple[str, ...]:
    unit = listing.amount_unit.value
    remedy = f"`bankfeeds listings confirm {listing.id} --unit {unit} --evidence … --reason …`"
    return (
        f"UNCONFIRMED listing {listing.id} delivers nothing: nobody recorded that Sage takes {unit} units",
        f"  next step: ask Sage which unit it takes, then {remedy}",
    )


def _fields(health: Health, now: datetime) -> dict[str, Any]:
    return {
        "well": health.is_well,
        "parked": [{**output.fields_of(feed), "nextStep": feed.next_step} for feed in health.parked],
        "late": [output.fields_of(feed) for feed in health.late],
        "unconfirmedListings": [each.id for each in health.unconfirmed],
        "pauses": [output.fields_of(pause) for pause in health.pauses],
        "oldestWaitingSeconds": {
            listing: round((now - since).total_seconds(), 3) for listing, since in health.oldest_waiting.items()
        },
    }
