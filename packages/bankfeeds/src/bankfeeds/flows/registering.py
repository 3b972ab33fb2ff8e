"""Listings at Sage: registered with their callback addresses, removed there, and their connection tried."""

from dataclasses import dataclass

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict, Unavailable
from bankfeeds.domain.outcome import Done, Outcome, Rejected, Taken
from bankfeeds.domain.ports import Callbacks, Registered, Registrar
from bankfeeds.flows import listings
from bankfeeds.flows.context import World
from bankfeeds.store import audit

_RETRY_S = 5


def usual_jwks_url(token_url: str) -> str:
    """Sage's keys, beside its token endpoint."""
    return token_url.removesuffix("/oauth/token") + "/.well-known/jwks.json"


def callbacks_of(public_url: str, listing_id: str) -> Callbacks:
    base = f"{public_url}/sage/{listing_id}"
    return Callbacks(
        notification=f"{base}/notification",
        auth=f"{base}/auth",
        re_auth=f"{base}/authrefresh",
        available_accounts=f"{base}/availableaccounts",
    )


def register(
    world: World, registrar: Registrar, actor: str, listing_id: str, public_url: str, reason: str | None
) -> str:
    """Sage is told the callback addresses; the bank id, which is kept."""
    listing = listings.get(world, listing_id)
    told = registrar.register(listing, callbacks_of(public_url, listing_id))
    if not isinstance(told, Registered):
        raise _refusal(told, "registration")
    changes = {"bank_id": told.bank_id, "external_ref": told.external_ref}
    listings.update(world, actor, listing_id, changes, None, reason)
    return told.bank_id


def unregister(world: World, registrar: Registrar, actor: str, listing_id: str, reason: str | None) -> None:
    """Sage is told to remove the listing, then it is removed here; neither if Sage will not."""
    listing = listings.get(world, listing_id)
    if listing.bank_id is None:
        raise Conflict("not_registered", f"Sage does not know listing {listing_id}: remove it without --at-sage")
    told = registrar.unregister(listing)
    if not isinstance(told, Done):
        raise _refusal(told, "removal")
    listings.remove(world, actor, listing_id, reason)


def _refusal(outcome: Outcome, what: str) -> Conflict | Unavailable:
    words = getattr(outcome, "reason", "")
    if isinstance(outcome, Rejected):
        return Conflict("sage_refused", f"Sage refused the {what}: {words}")
    return Unavailable("sage_unavailable", f"Sage did not confirm the {what}: {words}", _RETRY_S)


@dataclass(frozen=True, slots=True)
class Trial:
    """`problem`: what Sage said if it did not take the credentials, else None. What hangs on the bank id was tried only
    if the listing `is_registered`.
    """

    problem: str | None
    is_registered: bool


def try_connection(world: World, actor: str, listing_id: str) -> Trial:
    """Whether Sage's token endpoint and Provider API take the listing's credentials.

    Asks for an account that nobody has: the cheapest call that changes nothing.
    """
    listing = listings.get(world, listing_id)
    told = world.destinations(listing).find(world.ids.external_id())
    problem = told.reason if isinstance(told, Outcome) and not isinstance(told, Done | Taken) else None
    trial = Trial(problem, listing.bank_id is not None)
    detail = {"outcome": problem or "answered", "registered": trial.is_registered}
    entry = AuditEntry(world.clock(), actor, "listing.try", f"listing:{listing_id}", None, detail)
    world.db.write(lambda tx: audit.record(tx, entry))
    return trial
