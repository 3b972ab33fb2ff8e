"""Listings: added, read, changed, removed by an operator; their secrets sealed here, opened for Sage's adapter only."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from urllib.parse import urlsplit

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, Flaw, Invalid, NotFound
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.store import audit, feeds, listings
from bankfeeds.store.engine import Write
from bankfeeds.store.listings import SealedSecrets

ID_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 2000
SECRET_LENGTH_MAX = 4000
_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_HEADER_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_NEEDED = (
    "name",
    "region",
    "country",
    "external_ref",
    "provider_url",
    "token_url",
    "jwks_url",
    "client_id",
    "audience",
)
_URLS = ("url", "provider_url", "token_url", "jwks_url", "authorization_redirect_url")
_FIXED = frozenset({"id", "created_at", "confirmed_at", "confirmed_by", "confirmed_evidence"})


def add(world: World, actor: str, listing: Listing, secrets: ListingSecrets, reason: str | None = None) -> Listing:
    """`created_at` and `confirmed_at` of what is given are not looked at. An id is never given out twice."""
    now = world.clock()
    listing = replace(listing, created_at=now, confirmed_at=None, confirmed_by=None, confirmed_evidence=None)
    check(_flaws(listing) + _secret_flaws(secrets))

    def insert(tx: Write) -> Listing:
        if listings.exists(tx, listing.id):
            raise Conflict("listing_exists", f"listing {listing.id} exists, or existed once; choose another id")
        listings.insert(tx, listing, _seal(world, secrets))
        audit.record(tx, AuditEntry(now, actor, "listing.add", _subject(listing.id), reason))
        return listing

    return world.db.write(insert)


def get(world: World, listing_id: str) -> Listing:
    if not is_storable(listing_id):
        raise unknown("of that name")
    return world.db.read(lambda tx: _found(listings.find(tx, listing_id), listing_id))


def every(world: World) -> list[Listing]:
    """Those not removed, in the order they were added."""
    return world.db.read(listings.live)


def update(
    world: World,
    actor: str,
    listing_id: str,
    changes: Mapping[str, object],
    secrets: ListingSecrets | None = None,
    reason: str | None = None,
) -> Listing:
    """`changes` by the names of Listing's fields. Another amount unit needs Sage's confirmation anew."""
    now = world.clock()
    unknown = sorted(set(changes) - ({field.name for field in fields(Listing)} - _FIXED))
    check([Flaw(name, "is not a field of a listing that can be changed") for name in unknown])

    def run(tx: Write) -> Listing:
        before = _found(listings.lock(tx, listing_id), listing_id)
        after = _changed(before, changes)
        check(_flaws(after) + ([] if secrets is None else _secret_flaws(secrets)))
        listings.update(tx, after, None if secrets is None else _seal(world, secrets))
        if after.amount_unit is not before.amount_unit:
            listings.confirm(tx, listing_id, None, None, None)
        detail = {"changed": [*sorted(changes), *(["secrets"] if secrets else [])]}
        audit.record(tx, AuditEntry(now, actor, "listing.update", _subject(listing_id), reason, detail))
        return listings.get(tx, listing_id)

    changed = world.db.write(run)
    world.secrets.forget(listing_id)
    return changed


@dataclass(frozen=True, slots=True)
class NewSecrets:
    """None stays as it is."""

    client_secret: str | None = None
    api_key: str | None = None
    header_value: str | None = None


def rotate(world: World, actor: str, listing_id: str, new: NewSecrets, reason: str | None = None) -> None:
    """Other processes go by it within SECRETS_REMEMBERED. The header's value before counts too until `drop_old_header`;
    one before that no more. What waited because Sage refused the credentials before is sent at once.
    """
    now = world.clock()
    given = {name: value for name, value in asdict(new).items() if value is not None}
    check([] if given else [Flaw("secrets", "name one that is to change")])
    named = {"header_values[0]" if name == "header_value" else name: value for name, value in given.items()}
    check([flaw for name, value in named.items() for flaw in _secret_flaw(name, value)])

    def run(tx: Write) -> None:
        listing = _found(listings.lock(tx, listing_id), listing_id)
        listings.update(tx, listing, _rotated(world, listings.sealed(tx, listing_id), new))
        feeds.wake_listing(tx, listing_id, now)
        audit.record(
            tx, AuditEntry(now, actor, "listing.rotate", _subject(listing_id), reason, {"changed": sorted(given)})
        )

    world.db.write(run)
    world.secrets.forget(listing_id)


def drop_old_header(world: World, actor: str, listing_id: str, reason: str | None = None) -> None:
    """From now on the newest value alone is Sage's."""
    now = world.clock()

    def run(tx: Write) -> None:
        listing = _found(listings.lock(tx, listing_id), listing_id)
        sealed = listings.sealed(tx, listing_id)
        if sealed is None or len(sealed.header_values) == 1:
            raise Conflict("one_header_value", f"listing {listing_id} has one header value only")
        listings.update(tx, listing, replace(sealed, header_values=sealed.header_values[:1]))
        audit.record(tx, AuditEntry(now, actor, "listing.drop_old_header", _subject(listing_id), reason))

    world.db.write(run)
    world.secrets.forget(listing_id)


def header_values_in_force(world: World, listing_id: str) -> int:
    sealed = world.db.read(lambda tx: listings.sealed(tx, listing_id))
    return len(sealed.header_values) if sealed is not None else 0


def _rotated(world: World, before: SealedSecrets | None, new: NewSecrets) -> SealedSecrets:
    if before is None:
        raise AssertionError("a listing that was found has secrets")
    seal = world.sealer.seal
    after = before
    if new.client_secret is not None:
        after = replace(after, client_secret=seal(new.client_secret))
    if new.api_key is not None:
        after = replace(after, api_key=seal(new.api_key))
    latest = world.sealer.opened(before.header_values[0])
    if new.header_value is not None and new.header_value != latest:
        old = before.header_values[:1] if latest is not None else ()
        after = replace(after, header_values=(seal(new.header_value), *old))
    return after


def confirm(world: World, actor: str, listing_id: str, unit: AmountUnit, evidence: str, reason: str) -> Listing:
    """An operator records that Sage confirmed the amount unit; without it production delivers nothing. What waited
    for it is delivered at once.
    """
    reason = check_reason(reason)
    now = world.clock()
    evidence = evidence.strip()
    check(_evidence_flaws(evidence))

    def run(tx: Write) -> Listing:
        listing = _found(listings.lock(tx, listing_id), listing_id)
        if listing.amount_unit is not unit:
            set_to = f"listing {listing_id} is set to {listing.amount_unit.value} units"
            remedy = f"`bankfeeds listings update {listing_id} amount_unit={unit.value} --reason …` first"
            raise Conflict("amount_unit", f"{set_to}; if Sage takes {unit.value} units: {remedy}")
        listings.confirm(tx, listing_id, now, actor, evidence)
        feeds.wake_listing(tx, listing_id, now)
        detail = {"amountUnit": unit.value, "evidence": evidence}
        audit.record(tx, AuditEntry(now, actor, "listing.confirm", _subject(listing_id), reason, detail))
        return listings.get(tx, listing_id)

    return world.db.write(run)


def withdraw_confirmation(world: World, actor: str, listing_id: str, reason: str) -> Listing:
    """Takes it back: production delivers nothing for the listing until it is confirmed again."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> Listing:
        listing = _found(listings.lock(tx, listing_id), listing_id)
        if listing.confirmed_at is None:
            raise Conflict("not_confirmed", f"the amount unit of listing {listing_id} is not confirmed")
        listings.confirm(tx, listing_id, None, None, None)
        detail = {"amountUnit": listing.amount_unit.value, "evidence": listing.confirmed_evidence}
        audit.record(tx, AuditEntry(now, actor, "listing.withdraw", _subject(listing_id), reason, detail))
        return listings.get(tx, listing_id)

    return world.db.write(run)


def remove(world: World, actor: str, listing_id: str, reason: str | None = None) -> None:
    """Sage's calls for it are answered 404 from now on. Its rows stay: money passed through."""
    now = world.clock()

    def run(tx: Write) -> None:
        _found(listings.lock(tx, listing_id), listing_id)
        listings.mark_removed(tx, listing_id, now)
        audit.record(tx, AuditEntry(now, actor, "listing.remove", _subject(listing_id), reason))

    world.db.write(run)


def secrets(world: World, listing_id: str) -> ListingSecrets:
    """For the adapter that talks to Sage, and for nobody else. Remembered for SECRETS_REMEMBERED: every call asks."""
    now = world.clock()
    known = world.secrets.get(listing_id, now)
    if known is None:
        known = _unsealed(world, listing_id)
        world.secrets.put(listing_id, known, now)
    return known


def secrets_anew(world: World, listing_id: str) -> ListingSecrets:
    """As `secrets`, for one whom Sage, or we, refused by those: another process may have replaced them this moment."""
    world.secrets.forget(listing_id)
    return secrets(world, listing_id)


def _unsealed(world: World, listing_id: str) -> ListingSecrets:
    sealed = world.db.read(lambda tx: listings.sealed(tx, listing_id))
    if sealed is None:
        raise unknown(listing_id)
    unseal = world.sealer.unseal
    headers = tuple(unseal(value) for value in sealed.header_values)
    return ListingSecrets(unseal(sealed.client_secret), unseal(sealed.api_key), headers)


def is_header_value(world: World, listing_id: str, value: str) -> bool:
    """True for any of the values that Sage may send in the listing's own header; compared in constant time. One that is
    not known is looked for anew: another process may have been told of it this very moment.
    """
    if _is_any(value, secrets(world, listing_id).header_values):
        return True
    return _is_any(value, secrets_anew(world, listing_id).header_values)


def _is_any(value: str, known: tuple[str, ...]) -> bool:
    given = value.encode()
    return any(hmac.compare_digest(given, each.encode()) for each in known)


def unknown(listing_id: str) -> NotFound:
    return NotFound("listing", f"there is no listing {listing_id}")


def _found(listing: Listing | None, listing_id: str) -> Listing:
    if listing is None:
        raise unknown(listing_id)
    return listing


def _changed(listing: Listing, changes: Mapping[str, object]) -> Listing:
    readers: dict[str, Callable[[object], object]] = {"amount_unit": _amount_unit, "holds_gaps": _yes_or_no}
    return replace(listing, **{name: readers.get(name, _text)(value) for name, value in changes.items()})


def _amount_unit(value: object) -> AmountUnit:
    try:
        return AmountUnit(str(value))
    except ValueError:
        raise Invalid("listing", "amount_unit: must be minor or major") from None


def _yes_or_no(value: object) -> bool:
    known = {"yes": True, "true": True, "no": False, "false": False}
    if str(value).lower() not in known:
        raise Invalid("listing", "holds_gaps: must be yes or no")
    return known[str(value).lower()]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _seal(world: World, given: ListingSecrets) -> SealedSecrets:
    seal = world.sealer.seal
    return SealedSecrets(seal(given.client_secret), seal(given.api_key), tuple(seal(v) for v in given.header_values))


def check(flaws: list[Flaw]) -> None:
    """Invalid if there is any, with all of them."""
    if flaws:
        raise Invalid("listing", "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws), tuple(flaws))


def _flaws(listing: Listing) -> list[Flaw]:
    flaws: list[Flaw] = []
    if not 1 <= len(listing.id) <= ID_LENGTH_MAX or not set(listing.id) <= _ID_CHARACTERS:
        flaws.append(Flaw("id", f"must have 1 to {ID_LENGTH_MAX} lower-case letters, digits and hyphens"))
    if not listing.header_name or not set(listing.header_name.lower()) <= _HEADER_CHARACTERS:
        flaws.append(Flaw("header_name", "must be the name of an HTTP header, such as X-Bank-Key"))
    for field in fields(Listing):
        value = getattr(listing, field.name)
        if field.name in _NEEDED and not value:
            flaws.append(Flaw(field.name, "is missing"))
        elif isinstance(value, str) and (len(value) > TEXT_LENGTH_MAX or not is_storable(value)):
            flaws.append(Flaw(field.name, f"must be text of at most {TEXT_LENGTH_MAX} characters"))
        elif field.name in _URLS and value and not _is_web_address(value):
            flaws.append(Flaw(field.name, "must be an http or https address"))
    return flaws


def _evidence_flaws(evidence: str) -> list[Flaw]:
    if 1 <= len(evidence) <= TEXT_LENGTH_MAX and is_storable(evidence):
        return []
    told = f"say in 1 to {TEXT_LENGTH_MAX} characters where and when Sage confirmed the amount unit"
    return [Flaw("evidence", told)]


def _secret_flaws(given: ListingSecrets) -> list[Flaw]:
    values = {"client_secret": given.client_secret, "api_key": given.api_key}
    values |= {f"header_values[{i}]": value for i, value in enumerate(given.header_values)}
    flaws = [flaw for name, value in values.items() for flaw in _secret_flaw(name, value)]
    if not given.header_values:
        flaws.append(Flaw("header_values", "is empty; Sage's calls could not be told from anybody's"))
    return flaws


def _secret_flaw(name: str, value: str) -> list[Flaw]:
    """They go into HTTP headers, which carry nothing else for sure: another character would never compare equal."""
    if 1 <= len(value) <= SECRET_LENGTH_MAX and value.isascii() and value.isprintable() and value == value.strip():
        return []
    told = f"must have 1 to {SECRET_LENGTH_MAX} printable ASCII characters, without a space before or after"
    return [Flaw(name, told)]


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _subject(listing_id: str) -> str:
    return f"listing:{listing_id}"
