"""`bankfeeds integration`: what the institution sets of its integration with Sage, and how it looks there."""

import sys
from pathlib import Path

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.logo import BYTES_MAX
from bankfeeds.flows import branding, integration

app = App(name="integration", help="The integration with Sage: on or off, its links, its looks.")
_BRANDING = frozenset({"name", "colour"})


@app.command
def show(*, json: bool = False) -> None:
    """Show what is set for the institution and for each listing.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        listings, institution, looks = integration.every(world), integration.institution(world), branding.get(world)
    if json:
        whole = {**output.fields_of(institution), "branding": output.fields_of(looks)}
        output.show_json({**whole, "listings": [output.fields_of(each) for each in listings]})
        return
    rows = [("name", looks.name or ""), ("colour", looks.colour or ""), ("logo", looks.logo_type or "")]
    rows += [("redirect hosts", " ".join(institution.redirect_hosts)), ("data types", " ".join(institution.data_types))]
    for each in listings:
        rows += [
            (f"{each.listing_id}: {name}", str(value))
            for name, value in output.fields_of(each).items()
            if name != "listingId"
        ]
    output.show_table(("setting", "value"), rows)


@app.command
def change(listing: str, *changes: str, reason: str | None = None) -> None:
    """Change what is set for a listing: `integration change uk enabled=off`.

    Off, nobody new can link; sessions begun are ended, and what is linked goes on.

    Args:
        listing: its id.
        changes: field=value: enabled (on or off), call_to_action_text, call_to_action_url, authorization_redirect_url.
            An empty value takes a text off.
        reason: why, for the audit trail.
    """
    pairs = _pairs(changes)
    with opening.world() as world:
        integration.change(world, opening.actor(), listing, pairs, reason)


@app.command
def institution(*changes: str, logo: Path | None = None, no_logo: bool = False, reason: str | None = None) -> None:
    """Change what is set once for all listings: `integration institution name="Harbour Bank" colour=#0b3b71`.

    Args:
        changes: field=value: name, colour, redirect_hosts, data_types. An empty value has the default again.
        logo: a PNG, JPEG or SVG file of at most 256 KiB; `-` reads standard input.
        no_logo: take the logo away.
        reason: why, for the audit trail.
    """
    if logo is not None and no_logo:
        raise WrongUsage("integration institution: give --logo or --no-logo")
    pairs = _pairs(changes, is_enough=logo is not None or no_logo)
    content = None if logo is None else _read(logo)
    looks = {name: text for name, text in pairs.items() if name in _BRANDING}
    rest = {name: text for name, text in pairs.items() if name not in _BRANDING}
    with opening.world() as world:
        if rest:
            integration.change_institution(world, opening.actor(), rest, reason)
        if looks:
            branding.change(world, opening.actor(), looks, reason)
        if logo is not None or no_logo:
            branding.change_logo(world, opening.actor(), content, reason)


def _pairs(changes: tuple[str, ...], *, is_enough: bool = False) -> dict[str, str]:
    pairs = [change.partition("=") for change in changes]
    wrong = next((name for name, mark, _ in pairs if not mark), None)
    if wrong is not None or not (pairs or is_enough):
        raise WrongUsage(f"changes: write field=value, not {wrong!r}" if wrong else "changes: nothing to change")
    return {name: value for name, _, value in pairs}


def _read(file: Path) -> bytes:
    """One byte more than is taken is enough to know."""
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(BYTES_MAX + 1)
        with file.open("rb") as opened:
            return opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise WrongUsage(f"logo: {file.name} cannot be read: {error.strerror}") from None
