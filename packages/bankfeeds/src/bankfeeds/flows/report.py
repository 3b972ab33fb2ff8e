"""Telling Sage how a session ended, in three beats: bound with the report stored, the call, what came of it.

An attempt holds the session by a lease; whoever finds the lease run out repeats the same report. Sage takes a session
once, so "used already" after an attempt of ours whose end we never learned means that it landed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.authorisation import Authorisation, AuthorisationKind, AuthorisationStatus, Report, ReportedBy
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Deferred, Done, Outcome, Rejected, Taken, Unknown
from bankfeeds.flows import reauthorise
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import BIND, FINISH, REPORT, call, commit
from bankfeeds.store import audit, authorisations, connections, listings, otps, reports, source_accounts
from bankfeeds.store.engine import Write

LEASE = timedelta(seconds=30)
REPEAT_MIN = timedelta(seconds=2)
REPEAT_MAX = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(hours=1)
"""Past the session's own end; Sage takes nothing any more by then."""
AT_ONCE_MAX = 16
ACTOR = "worker"


class Told(Enum):
    """taken: Sage has it. waiting: not known yet. not_taken, declined: unbound again. over: the session is used up."""

    taken = auto()
    waiting = auto()
    not_taken = auto()
    declined = auto()
    over = auto()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call about to be made; `lease` tells it from any later one."""

    pk: int
    authorisation_id: str
    listing: Listing
    report: Report
    lease: datetime


def bind(
    tx: Write,
    world: World,
    found: Authorisation,
    connection_id: str,
    report: Report,
    account_pks: Sequence[int],
    now: datetime,
) -> Attempt:
    """First beat. The accounts count as reported from here on: Sage may act before its answer reaches us."""
    new = reports.add(tx, found.listing_id, account_pks, now, now + timedelta(seconds=world.limits.report_check_s))
    report = replace(report, new_pks=new)
    return _start(tx, found, AuthorisationStatus.bound, report, now, connection_id=connection_id, bound_at=now)


def refuse(tx: Write, found: Authorisation, now: datetime) -> Attempt:
    """First beat of a refusal by the user: final for us, whatever Sage says."""
    return _start(tx, found, AuthorisationStatus.refused, Report(success=False), now, finished_at=now)


def refuse_soon(tx: Write, found: Authorisation, now: datetime) -> None:
    """A refusal by us, of a session that was presented: final, and told to Sage by a worker."""
    report = Report(success=False)
    authorisations.move(tx, found, AuthorisationStatus.refused, report=report, report_due_at=now, finished_at=now)
    _record(tx, found, "authorisation.off", "linking is switched off", now)


def repeat(tx: Write, found: Authorisation, now: datetime) -> Attempt | None:
    """First beat of a further attempt; None while another one is on its way or it is not due yet."""
    if found.report is None or found.report_due_at is None or found.report_due_at > now:
        return None
    return _start(tx, found, found.status, found.report, now)


def report_due(world: World, now: datetime) -> int:
    """Repeats what is due. How many there were."""
    due = world.db.read(lambda tx: authorisations.due(tx, now, AT_ONCE_MAX))
    for pk in due:
        attempt = commit(world, BIND, lambda tx, pk=pk: repeat(tx, authorisations.lock(tx, pk), now))
        if attempt is not None:
            tell(world, attempt)
    return len(due)


def tell(world: World, attempt: Attempt) -> Told:
    """Second and third beat."""
    return finish(world, attempt, send(world, attempt))


def send(world: World, attempt: Attempt) -> Outcome:
    destination = world.destinations(attempt.listing)
    told = attempt.report
    return call(
        world, REPORT, lambda: destination.report(attempt.authorisation_id, told.accounts, success=told.success)
    )


def finish(world: World, attempt: Attempt, outcome: Outcome) -> Told:
    """Third beat: what Sage said becomes the session's state; nothing if another attempt has taken over."""
    now = world.clock()

    def run(tx: Write) -> Told:
        found = authorisations.lock(tx, attempt.pk)
        if found.report_due_at != attempt.lease:
            return _as_it_stands(found)
        if found.status is AuthorisationStatus.refused:
            return _after_refusal(tx, found, outcome, now)
        return _after_report(tx, found, outcome, now)

    return commit(world, FINISH, run)


def _start(
    tx: Write, found: Authorisation, status: AuthorisationStatus, report: Report, now: datetime, **changes: object
) -> Attempt:
    lease = now + LEASE
    attempts = found.report_attempts + 1
    authorisations.move(tx, found, status, report=report, report_attempts=attempts, report_due_at=lease, **changes)
    return Attempt(found.pk, found.id, listings.get(tx, found.listing_id), report, lease)


def _as_it_stands(found: Authorisation) -> Told:
    return {
        AuthorisationStatus.succeeded: Told.taken,
        AuthorisationStatus.bound: Told.waiting,
        AuthorisationStatus.refused: Told.over,
    }.get(found.status, Told.not_taken)


def _after_refusal(tx: Write, found: Authorisation, outcome: Outcome, now: datetime) -> Told:
    is_settled = isinstance(outcome, Done | Taken | Rejected) or _is_too_late(found, now)
    authorisations.move(tx, found, found.status, report_due_at=None if is_settled else _again_at(found, now))
    return Told.over


def _after_report(tx: Write, found: Authorisation, outcome: Outcome, now: datetime) -> Told:
    is_doubtful = found.report_attempts > 1
    match outcome:
        case Done() | Taken():
            return _succeed(tx, found, now)
        case Rejected() if _is_used(outcome) and is_doubtful:
            return _succeed(tx, found, now)
        case Rejected() if _is_used(outcome) or outcome.gone:
            return _end(tx, found, outcome.reason, now, is_doubtful=is_doubtful)
        case Rejected():
            _unbind(tx, found, outcome.reason, now, is_doubtful=is_doubtful)
            return Told.declined
        case Deferred() | Unknown() if _is_too_late(found, now):
            is_doubtful = is_doubtful or isinstance(outcome, Unknown)
            return _end(tx, found, outcome.reason, now, is_doubtful=is_doubtful)
        case Deferred() if not is_doubtful:
            _unbind(tx, found, outcome.reason, now, is_doubtful=False)
            return Told.not_taken
        case Deferred() | Unknown():
            attempts = found.report_attempts - isinstance(outcome, Deferred)
            due_at = _again_at(found, now)
            authorisations.move(tx, found, found.status, report_attempts=attempts, report_due_at=due_at)
            return Told.waiting


def _is_used(outcome: Rejected) -> bool:
    return any(problem.duplicate for problem in outcome.problems)


def _is_too_late(found: Authorisation, now: datetime) -> bool:
    return now >= found.expires_at + GIVE_UP_AFTER


def _again_at(found: Authorisation, now: datetime) -> datetime:
    """A quarter of the time it has taken so far, within bounds."""
    since = found.bound_at or found.received_at
    return now + min(max((now - since) / 4, REPEAT_MIN), REPEAT_MAX)


def _succeed(tx: Write, found: Authorisation, now: datetime) -> Told:
    connection_id = found.connection_id or ""
    authorisations.move(
        tx, found, AuthorisationStatus.succeeded, report_attempts=0, report_due_at=None, finished_at=now
    )
    connections.lock(tx, connection_id)
    if found.report is not None and found.report.by is ReportedBy.page:
        otps.delete(tx, connection_id, made_by=found.bound_at)
    if found.kind is AuthorisationKind.reauthorisation:
        _renew(tx, connection_id, now)
    _record(tx, found, "authorisation.succeed", None, now)
    return Told.taken


def _renew(tx: Write, connection_id: str, now: datetime) -> None:
    """Sage renews every account of the authorisation; what waited for it moves on."""
    for account in source_accounts.of_connection(tx, connection_id):
        if account.needs_reauthorisation:
            reauthorise.renewed(tx, account, now)


def _unbind(tx: Write, found: Authorisation, reason: str, now: datetime, *, is_doubtful: bool) -> None:
    """The session may be used again. What an attempt may have told Sage stays reported."""
    _withdraw(tx, found, is_doubtful=is_doubtful)
    authorisations.move(
        tx,
        found,
        AuthorisationStatus.presented,
        connection_id=None,
        bound_at=None,
        report=None,
        report_attempts=0,
        report_due_at=None,
    )
    _record(tx, found, "authorisation.unbind", reason, now)


def _end(tx: Write, found: Authorisation, reason: str, now: datetime, *, is_doubtful: bool) -> Told:
    _withdraw(tx, found, is_doubtful=is_doubtful)
    authorisations.move(tx, found, AuthorisationStatus.refused, report_attempts=0, report_due_at=None, finished_at=now)
    _record(tx, found, "authorisation.end", reason, now)
    return Told.over


def _withdraw(tx: Write, found: Authorisation, *, is_doubtful: bool) -> None:
    if found.report is not None and not is_doubtful:
        reports.withdraw(tx, found.listing_id, found.report.new_pks)


def _record(tx: Write, found: Authorisation, action: str, reason: str | None, now: datetime) -> None:
    detail = {"connectionId": found.connection_id, "listing": found.listing_id}
    audit.record(tx, AuditEntry(now, ACTOR, action, f"authorisation:{found.id}", reason, detail))
