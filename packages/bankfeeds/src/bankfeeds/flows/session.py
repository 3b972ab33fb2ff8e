"""The session a person goes through: presented by Sage's call, shown by a one-time handle, over after 20 minutes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from bankfeeds.domain.authorisation import Authorisation, AuthorisationKind, AuthorisationStatus
from bankfeeds.domain.branding import Branding
from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound
from bankfeeds.domain.integration import DataType, Integration
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.origins import Origins, with_parameters
from bankfeeds.domain.source_account import shown_names
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import report
from bankfeeds.flows.context import World
from bankfeeds.flows.integration import redirects
from bankfeeds.flows.listings import unknown
from bankfeeds.store import authorisations, integrations, listings, source_accounts
from bankfeeds.store.engine import Read, Write

STATE_LENGTH_MAX = 200
HANDLE_LENGTH_MAX = 200


class Stage(Enum):
    """What the page has to show. over: expired, or its handle replaced. cancelled: by the person, or by us.

    off: linking is switched off, or the listing was removed.
    """

    open = auto()
    waiting = auto()
    done = auto()
    cancelled = auto()
    over = auto()
    off = auto()


@dataclass(frozen=True, slots=True)
class Session:
    """`return_to`: the address in Sage to go back to, None if it is not known. `renews`: the name of the account.

    `targets`: where the page's form may lead in the end. The rest is how the page looks and what it offers.
    """

    stage: Stage
    kind: AuthorisationKind = AuthorisationKind.unknown
    institution: str | None = None
    return_to: str | None = None
    connection_id: str | None = None
    renews: str | None = None
    branding: Branding = field(default_factory=Branding)
    call_to_action: tuple[str, str] | None = None
    data_types: tuple[DataType, ...] = ()
    targets: Origins = field(default_factory=Origins)


@dataclass(frozen=True, slots=True)
class Presented:
    """`elsewhere`: the institution's own web app takes the person from here, not our page."""

    handle: str
    elsewhere: str | None


def present(
    world: World,
    listing_id: str,
    authorisation_id: str,
    bank: str | None,
    redirect_uri: str,
    state: str,
    external_id: str | None = None,
) -> Presented:
    """Sage asks where to send the person. `external_id`: the account to be renewed, None for a first authorisation.

    A refusal says why, by its code, and changes nothing. Each call makes a new handle; the one before it dies.
    """
    _check_state(state)
    now = world.clock()
    handle = world.ids.secret()

    def run(tx: Write) -> Presented:
        if not redirects(tx, world).allow(redirect_uri):
            raise Forbidden("redirect_refused", "the redirect_uri leads to no host of Sage's that is allowed here")
        listing = listings.find(tx, listing_id)
        if listing is None:
            raise unknown(listing_id)
        found = _presentable(authorisations.find_and_lock(tx, listing_id, authorisation_id), listing, bank, now)
        kind = _kind(tx, found, external_id)
        status = found.status if found.status is AuthorisationStatus.bound else AuthorisationStatus.presented
        authorisations.move(
            tx,
            found,
            status,
            kind=kind.value,
            state=state,
            redirect_uri=redirect_uri,
            external_id=external_id,
            handle_digest=world.sealer.digest(handle),
        )
        if is_off(integrations.of(tx, listing), kind) and status is AuthorisationStatus.presented:
            report.refuse_soon(tx, authorisations.lock(tx, found.pk), now)
            return Presented(handle, None)
        return Presented(handle, _elsewhere(listing, state, redirect_uri, found.bank_id))

    return world.db.write(run)


def session(world: World, handle: str) -> Session:
    now = world.clock()

    def read(tx: Read) -> Session:
        found = authorisations.by_handle(tx, world.sealer.digests(handle[:HANDLE_LENGTH_MAX]))
        return describe(tx, world, found, now)

    return world.db.read(read)


def describe(tx: Read, world: World, found: Authorisation | None, now: datetime) -> Session:
    institution, branding = integrations.institution(tx)
    targets = redirects(tx, world)
    if found is None:
        return Session(Stage.over, institution=branding.name, branding=branding, targets=targets)
    listing = listings.find(tx, found.listing_id)
    integration = None if listing is None else integrations.of(tx, listing)
    return Session(
        _stage(found, integration, now),
        found.kind,
        branding.name or (None if listing is None else listing.name),
        return_to(found),
        found.connection_id,
        _renews(tx, found),
        branding,
        _call_to_action(integration),
        institution.data_types,
        targets,
    )


def is_off(integration: Integration, kind: AuthorisationKind) -> bool:
    """New connections only: what is linked may be renewed."""
    return not integration.enabled and kind is not AuthorisationKind.reauthorisation


def _stage(found: Authorisation, integration: Integration | None, now: datetime) -> Stage:
    if integration is None:
        return Stage.off
    if found.status is AuthorisationStatus.bound:
        return Stage.waiting
    if found.status is not AuthorisationStatus.succeeded and is_off(integration, found.kind):
        return Stage.off
    if found.status is AuthorisationStatus.refused and found.report is not None and not found.report.success:
        return Stage.cancelled
    if now >= found.expires_at or found.status is AuthorisationStatus.refused:
        return Stage.over
    return Stage.done if found.status is AuthorisationStatus.succeeded else Stage.open


def _renews(tx: Read, found: Authorisation) -> str | None:
    """As Sage's own list of accounts has it."""
    account = None if found.external_id is None else source_accounts.by_external_id(tx, found.external_id)
    if account is None:
        return None
    return shown_names(source_accounts.of_connection(tx, account.connection_id)).get(account.pk)


def _call_to_action(integration: Integration | None) -> tuple[str, str] | None:
    if integration is None or not (integration.call_to_action_text and integration.call_to_action_url):
        return None
    return integration.call_to_action_text, integration.call_to_action_url


def return_to(found: Authorisation) -> str | None:
    """The address exactly as Sage gave it, with the state behind it."""
    if found.redirect_uri is None or found.state is None:
        return None
    return with_parameters(found.redirect_uri, state=found.state)


def _check_state(state: str) -> None:
    if not 1 <= len(state) <= STATE_LENGTH_MAX or not is_storable(state) or not state.isprintable():
        raise Invalid("malformed", f"state must have 1 to {STATE_LENGTH_MAX} printable characters")


def _presentable(found: Authorisation | None, listing: Listing, bank: str | None, now: datetime) -> Authorisation:
    """Known from a notification, of this bank, not over, not used."""
    if found is None or (bank is not None and not found.bank_id.lower() == bank.lower() == _bank_of(listing)):
        raise NotFound("session_unknown", "Sage has not told of this session, or it is another bank's")
    if found.status in {AuthorisationStatus.succeeded, AuthorisationStatus.refused}:
        raise Conflict("session_used", "this session has been used")
    if now >= found.expires_at and found.status is not AuthorisationStatus.bound:
        raise Conflict("session_over", "this session has expired")
    return found


def _bank_of(listing: Listing) -> str:
    return (listing.bank_id or "").lower()


def _kind(tx: Read, found: Authorisation, external_id: str | None) -> AuthorisationKind:
    """Fixed by the first call: a renewal never becomes a first authorisation, nor another account's renewal."""
    kind = AuthorisationKind.onboarding if external_id is None else AuthorisationKind.reauthorisation
    if found.kind is not AuthorisationKind.unknown and (found.kind, found.external_id) != (kind, external_id):
        raise Conflict("session_used", "this session was presented for something else")
    if external_id is not None and source_accounts.by_external_id(tx, external_id) is None:
        raise NotFound("account_unknown", "the account to be renewed is not known here")
    return kind


def _elsewhere(listing: Listing, state: str, redirect_uri: str, bank_id: str) -> str | None:
    if listing.authorization_redirect_url is None:
        return None
    return with_parameters(
        listing.authorization_redirect_url, authorizationId=state, redirectUri=redirect_uri, bankId=bank_id
    )
