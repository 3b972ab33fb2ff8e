"""The first listing, as the settings describe it."""

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.flows import listings
from bankfeeds.flows.context import World
from bankfeeds.flows.registering import usual_jwks_url
from bankfeeds.settings import Settings

FIRST = "default"
_ACTOR = "operator:settings"


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
    if changes:
        listings.update(world, _ACTOR, FIRST, changes, None, "BANKFEEDS_SAGE_*")
    new = _new_secrets(listings.secrets(world, FIRST), secrets)
    if new != listings.NewSecrets():
        listings.rotate(world, _ACTOR, FIRST, new, "BANKFEEDS_SAGE_*")


def _new_secrets(known: ListingSecrets, wanted: ListingSecrets) -> listings.NewSecrets:
    """What of the settings is not known yet; the header's value before goes on counting beside the new one."""
    return listings.NewSecrets(
        wanted.client_secret if wanted.client_secret != known.client_secret else None,
        wanted.api_key if wanted.api_key != known.api_key else None,
        wanted.header_values[0] if wanted.header_values[0] != known.header_values[0] else None,
    )


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
