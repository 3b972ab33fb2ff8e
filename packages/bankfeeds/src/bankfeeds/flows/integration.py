"""What the institution sets of its integration with Sage: read by the pages, changed by an operator, audited.

Switched off, a listing takes no new connections: sessions begun are ended and Sage is told so; what is linked goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.integration import REDIRECT_HOSTS_MAX, TEXT_LENGTH_MAX, DataType, Institution, Integration
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.origins import Origins, is_link, is_pattern
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import report
from bankfeeds.flows.branding import difference
from bankfeeds.flows.context import World
from bankfeeds.flows.listings import check, unknown
from bankfeeds.store import audit, authorisations, integrations, listings
from bankfeeds.store.engine import Read, Write

_URLS = ("call_to_action_url", "authorization_redirect_url")
_TEXTS = ("call_to_action_text", *_URLS)
_SWITCH = {"on": True, "true": True, "off": False, "false": False}
_SUBJECT = "institution:integration"


def get(world: World, listing_id: str) -> Integration:
    """NotFound if there is no such listing."""
    if not is_storable(listing_id):
        raise unknown("of that name")

    def read(tx: Read) -> Integration:
        return integrations.of(tx, _found(listings.find(tx, listing_id), listing_id))

    return world.db.read(read)


def every(world: World) -> list[Integration]:
    """Of each listing, in the order they were added."""
    return world.db.read(lambda tx: [integrations.of(tx, listing) for listing in listings.live(tx)])


def change(
    world: World, actor: str, listing_id: str, changes: Mapping[str, object], reason: str | None = None
) -> Integration:
    """`changes` by the names of Integration's fields; `enabled` is a bool, on or off; nothing or None takes a text off.

    Invalid by field, and then nothing is changed. The call to action has both its text and its address, or neither.
    """
    now = world.clock()
    read = _read(changes)

    def run(tx: Write) -> Integration:
        listing = _found(listings.lock(tx, listing_id), listing_id)
        before = integrations.of(tx, listing)
        after = replace(before, **read)
        check(_flaws(after, https_only=world.is_production))
        integrations.put(tx, after, now)
        if after.authorization_redirect_url != before.authorization_redirect_url:
            moved = replace(listing, authorization_redirect_url=after.authorization_redirect_url)
            listings.update(tx, moved, None)
        detail = {"changed": difference(before, after)}
        audit.record(tx, AuditEntry(now, actor, "integration.change", f"listing:{listing_id}", reason, detail))
        if before.enabled and not after.enabled:
            _end_sessions(tx, listing_id, world)
        return after

    return world.db.write(run)


def institution(world: World) -> Institution:
    return world.db.read(lambda tx: integrations.institution(tx)[0])


def change_institution(
    world: World, actor: str, changes: Mapping[str, object], reason: str | None = None
) -> Institution:
    """`redirect_hosts` and `data_types`, each a sequence of texts, or one text with commas or spaces between."""
    now = world.clock()
    read = _read_institution(changes)

    def run(tx: Write) -> Institution:
        integrations.lock(tx)
        before, _ = integrations.institution(tx)
        after = replace(before, **read)
        integrations.set_institution(tx, after, now)
        detail = {"changed": difference(before, after)}
        audit.record(tx, AuditEntry(now, actor, "institution.change", _SUBJECT, reason, detail))
        return after

    return world.db.write(run)


def redirects(tx: Read, world: World) -> Origins:
    """Where people may be sent back to: Sage's, the settings', the institution's."""
    given = world.limits.redirects
    return replace(given, extra=(*given.extra, *integrations.institution(tx)[0].redirect_hosts))


def redirects_in_force(world: World) -> Origins:
    return world.db.read(lambda tx: redirects(tx, world))


def _end_sessions(tx: Write, listing_id: str, world: World) -> None:
    now = world.clock()
    for found in authorisations.presented(tx, listing_id, now):
        report.refuse_soon(tx, found, now)


def _found(listing: Listing | None, listing_id: str) -> Listing:
    if listing is None:
        raise unknown(listing_id)
    return listing


def _read(changes: Mapping[str, object]) -> dict[str, object]:
    """Texts without spaces around them, an empty one as None; Invalid for what no field is called or could be."""
    read: dict[str, object] = {}
    flaws: list[Flaw] = []
    for name, value in changes.items():
        if name == "enabled":
            switch = value if isinstance(value, bool) else _SWITCH.get(str(value).strip().lower())
            read[name] = switch
            flaws += [] if switch is not None else [Flaw(name, "must be on or off")]
        elif name in _TEXTS:
            read[name] = (str(value) if value is not None else "").strip() or None
        else:
            flaws.append(Flaw(name, "is not a field of an integration"))
    check(flaws)
    return read


def _flaws(integration: Integration, *, https_only: bool) -> list[Flaw]:
    text, url = integration.call_to_action_text, integration.call_to_action_url
    flaws: list[Flaw] = []
    if text and (len(text) > TEXT_LENGTH_MAX or not is_storable(text) or not text.isprintable()):
        flaws.append(Flaw("call_to_action_text", f"must have at most {TEXT_LENGTH_MAX} printable characters"))
    for name in _URLS:
        address = getattr(integration, name)
        if address and not is_link(address, https_only=https_only):
            kinds = "an https address" if https_only else "an http or https address"
            flaws.append(Flaw(name, f"must be {kinds} without a password, at most 2048 characters long"))
    if bool(text) != bool(url):
        missing = "call_to_action_text" if url else "call_to_action_url"
        flaws.append(Flaw(missing, "is missing; give both text and address, or neither"))
    return flaws


def _read_institution(changes: Mapping[str, object]) -> dict[str, object]:
    readers: dict[str, Callable[[tuple[str, ...]], object]] = {"redirect_hosts": _hosts, "data_types": _types}
    check([Flaw(name, "is not a setting of the institution") for name in sorted({*changes} - {*readers})])
    return {name: readers[name](_words(value)) for name, value in changes.items()}


def _words(value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        return tuple(dict.fromkeys((value or "").replace(",", " ").split()))
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(str(each).strip() for each in value))  # type: ignore[unknown]
    raise Invalid("institution", "must be texts")


def _hosts(words: tuple[str, ...]) -> tuple[str, ...]:
    flaws = [
        Flaw(
            "redirect_hosts",
            f"{word[:80]!r} is not [https://]host[:port]; the host exact, or *. and at least two names",
        )
        for word in words
        if not is_pattern(word) or _is_too_wide(word)
    ]
    if len(words) > REDIRECT_HOSTS_MAX:
        flaws.append(Flaw("redirect_hosts", f"has {len(words)} hosts; at most {REDIRECT_HOSTS_MAX}"))
    check(flaws)
    return words


def _is_too_wide(pattern: str) -> bool:
    """`*.com` would let people be sent to anybody."""
    host = pattern.rpartition("://")[2]
    return host.startswith("*.") and "." not in host[2:]


def _types(words: tuple[str, ...]) -> tuple[DataType, ...]:
    known = [each.value for each in DataType]
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        check([Flaw("data_types", f"must be some of {', '.join(known)}")])
    return tuple(each for each in DataType if each.value in words)
