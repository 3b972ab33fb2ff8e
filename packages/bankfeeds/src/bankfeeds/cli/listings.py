"""`bankfeeds listings`: the institution as each Sage region lists it, with its credentials."""

import sys
from typing import Any, Literal

from cyclopts import App

from bankfeeds.app import registering as registering_at_start
from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.flows import listings, registering

app = App(name="listings", help="Listings: the institution as each Sage region lists it.")
_SECRETS = ("client_secret", "api_key", "header_value")


@app.command
def add(
    listing: str,
    *,
    name: str,
    region: str,
    country: str,
    url: str,
    provider_url: str,
    token_url: str,
    client_id: str,
    audience: str,
    header_name: str,
    jwks_url: str | None = None,
    bank_id: str | None = None,
    external_ref: str | None = None,
    amount_unit: Literal["minor", "major"] = "minor",
    reason: str | None = None,
) -> None:
    """Add a listing; its three secrets are read from standard input, one a line.

    In this order: client secret, x-api-key, value of the notification header. Arguments would show in the
    list of processes.

    Args:
        listing: its id, part of the callback addresses: /sage/{listing}/…
        name: as Sage users see it.
        region: Sage's cluster, eu or us.
        country: ISO 3166 code, alpha-3.
        url: the institution's web site.
        provider_url: Provider API, what comes before /v1.
        token_url: the token endpoint, whole.
        client_id: issued by Sage.
        audience: issued by Sage.
        header_name: of the header on Sage's calls to us.
        jwks_url: keys of Sage's tokens; found beside the token endpoint otherwise.
        bank_id: issued by Sage; `listings register` gets one otherwise.
        external_ref: ours for Sage; a new UUID otherwise.
        amount_unit: what Sage takes.
        reason: why, for the audit trail.
    """
    secrets = _read_secrets()
    with opening.world() as world:
        made = Listing(
            id=listing,
            name=name,
            region=region,
            country=country,
            bank_id=bank_id,
            external_ref=external_ref or world.ids.uuid(),
            url=url,
            provider_url=provider_url,
            token_url=token_url,
            jwks_url=jwks_url or registering.usual_jwks_url(token_url),
            client_id=client_id,
            audience=audience,
            connector_issuer=None,
            connector_audience=None,
            header_name=header_name,
            amount_unit=AmountUnit(amount_unit),
            created_at=world.clock(),
        )
        listings.add(world, opening.actor(), made, secrets, reason)


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List the listings, without their secrets.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = listings.every(world)
    if json:
        output.show_json([output.fields_of(each) for each in found])
        return
    rows = [
        (each.id, each.name, each.region, each.country, each.bank_id or "not registered", each.amount_unit.value)
        for each in found
    ]
    output.show_table(("id", "name", "region", "country", "bank id", "amounts"), rows)


@app.command
def show(listing: str, *, json: bool = False) -> None:
    """Show one listing, and the callback addresses that Sage is to have.

    Args:
        listing: its id.
        json: for programs.
    """
    with opening.world() as world:
        found = listings.get(world, listing)
        headers = listings.header_values_in_force(world, listing)
    callbacks = registering.callbacks_of(opening.public_url(), listing)
    whole: dict[str, Any] = {
        **output.fields_of(found),
        "headerValues": headers,
        "callbacks": output.fields_of(callbacks),
    }
    if json:
        output.show_json(whole)
        return
    flat = {
        **output.fields_of(found),
        "headerValues": headers,
        **{f"callback {name}": url for name, url in whole["callbacks"].items()},
    }
    output.show_table(("field", "value"), [(name, str(value)) for name, value in flat.items()])


@app.command
def register(listing: str, *, reason: str | None = None) -> None:
    """Tell Sage the listing's callback addresses (POST /v1/banks); prints its bank id.

    Args:
        listing: its id. One without a bank id gets one from Sage.
        reason: why, for the audit trail.
    """
    with opening.office() as office:
        bank_id = registering.register(
            office.world, office.registrar, opening.actor(), listing, opening.public_url(), reason
        )
    output.show_line(bank_id)


@app.command
def update(
    listing: str,
    *changes: str,
    secrets: bool = False,
    reason: str | None = None,
) -> None:
    """Change fields of a listing: `listings update uk name="Harbour Bank" amount_unit=major`.

    Args:
        listing: its id.
        changes: field=value, as `listings show` names them, with underscores.
        secrets: read the three secrets anew from standard input, as `listings add` does.
        reason: why, for the audit trail.
    """
    pairs = [change.partition("=") for change in changes]
    wrong = next((name for name, mark, _ in pairs if not mark), None)
    if wrong is not None or not (pairs or secrets):
        raise WrongUsage(f"changes: write field=value, not {wrong!r}" if wrong else "changes: nothing to change")
    given = _read_secrets() if secrets else None
    with opening.world() as world:
        listings.update(world, opening.actor(), listing, {name: value for name, _, value in pairs}, given, reason)


@app.command
def rotate(
    listing: str, what: Literal["client-secret", "api-key", "header-value"], *, reason: str | None = None
) -> None:
    """Replace one secret of a listing by what standard input has, while everything is at work.

    The header's value before goes on counting beside the new one until `listings drop-old-header`.

    Args:
        listing: its id.
        what: which secret.
        reason: why, for the audit trail.
    """
    if listing == registering_at_start.FIRST and opening.settings().has_first_listing:
        name = f"BANKFEEDS_SAGE_{what.replace('-', '_').upper()}"
        raise WrongUsage(f"listings rotate: listing {listing} goes by {name}; change it there and restart")
    value = sys.stdin.read().rstrip("\r\n")
    if not value or len(value.splitlines()) != 1:
        raise WrongUsage("standard input: expected the new value, one line")
    new = listings.NewSecrets(**{what.replace("-", "_"): value})
    with opening.world() as world:
        listings.rotate(world, opening.actor(), listing, new, reason)


@app.command
def drop_old_header(listing: str, *, reason: str | None = None) -> None:
    """Let the header's newest value alone count, once Sage sends it.

    Args:
        listing: its id.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        listings.drop_old_header(world, opening.actor(), listing, reason)


@app.command
def confirm(
    listing: str,
    *,
    unit: Literal["minor", "major"] | None = None,
    evidence: str | None = None,
    withdraw: bool = False,
    reason: str,
) -> None:
    """Record that Sage confirmed the unit of amounts. Production delivers nothing for a listing before.

    Args:
        listing: its id.
        unit: what Sage confirmed: minor (pence) or major (pounds). It has to be what the listing is set to.
        evidence: where and when Sage said so.
        withdraw: take the confirmation back instead; production stops delivering.
        reason: why, for the audit trail.
    """
    if withdraw != (unit is None) or withdraw != (evidence is None):
        raise WrongUsage("listings confirm: give --unit and --evidence, or --withdraw alone")
    with opening.world() as world:
        if unit is None or evidence is None:
            listings.withdraw_confirmation(world, opening.actor(), listing, reason)
        else:
            listings.confirm(world, opening.actor(), listing, AmountUnit(unit), evidence, reason)


@app.command
def remove(listing: str, *, at_sage: bool = False, reason: str | None = None) -> None:
    """Remove a listing: Sage's calls for it are answered 404. What passed through it stays.

    Args:
        listing: its id.
        at_sage: have Sage remove it first, which its sandbox does; in production ask Sage's support.
        reason: why, for the audit trail.
    """
    if not at_sage:
        with opening.world() as world:
            listings.remove(world, opening.actor(), listing, reason)
        return
    with opening.office() as office:
        registering.unregister(office.world, office.registrar, opening.actor(), listing, reason)


def _read_secrets() -> ListingSecrets:
    lines = [line.rstrip("\r\n") for line in sys.stdin.readlines()]
    if len(lines) != len(_SECRETS) or not all(lines):
        raise WrongUsage(f"standard input: expected {len(_SECRETS)} lines: client secret, x-api-key, header value")
    return ListingSecrets(lines[0], lines[1], (lines[2],))
