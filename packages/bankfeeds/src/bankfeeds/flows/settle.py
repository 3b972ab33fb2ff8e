"""The third beat of a delivery: what Sage answered becomes what is true here, or nothing does if the claim is lost.

Done moves the cursor. Taken waits. Deferred and Unknown offer the same statement again. Rejected is narrowed: halved
until the lines at fault stand alone; a line that Sage has already is marked and passed, any other parks the feed at it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.backoff import RETRY_MAX_S, poll_after, retry_after
from bankfeeds.domain.columns import Batch
from bankfeeds.domain.delivery import Act, Answered, Find, Follow, FoundAccount, Offer
from bankfeeds.domain.feed import Feed, FeedStatus, first_day
from bankfeeds.domain.outcome import Deferred, Done, Outcome, Rejected, Taken, Unknown
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement import Statement, StatementKind, StatementStatus
from bankfeeds.domain.transaction import parse_day
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows import announce, confirm, late_lines
from bankfeeds.flows.context import World
from bankfeeds.flows.feeds import close_feed
from bankfeeds.store import audit, budgets, connections, feeds, held, lines, source_accounts, statements
from bankfeeds.store.engine import Write
from bankfeeds.store.feeds import Claim
from bankfeeds.store.held import Held

ACTOR = "worker"
THROTTLE_PAUSE_S = 1.0
"""How long a whole listing holds still after a 429 without Retry-After."""
UNKNOWN_ACCOUNT_WAIT_MAX_S = 600.0
"""At most between offers to a bank account that Sage no longer knows: many of them must not use up the budget."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A feed that has just been parked, for whoever is to hear of it."""

    listing_id: str
    bank_account_id: str
    external_id: str
    cause: str
    at: datetime


def settle(tx: Write, world: World, claim: Claim, answered: Answered) -> Parked | None:
    """Changes nothing if the claim was lost meanwhile: whoever holds the feed now offers the same statement.
    Answers the feed if this parked it.
    """
    if isinstance(answered.found, FoundAccount):  # it may say cancelled: closing begins with the connection's lock
        connections.lock(tx, source_accounts.get(tx, claim.account_pk).connection_id)
    locked = held.lock(tx, claim)
    if locked is None:
        return None
    feed, account = locked.feed, locked.account
    now = world.clock()
    act = answered.act
    _note_health(tx, locked, answered, now)
    if isinstance(act, Find) or answered.outcome is None:
        _learn(tx, world, feed, account, answered.found, now)
        return None
    if isinstance(act, Follow) and feed.attempt == 0:
        world.pace.learn(feed.listing_id, in_time=not isinstance(answered.outcome, Taken))
    match answered.outcome:
        case Done():
            _finish(tx, feed, account, act.statement, now)
        case Taken() as taken:
            _wait_for_sage(tx, world, feed, act, taken, now)
        case Deferred() as deferred:
            _offer_again(tx, feed, act, now, deferred.retry_after_s, doubtful=act.was_doubtful, lost=False)
        case Unknown() as unknown:
            _offer_again(tx, feed, act, now, None, doubtful=True, lost=unknown.lost)
        case Rejected() as rejected:
            return _settle_rejected(tx, world, feed, account, act, rejected, answered.found, now)
    return None


def _settle_rejected(
    tx: Write,
    world: World,
    feed: Feed,
    account: SourceAccount,
    act: Offer | Follow,
    rejected: Rejected,
    found: FoundAccount | Outcome | None,
    now: datetime,
) -> Parked | None:
    if rejected.gone:
        _settle_gone(tx, world, feed, act, rejected, found, now)
        return None
    return _narrow(tx, world, feed, account, act, rejected, now)


def _note_health(tx: Write, locked: Held, answered: Answered, now: datetime) -> None:
    """The listing's budget slows down when Sage asks for it, and pauses when call after call fails."""
    outcome = answered.found if isinstance(answered.act, Find) else answered.outcome
    listing_id = locked.feed.listing_id
    if isinstance(outcome, Deferred) and outcome.throttled:
        pause_s = outcome.retry_after_s or THROTTLE_PAUSE_S
        budgets.hold(tx, listing_id, now + timedelta(seconds=pause_s))
    elif isinstance(outcome, Unknown) or (isinstance(outcome, Deferred) and outcome.is_outage):
        budgets.failed(tx, listing_id, now)
    elif locked.has_failures and not _is_unknown_account(answered):
        budgets.answered(tx, listing_id)


def _is_unknown_account(answered: Answered) -> bool:
    """Unknown to the statements and to the query alike. Says nothing of Sage's health: one bank account may be gone
    and the notification lost, or the address be wrong. A few of the first must not hold up a listing.
    """
    return isinstance(answered.outcome, Rejected) and answered.outcome.gone and answered.found is None


def _learn(
    tx: Write,
    world: World,
    feed: Feed,
    account: SourceAccount,
    found: FoundAccount | Outcome | None,
    now: datetime,
) -> None:
    """The start date, from an account query."""
    if isinstance(found, FoundAccount) and found.bank_account_id == feed.bank_account_id:
        if found.is_cancelled:
            close_feed(tx, world, feed.listing_id, feed.bank_account_id, "cancelled at Sage", ACTOR)
            return
        chosen_on = parse_day(found.requested_start_date or "")
        if chosen_on is not None:
            start_on = first_day(chosen_on, account.cut_over_on)
            if start_on is not None:
                late_lines.leave_out(tx, account.pk, feed.pk, start_on, now)
            moved = None if chosen_on == start_on else chosen_on
            feeds.release(tx, feed.pk, now, start_on=start_on, chosen_on=moved, attempt=0)
            return
    wait = retry_after(feed.attempt + 1, found.retry_after_s if isinstance(found, Deferred) else None)
    feeds.release(tx, feed.pk, now + wait, attempt=feed.attempt + 1)


def _finish(tx: Write, feed: Feed, account: SourceAccount, statement: Statement, now: datetime) -> None:
    """Every line of the statement is in Sage: the cursor moves past them, and the window opens again."""
    statements.change(tx, statement.pk, status=StatementStatus.done.value, finished_at=now)
    cursor = statement.last_seq if statement.last_seq is not None else feed.cursor
    has_more = cursor < account.last_seq
    is_narrow = feed.narrow_until is not None and cursor < feed.narrow_until
    changes: dict[str, object] = {
        "cursor": cursor,
        "statement_pk": None,
        "attempt": 0,
        "window": feed.window * 2 if is_narrow and feed.window else None,
        "narrow_until": feed.narrow_until if is_narrow else None,
        "waiting_since": now if has_more else None,
    }
    if statement.kind is StatementKind.opening:
        changes["is_introduced"] = True
    asks = feed.asks_reauthorisation and statement.kind is not StatementKind.auth_required
    changes["asks_reauthorisation"] = asks
    feeds.release(tx, feed.pk, now if has_more or asks else None, **changes)
    confirm.end_pushes(tx, account.pk, now)


def _wait_for_sage(tx: Write, world: World, feed: Feed, act: Offer | Follow, taken: Taken, now: datetime) -> None:
    attempt = feed.attempt + 1 if isinstance(act, Follow) else 0
    statements.change(
        tx,
        act.statement.pk,
        status=StatementStatus.taken.value,
        sage_id=taken.reference,
        doubtful=act.was_doubtful,
    )
    feeds.release(tx, feed.pk, now + poll_after(attempt, world.pace.usual_s(feed.listing_id)), attempt=attempt)


def _offer_again(
    tx: Write,
    feed: Feed,
    act: Act,
    now: datetime,
    asked_s: float | None,
    *,
    doubtful: bool,
    lost: bool,
    wait_max_s: float = RETRY_MAX_S,
) -> None:
    """The same bytes, later. A statement that Sage has taken is only asked after, unless Sage does not know it."""
    attempt = feed.attempt + 1
    changes: dict[str, object] = {"attempt": attempt}
    if isinstance(act, Offer) or (isinstance(act, Follow) and lost):
        statement = act.statement
        statements.change(tx, statement.pk, status=StatementStatus.offered.value, doubtful=doubtful)
        if doubtful and statement.last_seq is not None:
            changes["doubtful_seq"] = max(feed.doubtful_seq, statement.last_seq)
    feeds.release(tx, feed.pk, now + retry_after(attempt, asked_s, wait_max_s), **changes)


def _settle_gone(
    tx: Write,
    world: World,
    feed: Feed,
    act: Offer | Follow,
    rejected: Rejected,
    found: FoundAccount | Outcome | None,
    now: datetime,
) -> None:
    """Sage says there is no such bank account. The feed is closed, for good, only if it says cancelled: by its account
    query for this very bank account, or by its refusal while the query names another. Anything else may be a wrong
    address or a query that answers for another link of the account, so the statement is offered again.
    """
    if isinstance(found, FoundAccount):
        is_this = found.bank_account_id == feed.bank_account_id
        if (is_this and found.is_cancelled) or (not is_this and rejected.says_cancelled):
            close_feed(tx, world, feed.listing_id, feed.bank_account_id, "cancelled at Sage", ACTOR)
            return
    wait_max_s = UNKNOWN_ACCOUNT_WAIT_MAX_S if found is None else RETRY_MAX_S
    _offer_again(tx, feed, act, now, None, doubtful=act.was_doubtful, lost=True, wait_max_s=wait_max_s)


def _narrow(
    tx: Write, world: World, feed: Feed, account: SourceAccount, act: Offer | Follow, rejected: Rejected, now: datetime
) -> Parked | None:
    statement, batch = act.statement, lines.of_statement(tx, feed, act.statement)
    ids = batch.columns.ids
    is_known = rejected.names_only_duplicates(ids)
    is_pushed_again = account.restored_seq is not None and bool(batch) and batch.seqs[0] > account.restored_seq
    may_have_landed = (act.was_doubtful or is_pushed_again) and len(batch) == 1 and rejected.says_only_duplicate
    if batch and (is_known or may_have_landed):
        if is_pushed_again or not act.was_doubtful:
            _mark_in_sage(tx, feed, account, batch.seqs, rejected.reason, now)
        _finish(tx, feed, account, statement, now)
        return None
    if len(batch) <= 1 and statement.refusals + 1 < world.limits.single_refusals_max and not rejected.problems:
        statements.change(tx, statement.pk, refusals=statement.refusals + 1)
        _offer_again(tx, feed, act, now, None, doubtful=act.was_doubtful, lost=True)
        return None
    statements.refuse(tx, statement.pk, rejected.reason, rejected.problems, ids, now)
    if len(batch) > 1:
        window = len(batch) // 2
        narrow_until = max(feed.narrow_until or 0, batch.seqs[-1])
        feeds.release(tx, feed.pk, now, statement_pk=None, attempt=0, window=window, narrow_until=narrow_until)
        return None
    return _park(tx, feed, account, statement, batch, rejected, now)


def _mark_in_sage(
    tx: Write, feed: Feed, account: SourceAccount, seqs: Sequence[int], reason: str, now: datetime
) -> None:
    """Lines we never offered to this bank account and that Sage refuses as known: passed, and on record."""
    statements.mark_lines(tx, feed.pk, seqs, confirm.IN_SAGE, reason, now)
    detail = {"bankAccountId": feed.bank_account_id, "lines": len(seqs), "firstSeq": seqs[0], "lastSeq": seqs[-1]}
    subject = f"account:{account.external_id}"
    audit.record(tx, AuditEntry(now, ACTOR, "feed.passedKnownLines", subject, reason, detail))


def _park(
    tx: Write,
    feed: Feed,
    account: SourceAccount,
    statement: Statement,
    batch: Batch,
    rejected: Rejected,
    now: datetime,
) -> Parked:
    which = f"the {statement.kind.value} statement"
    if batch:
        which = f"transaction {batch.columns.ids[0]!r} of {batch.columns.days[0]}"
    cause = f"Sage refuses {which}: {rejected.reason}. Nothing after it is sent until an operator decides"
    feeds.release(
        tx,
        feed.pk,
        None,
        status=FeedStatus.parked.value,
        statement_pk=None,
        parked_at=now,
        parked_seq=batch.seqs[0] if batch else None,
        parked_cause=cause,
        attempt=0,
    )
    audit.record(tx, AuditEntry(now, ACTOR, "feed.park", f"account:{account.external_id}", cause))
    facts = {"bankAccountId": feed.bank_account_id, "cause": cause, "line": batch.columns.ids[0] if batch else None}
    announce.account(tx, Happening.feed_parked, account, now, **facts)
    return Parked(feed.listing_id, feed.bank_account_id, account.external_id, cause, now)
