"""Listings as the settings and Sage's bank sync know them: the first one from the environment, and registration."""

from bankfeeds.domain.errors import Conflict, NotFound, Unavailable
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.domain.outcome import Done, Outcome, Rejected
from bankfeeds.domain.ports import Callbacks, Registered, Registrar
from bankfeeds.flows import listings
from bankfeeds.flows.context import World
from bankfeeds.settings import Settings

FIRST = "default"
_ACTOR = "operator:settings"
_RETRY_S = 5


def ensure_first_listing(world: World, settings: Settings, public_url: str) -> None:
    """The listing that BANKFEEDS_SAGE_* describes: added at the first start, changed where the settings were."""
    if not settings.has_first_listing:
        return
    secrets = ListingSecrets(settings.sage_client_secret, settings.sage_api_key, (settings.sage_header_value,))
    try:
        known = listings.get(world, FIRST)
    except NotFound:
        listings.add(world, _ACTOR, _first_listing(world, settings, public_url), secrets, "BANKFEEDS_SAGE_*")
        return
    wanted = _first_values(settings)
    if not wanted["bank_id"]:
        del wanted["bank_id"]
    changes = {name: value for name, value in wanted.items() if getattr(known, name) != value}
    are_new = listings.secrets(world, FIRST) != secrets
    if changes or are_new:
        listings.update(world, _ACTOR, FIRST, changes, secrets if are_new else None, "BANKFEEDS_SAGE_*")


def _first_values(settings: Settings) -> dict[str, str | None]:
    return {
        "bank_id": settings.sage_bank_id or None,
        "provider_url": settings.sage_provider_url,
        "token_url": settings.sage_token_url,
        "jwks_url": settings.sage_jwks_url or usual_jwks_url(settings.sage_token_url),
        "client_id": settings.sage_client_id,
        "audience": settings.sage_audience,
        "header_name": settings.sage_header_name,
        "amount_unit": settings.sage_amount_unit,
    }


def _first_listing(world: World, settings: Settings, public_url: str) -> Listing:
    return Listing(
        id=FIRST,
        name="Bankfeeds",
        region="eu",
        country="GBR",
        bank_id=settings.sage_bank_id or None,
        external_ref=world.ids.uuid(),
        url=public_url,
        provider_url=settings.sage_provider_url,
        token_url=settings.sage_token_url,
        jwks_url=settings.sage_jwks_url or usual_jwks_url(settings.sage_token_url),
        client_id=settings.sage_client_id,
        audience=settings.sage_audience,
        connector_issuer=None,
        connector_audience=None,
        header_name=settings.sage_header_name,
        amount_unit=AmountUnit(settings.sage_amount_unit),
        created_at=world.clock(),
    )


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
