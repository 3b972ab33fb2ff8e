"""How the institution looks on the authorisation page: read by everybody, changed by an operator, audited."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.branding import NAME_LENGTH_MAX, Branding, Logo, tidy_colour
from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.logo import read_logo
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.flows.listings import check
from bankfeeds.store import audit, integrations
from bankfeeds.store.engine import Read, Write

_SUBJECT = "institution:branding"
_PLAIN = frozenset({"name", "colour"})


def get(world: World) -> Branding:
    return world.db.read(_branding)


def logo(world: World) -> Logo | None:
    return world.db.read(integrations.logo)


def change(world: World, actor: str, changes: Mapping[str, str | None], reason: str | None = None) -> Branding:
    """`name`, `colour` (`#rrggbb` or `#rgb`); nothing or None has the page's own again. Invalid by field."""
    now = world.clock()
    tidied = {name: (text or "").strip() or None for name, text in changes.items()}
    check(_flaws(tidied))
    tidied = {name: tidy_colour(text) if name == "colour" and text else text for name, text in tidied.items()}

    def run(tx: Write) -> Branding:
        integrations.lock(tx)
        before = _branding(tx)
        after = replace(before, **tidied)
        integrations.set_branding(tx, after, now)
        audit.record(
            tx, AuditEntry(now, actor, "branding.change", _SUBJECT, reason, {"changed": difference(before, after)})
        )
        return after

    return world.db.write(run)


def change_logo(world: World, actor: str, content: bytes | None, reason: str | None = None) -> Branding:
    """A PNG, JPEG or SVG picture, told by its content; None takes the logo away. Invalid, naming `logo`."""
    now = world.clock()
    picture = None if content is None else read_logo(content)
    digest = None if picture is None else hashlib.sha256(picture.content).hexdigest()

    def run(tx: Write) -> Branding:
        integrations.lock(tx)
        before = _branding(tx)
        integrations.set_logo(tx, picture, digest, now)
        after = _branding(tx)
        audit.record(
            tx, AuditEntry(now, actor, "branding.logo", _SUBJECT, reason, {"changed": difference(before, after)})
        )
        return after

    return world.db.write(run)


def difference(before: object, after: object) -> dict[str, list[object]]:
    """What changed between two values of one class, by field: before and after."""
    names = [field.name for field in fields(before)]  # type: ignore[arg-type]
    pairs = {name: [getattr(before, name), getattr(after, name)] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _branding(tx: Read) -> Branding:
    return integrations.institution(tx)[1]


def _flaws(changes: Mapping[str, str | None]) -> list[Flaw]:
    flaws = [Flaw(name, "is not a part of the branding that can be changed") for name in sorted({*changes} - _PLAIN)]
    name, colour = changes.get("name"), changes.get("colour")
    if name and (len(name) > NAME_LENGTH_MAX or not is_storable(name) or not name.isprintable()):
        flaws.append(Flaw("name", f"must have at most {NAME_LENGTH_MAX} printable characters"))
    if colour and tidy_colour(colour) is None:
        flaws.append(Flaw("colour", "must be a colour such as #00713d"))
    return flaws
