"""A person proves a connection theirs, or the institution's own web app vouches for it, and Sage is told.

By hand: Connection ID and one-time password. One generic failure says nothing of which was wrong, failures are counted
by password and by address, and the password is spent only when Sage has taken the authorisation.
"""

import hmac
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from bankfeeds.domain.address import neighbourhood
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.authorisation import Authorisation, AuthorisationKind, AuthorisationStatus, Report, ReportedBy
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from bankfeeds.domain.ids import tidy_connection_id, tidy_otp
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import connections as connection_flow
from bankfeeds.flows import report
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import BIND, commit
from bankfeeds.flows.offered import offered
from bankfeeds.flows.report import Attempt, Told
from bankfeeds.flows.report import report_due as report_due
from bankfeeds.flows.session import HANDLE_LENGTH_MAX, Stage, describe, is_off
from bankfeeds.flows.session import Session as Session
from bankfeeds.flows.session import present as present
from bankfeeds.flows.session import session as session
from bankfeeds.store import audit, authorisations, connections, integrations, listings, otps, source_accounts
from bankfeeds.store.engine import Write

OTP_TYPED_MAX = 100
RETRY_AFTER_S = 5
SAME_STATE_MAX = 10
ID_SHOWN_MAX = 100
_PAGE = "page"
_USED = frozenset({AuthorisationStatus.bound, AuthorisationStatus.succeeded})


class Failure(Enum):
    """wrong: the generic one. waiting: Sage has not answered, ask again. unavailable: Sage took nothing, try again."""

    wrong = auto()
    too_many = auto()
    no_accounts = auto()
    waiting = auto()
    unavailable = auto()
    done = auto()
    cancelled = auto()
    over = auto()
    off = auto()


@dataclass(frozen=True, slots=True)
class Redirected:
    url: str
    session: Session = field(default=Session(Stage.done), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """`retry_after_s`: when it may be tried again, where that is known."""

    kind: Failure
    session: Session
    retry_after_s: int | None = None


_STAGE_FAILURES = {Stage.over: Failure.over, Stage.off: Failure.off, Stage.cancelled: Failure.cancelled}
_TOLD_FAILURES = {
    Told.waiting: Failure.waiting,
    Told.not_taken: Failure.unavailable,
    Told.declined: Failure.wrong,
    Told.over: Failure.over,
}


def submit(world: World, handle: str, connection_id: str, otp: str, address: str) -> Redirected | Failed:
    """The form. The session survives every failure; a success sends the person back to Sage."""
    now = world.clock()
    near = neighbourhood(address)
    admitted = commit(world, BIND, lambda tx: _admit(tx, world, handle, connection_id, otp, near, now))
    if isinstance(admitted, Redirected | Failed):
        return admitted
    told = report.tell(world, admitted)
    shown = _shown(world, admitted.pk)
    return _back(shown) if told is Told.taken else Failed(_TOLD_FAILURES[told], shown)


def refuse(world: World, handle: str) -> Redirected | Failed:
    """The person gives up. Sage is told, now or later, and the person is sent back there."""
    now = world.clock()

    def run(tx: Write) -> Attempt | Failed:
        found, shown = _locked(tx, world, handle, now)
        if found is None or shown.stage is not Stage.open:
            kinds = {**_STAGE_FAILURES, Stage.waiting: Failure.waiting, Stage.done: Failure.done}
            return Failed(kinds.get(shown.stage, Failure.over), shown)
        _record(tx, found, "authorisation.refuse", "cancelled by the person", now)
        return report.refuse(tx, found, now)

    refused = commit(world, BIND, run)
    if isinstance(refused, Failed):
        return refused
    report.tell(world, refused)
    return _back(_shown(world, refused.pk))


def bind_by_api(
    world: World, actor: str, company_id: str, connection_id: str, authorization_id: str, bank_id: str | None
) -> Connection:
    """The institution's own web app vouches for the person. `authorization_id` is Sage's `state`, or Sage's own id.

    The same call again is answered alike. Unavailable: Sage gave no answer; nothing is bound, or it is being repeated.
    """
    now = world.clock()
    attempt = commit(
        world, BIND, lambda tx: _vouch(tx, world, actor, company_id, connection_id, authorization_id, bank_id, now)
    )
    if isinstance(attempt, Connection):
        return attempt
    told = Told.waiting if attempt is None else report.tell(world, attempt)
    if told is Told.taken:
        return connection_flow.get(world, company_id, connection_id)
    if told is Told.over:
        raise _unknown_authorisation(authorization_id)
    if told is Told.declined:
        raise Conflict("sage_refused", "Sage refused the authorisation; the audit trail has its words")
    raise Unavailable("sage_unavailable", "Sage did not answer in time; send the same request again", RETRY_AFTER_S)


def refuse_by_api(world: World, actor: str, authorization_id: str, bank_id: str | None) -> None:
    """The person gave up in the institution's own web app. Sage is told, now or later; again, it is answered alike."""
    now = world.clock()

    def run(tx: Write) -> Attempt | None:
        found = _resolve(tx, authorization_id, bank_id, now, even_refused=True)
        if found.status in _USED:
            raise Conflict(
                "authorization_given", "this authorization has been given already; unlink the account instead"
            )
        if found.status is AuthorisationStatus.refused:
            return None
        _record(tx, found, "authorisation.refuse", actor, now)
        return report.refuse(tx, found, now)

    refused = commit(world, BIND, run)
    if refused is not None:
        report.tell(world, refused)


def _admit(
    tx: Write, world: World, handle: str, connection_id: str, otp: str, address: str, now: datetime
) -> Attempt | Redirected | Failed:
    found, shown = _locked(tx, world, handle, now)
    if found is None or shown.stage in _STAGE_FAILURES:
        if found is not None and shown.stage is Stage.off and found.status is AuthorisationStatus.presented:
            report.refuse_soon(tx, found, now)  # presented just when it was switched off
        return Failed(_STAGE_FAILURES[shown.stage], shown)
    locked_s = _locked_for_s(tx, world, address, now)
    if locked_s:
        return Failed(Failure.too_many, shown, locked_s)
    typed = tidy_connection_id(connection_id)
    if found.status in _USED:
        return _admit_again(tx, world, found, shown, typed, address, now)
    if typed is None or not _is_proven(tx, world, typed, otp[:OTP_TYPED_MAX], now):
        return _wrong(tx, world, shown, address, now)
    if not _may_renew(tx, found, typed, _PAGE, now):
        return _wrong(tx, world, shown, address, now)
    attempt = _bind(tx, world, found, typed, ReportedBy.page, now)
    return attempt or Failed(Failure.no_accounts, shown)


def _admit_again(
    tx: Write, world: World, found: Authorisation, shown: Session, typed: str | None, address: str, now: datetime
) -> Attempt | Redirected | Failed:
    """The same report once more, or its good end; it was proven before, so the password is not asked again."""
    if typed is None or typed != found.connection_id:
        return _wrong(tx, world, shown, address, now)
    if shown.stage is Stage.done:
        return _back(shown)
    return report.repeat(tx, found, now) or Failed(Failure.waiting, shown)


def _locked_for_s(tx: Write, world: World, address: str, now: datetime) -> int:
    """Whole seconds until the address may try again; 0 if it may now. What it tries meanwhile does not count."""
    window = timedelta(seconds=world.limits.login_window_s)
    decisive_at = otps.nth_newest_failure(tx, address, now - window, world.limits.login_failures_max)
    return 0 if decisive_at is None else math.ceil((decisive_at + window - now).total_seconds())


def _locked(tx: Write, world: World, handle: str, now: datetime) -> tuple[Authorisation | None, Session]:
    found = authorisations.by_handle(tx, world.sealer.digests(handle[:HANDLE_LENGTH_MAX]))
    found = None if found is None else authorisations.lock(tx, found.pk)
    return found, describe(tx, world, found, now)


def _is_proven(tx: Write, world: World, connection_id: str, typed: str, now: datetime) -> bool:
    """A wrong password counts against the connection's; the last one allowed voids it."""
    connection = connections.lock(tx, connection_id)
    otp = otps.find(tx, connection_id)
    if connection is None or otp is None or otp.expires_at <= now:
        return False
    if any(hmac.compare_digest(otp.digest, digest) for digest in world.sealer.digests(tidy_otp(typed))):
        return True
    if otp.failures + 1 >= world.limits.otp_failures_max:
        otps.delete(tx, connection_id)
        audit.record(tx, AuditEntry(now, _PAGE, "otp.void", f"connection:{connection_id}", "guessed wrong too often"))
    else:
        otps.set_failures(tx, connection_id, otp.failures + 1)
    return False


def _wrong(tx: Write, world: World, shown: Session, address: str, now: datetime) -> Failed:
    otps.add_failure(tx, address, now, now - timedelta(seconds=world.limits.login_window_s))
    return Failed(Failure.wrong, shown)


def _may_renew(tx: Write, found: Authorisation, connection_id: str, actor: str, now: datetime) -> bool:
    """Always for a first authorisation; a renewal only by the connection whose account Sage named."""
    if found.kind is not AuthorisationKind.reauthorisation:
        return True
    account = source_accounts.by_external_id(tx, found.external_id or "")
    if account is not None and account.connection_id == connection_id:
        return True
    detail = {"connectionId": connection_id, "externalId": found.external_id}
    entry = AuditEntry(now, actor, "authorisation.mismatch", f"authorisation:{found.id}", None, detail)
    audit.record(tx, entry)
    return False


def _bind(
    tx: Write, world: World, found: Authorisation, connection_id: str, by: ReportedBy, now: datetime
) -> Attempt | None:
    """None if the connection has no accounts that could be reported."""
    accounts = source_accounts.of_connection(tx, connection_id)
    if not accounts:
        return None
    if found.kind is AuthorisationKind.reauthorisation:
        return report.bind(tx, world, found, connection_id, Report(success=True, by=by), (), now)
    told = Report(success=True, accounts=tuple(offered(accounts)), by=by)
    return report.bind(tx, world, found, connection_id, told, [account.pk for account in accounts], now)


def _vouch(
    tx: Write,
    world: World,
    actor: str,
    company_id: str,
    connection_id: str,
    authorization_id: str,
    bank_id: str | None,
    now: datetime,
) -> Attempt | Connection | None:
    """None: an earlier attempt is on its way."""
    connection = connections.find(tx, company_id, connection_id)
    if connection is None:
        raise connection_flow.unknown(connection_id)
    found = _resolve(tx, authorization_id, bank_id, now)
    connections.lock(tx, connection_id)
    if found.status in _USED:
        if found.connection_id != connection_id:
            raise Forbidden("authorization_bound", "this authorization belongs to another connection")
        return connection if found.status is AuthorisationStatus.succeeded else report.repeat(tx, found, now)
    if is_off(integrations.of(tx, listings.get(tx, found.listing_id)), found.kind):
        raise Conflict("integration_off", "linking to Sage is switched off for this listing; an operator can enable it")
    if not _may_renew(tx, found, connection_id, actor, now):
        raise Forbidden("authorization_renews", "this authorization renews an account of another connection")
    attempt = _bind(tx, world, found, connection_id, ReportedBy.api, now)
    if attempt is None:
        raise NotFound("no_accounts", f"connection {connection_id} has no source accounts; create one first")
    _record(tx, found, "authorisation.vouch", actor, now)
    return attempt


def _resolve(
    tx: Write, authorization_id: str, bank_id: str | None, now: datetime, *, even_refused: bool = False
) -> Authorisation:
    """The one session meant, locked; NotFound if there is none, or if its end has come, or if it could be several."""
    if not is_storable(authorization_id):
        raise _unknown_authorisation(authorization_id)
    candidates = [
        found
        for found in authorisations.matching(tx, authorization_id, SAME_STATE_MAX)
        if bank_id is None or bank_id.lower() == found.bank_id.lower()
    ]
    if len(candidates) != 1:
        raise _unknown_authorisation(authorization_id)
    found = authorisations.lock(tx, candidates[0].pk)
    if even_refused and found.status is AuthorisationStatus.refused:
        return found
    is_over = now >= found.expires_at and found.status not in _USED
    if is_over or found.status is AuthorisationStatus.refused:
        raise _unknown_authorisation(authorization_id)
    return found


def _unknown_authorisation(authorization_id: str) -> NotFound:
    return NotFound("authorization", f"authorization {authorization_id[:ID_SHOWN_MAX]!r} is unknown, expired or used")


def _record(tx: Write, found: Authorisation, action: str, reason: str, now: datetime) -> None:
    audit.record(tx, AuditEntry(now, _PAGE, action, f"authorisation:{found.id}", reason))


def _shown(world: World, pk: int) -> Session:
    """By its number: the handle may have been replaced meanwhile."""
    return world.db.read(lambda tx: describe(tx, world, authorisations.get(tx, pk), world.clock()))


def _back(shown: Session) -> Redirected:
    if shown.return_to is None:
        raise AssertionError("a presented session knows where to return to")
    return Redirected(shown.return_to, shown)
