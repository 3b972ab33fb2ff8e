"""Pausing deliveries of the whole platform, a listing, a company or an account, and letting them go on.

What is accepted meanwhile waits in order. A call that is on its way is finished; after it the feed stands still.
"""

from dataclasses import dataclass

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.domain.pause import PLATFORM, Pause, account_scope, company_scope, listing_scope
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.flows.listings import unknown
from bankfeeds.store import audit, companies, listings, pauses
from bankfeeds.store.engine import Read, Write


@dataclass(frozen=True, slots=True)
class Target:
    """At most one is given; none means the whole platform."""

    listing: str | None = None
    company: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """What pausing or resuming did: how many feeds stopped or go on, and the pauses in force now."""

    scope: str
    feeds: int
    pauses: tuple[Pause, ...]


def pause(world: World, actor: str, target: Target, reason: str) -> Paused:
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> Paused:
        scope = _scope(tx, target)
        pauses.lock(tx)
        before = pauses.find(tx, scope)
        if before is not None:
            told = f"since {before.at:%Y-%m-%d %H:%M} UTC by {before.by}: {before.reason}"
            raise Conflict("paused", f"{scope} is paused already, {told}")
        pauses.insert(tx, scope, now, actor, reason)
        changed = pauses.apply(tx)
        audit.record(tx, AuditEntry(now, actor, "delivery.pause", scope, reason, {"feeds": changed}))
        return Paused(scope, changed, tuple(pauses.every(tx)))

    return world.db.write(run)


def resume(world: World, actor: str, target: Target, reason: str) -> Paused:
    """Feeds that another pause covers stay where they are."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> Paused:
        pauses.lock(tx)
        scope = _paused_scope(tx, target)
        pauses.delete(tx, scope)
        changed = pauses.apply(tx)
        audit.record(tx, AuditEntry(now, actor, "delivery.resume", scope, reason, {"feeds": changed}))
        return Paused(scope, changed, tuple(pauses.every(tx)))

    return world.db.write(run)


def _scope(tx: Read, target: Target) -> str:
    """Of something that exists."""
    if target.listing is not None:
        if not is_storable(target.listing) or listings.find(tx, target.listing) is None:
            raise unknown(target.listing)
        return listing_scope(target.listing)
    if target.company is not None:
        if not is_storable(target.company) or companies.find(tx, target.company) is None:
            raise NotFound("company", f"there is no company {target.company}")
        return company_scope(target.company)
    return PLATFORM if target.account is None else account_scope(named.account(tx, target.account).external_id)


def _paused_scope(tx: Read, target: Target) -> str:
    """Of something that is paused, even if it is gone by now."""
    direct = {listing_scope(target.listing or ""), company_scope(target.company or "")}
    direct |= {account_scope(target.account or ""), *([] if target != Target() else [PLATFORM])}
    every = pauses.every(tx)
    found = next((pause.scope for pause in every if pause.scope in direct), None) or _scope(tx, target)
    if found not in {pause.scope for pause in every}:
        others = ", ".join(pause.scope for pause in every) or "nothing"
        raise Conflict("not_paused", f"{found} is not paused; paused: {others}")
    return found
