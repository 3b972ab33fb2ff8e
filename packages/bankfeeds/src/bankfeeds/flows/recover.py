"""Recovering what Sage told us and we never heard: account queries for accounts that ought to be linked by now.

Sage gives a notification up after about 15 minutes. An account we reported and that no feed has come of is asked after
at growing intervals; most are simply not picked by their user, so the asking ends.
"""

from datetime import datetime, timedelta

from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.outcome import Deferred, Outcome, Unknown
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import FIND, LEARN, TAKE, call, commit
from bankfeeds.flows.feeds import open_feed
from bankfeeds.store import budgets, listings, reports, source_accounts
from bankfeeds.store.engine import Write

CHECKS: tuple[timedelta, ...] = (
    timedelta(minutes=16),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=7),
)
"""After the report, cumulatively; then never again."""
ROUND_MAX = 20
ACTOR = "worker"


def check_reported(world: World) -> int:
    """Asks Sage after each reported account that is due; how many were asked."""
    now = world.clock()
    due = commit(world, TAKE, lambda tx: reports.take_due(tx, now, ROUND_MAX))
    for report in due:
        _check(world, report)
    return len(due)


def _check(world: World, report: reports.Report) -> None:
    listing = world.db.read(lambda tx: listings.find(tx, report.listing_id))
    if listing is None:
        return
    account = world.db.read(lambda tx: source_accounts.get(tx, report.account_pk))
    rate = world.limits.requests_per_second
    slot = world.db.write(lambda tx: budgets.reserve(tx, listing.id, world.clock(), rate))
    wait_s = (slot - world.clock()).total_seconds()
    if wait_s > budgets.WAIT_MAX_S:
        world.db.write(lambda tx: reports.set_due(tx, report, slot, report.checks))
        return
    if wait_s > 0:
        world.sleep(wait_s)
    destination = world.destinations(listing)
    found = call(world, FIND, lambda: destination.find(account.external_id))
    commit(world, LEARN, lambda tx: _learn(tx, world, report, account.external_id, found))


def _learn(
    tx: Write, world: World, report: reports.Report, external_id: str, found: FoundAccount | Outcome | None
) -> None:
    if isinstance(found, FoundAccount) and not found.is_cancelled:
        start, listing_id = found.requested_start_date, report.listing_id
        open_feed(tx, world, listing_id, external_id, found.bank_account_id, start, ACTOR)
    if isinstance(found, (Deferred, Unknown)):
        reports.set_due(tx, report, world.clock() + timedelta(minutes=1), report.checks)
        return
    following = next_check(report.reported_at, report.checks + 1)
    reports.set_due(tx, report, following, report.checks + 1)


def next_check(reported_at: datetime, checks: int) -> datetime | None:
    return reported_at + CHECKS[checks] if checks < len(CHECKS) else None
