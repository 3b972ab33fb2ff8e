"""`bankfeeds doctor`: what is wrong, in plain words, and what to do about it."""

from datetime import datetime
from typing import Any

from bankfeeds.app import checking
from bankfeeds.app.world import http_client
from bankfeeds.cli import opening, output
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.listing import Listing
from bankfeeds.flows import checkup, late_queue, listings, overview, verify
from bankfeeds.flows.checkup import Finding
from bankfeeds.flows.context import World
from bankfeeds.flows.late_queue import Queue
from bankfeeds.flows.overview import Health

WELL, UNWELL = 0, 1


def doctor(*, sage: bool = False, json: bool = False) -> int:
    """Say what is wrong and what to do about it; exit code 1 if anything needs somebody to act.

    That is a setting that endangers production, a disk almost full, clocks apart, a key that is about to end or a
    secret that cannot be opened, addresses of Sage's sandbox and production mixed; a parked feed, a feed whose oldest
    line waits for more than an hour though nothing holds it back, or in production a listing whose amount unit nobody
    confirmed. Pauses, late lines that wait for a decision, and accounts that are verified after a restore are shown,
    and are no illness.

    Args:
        sage: ask Sage, too: whether it is in reach, takes our credentials, has keys, and what time it has.
        json: for programs.
    """
    settings = opening.settings()
    with opening.office(any_key=True) as everything:
        world = everything.world
        found = [*checking.settings_and_disk(settings), *checking.database_clock(world), *checkup.look(world)]
        if sage:
            found += [*checkup.ask_sage(world), *_sage_clocks(world)]
        health = overview.health(world)
        verifying = verify.state(world).count
        late = late_queue.queues(world)
        now = world.clock()
    is_well = health.is_well and not found
    if json:
        output.show_json({**_fields(health, now), **_more_fields(found, verifying, late), "well": is_well})
    else:
        for line in (
            *_told(found),
            *_lines(health, now),
            *_late_lines(late),
            *_verified(verifying),
            _verdict(is_well=is_well),
        ):
            output.show_line(line)
    return WELL if is_well else UNWELL


def _sage_clocks(world: World) -> list[Finding]:
    with http_client() as http:
        return [each for one in listings.every(world) for each in checking.sage_clock(world, one, http)]


def _more_fields(found: list[Finding], verifying: int, late: list[Queue]) -> dict[str, Any]:
    return {
        "findings": [output.fields_of(each) for each in found],
        "accountsVerifying": verifying,
        "lateLinesWaiting": sum(queue.count for queue in late),
    }


def _late_lines(late: list[Queue]) -> list[str]:
    if not late:
        return []
    count = sum(queue.count for queue in late)
    return [f"{count} late lines of {len(late)} accounts wait for a decision: `bankfeeds late list`"]


def _told(found: list[Finding]) -> list[str]:
    return [line for each in found for line in (f"WRONG {each.area}: {each.what}", f"  next step: {each.next_step}")]


def _verified(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count} accounts are verified: the institution has to push again what it pushed since the backup"]


def _verdict(*, is_well: bool) -> str:
    return "well" if is_well else "not well: somebody has to act"


def _lines(health: Health, now: datetime) -> list[str]:
    waiting = sorted(health.oldest_waiting.items())
    return [
        *(line for feed in health.parked for line in _parked(feed)),
        *(line for feed in health.late for line in _late(feed, now)),
        *(line for listing in health.unconfirmed for line in _unconfirmed(listing)),
        *(f"paused {each.scope} since {output.instant(each.at)} by {each.by}: {each.reason}" for each in health.pauses),
        *(f"oldest waiting line of listing {listing}: {output.age(since, now)}" for listing, since in waiting),
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
