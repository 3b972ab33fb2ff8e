"""What would stop the platform, or mislead it, before anything stands still: keys, addresses, Sage's own answer."""

from dataclasses import dataclass
from datetime import timedelta

from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Deferred, Unknown
from bankfeeds.domain.sage_hosts import Environment, environment_of, environment_of_audience
from bankfeeds.flows import keys
from bankfeeds.flows.context import World
from bankfeeds.flows.resealing import missing_cause
from bankfeeds.store import listings

EXPIRES_SOON = timedelta(days=14)
NOBODY = "bankfeeds-doctor"
"""An external id that we give to no account: Sage's answer to it says that it knows us, and nothing else."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`area`: settings, database, clock, keys, hosts, Sage. `next_step` is what a person does about it."""

    area: str
    what: str
    next_step: str


def look(world: World) -> list[Finding]:
    """Without asking anybody but the database."""
    live = world.db.read(listings.live)
    hosts = [found for each in live for found in _hosts(world, each)]
    return [*_secret_keys(world), *_api_keys(world), *_sealed(world, live), *hosts]


def ask_sage(world: World) -> list[Finding]:
    """One question to the Sage of each listing whose credentials can be opened: an account that nobody has."""
    live = world.db.read(listings.live)
    broken = {listing_id for listing_id, _ in _unopened(world, live)}
    return [found for each in live if each.id not in broken for found in _sage(world, each)]


def _api_keys(world: World) -> list[Finding]:
    now = world.clock()
    every = keys.every(world)
    live = [key for key in every if key.is_live(now)]
    if every and not live:
        return [Finding("keys", "no API key is live: every push is refused", "`bankfeeds keys create NAME`")]
    ending = [key for key in live if key.expires_at is not None and key.expires_at < now + EXPIRES_SOON]
    step = "make another with `bankfeeds keys create NAME`, hand it over, then revoke this one"
    return [
        Finding("keys", f"API key {key.name!r} ends at {key.expires_at:%Y-%m-%d %H:%M} UTC", step) for key in ending
    ]


def _secret_keys(world: World) -> list[Finding]:
    cause = missing_cause(world.db, world.sealer)
    if cause is None:
        return []
    what, _, step = cause.partition(": ")
    return [Finding("keys", what, step)]


def _sealed(world: World, live: list[Listing]) -> list[Finding]:
    step = "put the secret key that sealed it back into BANKFEEDS_SECRET_KEY, behind the new one, or set it anew with"
    return [
        Finding("keys", f"{what} of listing {id_} cannot be opened", f"{step} `bankfeeds listings update {id_}`")
        for id_, what in _unopened(world, live)
    ]


def _unopened(world: World, live: list[Listing]) -> list[tuple[str, str]]:
    """Listings with what of them no secret key in force can open."""
    found: list[tuple[str, str]] = []
    for each in live:
        sealed = world.db.read(lambda tx, id_=each.id: listings.sealed(tx, id_))
        if sealed is None:
            continue
        parts = [("the client secret", sealed.client_secret), ("the x-api-key", sealed.api_key)]
        parts += [("the header's value", value) for value in sealed.header_values]
        found += [(each.id, name) for name, text in parts if world.sealer.opened(text) is None]
    return found


def _hosts(world: World, listing: Listing) -> list[Finding]:
    addresses = {"provider_url": listing.provider_url, "token_url": listing.token_url, "jwks_url": listing.jwks_url}
    kinds = {name: environment_of(url) for name, url in addresses.items()}
    if Environment.local not in kinds.values():  # the Sage sandbox goes by the audience of Sage's own
        kinds["audience"] = environment_of_audience(listing.audience)
    known = {name: kind for name, kind in kinds.items() if kind is not None}
    update = f"`bankfeeds listings update {listing.id} NAME=VALUE --reason …`"
    if len(set(known.values())) > 1:
        told = ", ".join(f"{name} is {kind.value}" for name, kind in known.items())
        return [
            Finding("hosts", f"listing {listing.id} mixes environments: {told}", f"set all of them to one: {update}")
        ]
    kind = next(iter(known.values()), None)
    if world.is_production and kind is not None and kind is not Environment.production:
        what = f"BANKFEEDS_ENVIRONMENT is production, but listing {listing.id} goes to Sage's {kind.value}"
        return [Finding("hosts", what, f"give it production's addresses: {update}")]
    if not world.is_production and kind is Environment.production:
        what = f"BANKFEEDS_ENVIRONMENT is development, but listing {listing.id} goes to Sage's production"
        return [Finding("hosts", what, "set BANKFEEDS_ENVIRONMENT=production: amounts are not confirmed otherwise")]
    return []


def _sage(world: World, listing: Listing) -> list[Finding]:
    if listing.bank_id is None:
        step = f"`bankfeeds listings register {listing.id} --reason …`"
        return [Finding("Sage", f"listing {listing.id} is not registered with Sage", step)]
    answer = world.destinations(listing).find(NOBODY)
    if not isinstance(answer, (Deferred, Unknown)):
        return []
    step = "are the addresses and credentials right (`bankfeeds listings show`), and may this machine reach them?"
    return [Finding("Sage", f"listing {listing.id} gets no answer from Sage: {answer.reason}", step)]
