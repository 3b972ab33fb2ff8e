"""Telling Sage that a feed of ours cannot go on (`POST /sync` of its contract): a setting, off by default.

Three beats, once: the parking is committed already, then the call, then what came of it. A report that is lost with
its process is not repeated: nothing depends on it.
"""

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.outcome import Done, Taken
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import COMPLAIN, RECORD, RESERVE, call, commit
from bankfeeds.flows.settle import ACTOR, Parked
from bankfeeds.store import audit, budgets, listings


def report(world: World, parked: Parked) -> None:
    """Never before the listing's budget allows it, and not at all if that is far off."""
    listing = world.db.read(lambda tx: listings.find(tx, parked.listing_id))
    if not world.reports_sync_failures or listing is None:
        return
    rate = world.limits.requests_per_second
    slot = commit(world, RESERVE, lambda tx: budgets.reserve(tx, listing.id, world.clock(), rate))
    wait_s = (slot - world.clock()).total_seconds()
    if wait_s > budgets.WAIT_MAX_S:
        return
    if wait_s > 0:
        world.sleep(wait_s)
    destination = world.destinations(listing)
    outcome = call(world, COMPLAIN, lambda: destination.complain(parked.cause, parked.at))
    told = "Sage took the report" if isinstance(outcome, Done | Taken) else outcome.reason
    detail = {"bankAccountId": parked.bank_account_id}
    entry = AuditEntry(world.clock(), ACTOR, "feed.complain", f"account:{parked.external_id}", told, detail)
    commit(world, RECORD, lambda tx: audit.record(tx, entry))
