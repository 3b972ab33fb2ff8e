"""What an operator may do to one feed, with a reason: resume it, skip the line it stands at, send lines again.

Nothing here talks to Sage: a feed's row is changed, and whoever delivers next goes by it.
"""

from datetime import datetime

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, Flaw, NotFound, Unavailable
from bankfeeds.domain.feed import Feed, FeedStatus, QueuedLine
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows import announce, confirm, named
from bankfeeds.flows.context import World
from bankfeeds.store import audit, feeds, lines, overview, pushes, source_accounts, statements
from bankfeeds.store.engine import Write

RETRY_S = 5
_UNPARKED = {"status": FeedStatus.open.value, "parked_at": None, "parked_seq": None, "parked_cause": None}


def resume(world: World, actor: str, name: str, reason: str) -> FeedView:
    """Offers what the feed was parked at once more, exactly as it was. The feed as it stands then."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> FeedView:
        account, feed = _locked(tx, name)
        _check_parked(feed, name)
        feeds.change(tx, feed.pk, **_UNPARKED, attempt=0, due_at=now)
        _record(tx, actor, "feed.resume", account, feed, reason, now, None)
        return _view(tx, feed)

    return world.db.write(run)


def skip(world: World, actor: str, name: str, line_id: str, reason: str) -> FeedView:
    """Goes on behind the line the feed is parked at, and never sends it there; its push has failed."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> FeedView:
        account, feed = _locked(tx, name)
        _check_parked(feed, name)
        line = _parked_line(tx, feed)
        if line is None:
            raise Conflict("feed_line", f"feed {name} is parked at a statement without lines; resume it instead")
        if line.id != line_id:
            raise Conflict(
                "feed_line", f"feed {name} is parked at line {line.id}, not at {line_id}; nothing was skipped"
            )
        statements.mark_lines(tx, feed.pk, [line.seq], confirm.SKIPPED, reason, now)
        is_narrow = feed.narrow_until is not None and line.seq < feed.narrow_until
        narrow = {} if is_narrow else {"window": None, "narrow_until": None}
        feeds.change(tx, feed.pk, **_UNPARKED, **narrow, attempt=0, cursor=line.seq, due_at=now)
        _fail_pushes(tx, feed, line, reason, now)
        confirm.end_pushes(tx, account.pk, now)
        _record(tx, actor, "feed.skip", account, feed, reason, now, line)
        return _view(tx, feed)

    return world.db.write(run)


def resend(world: World, actor: str, name: str, line_id: str, reason: str) -> FeedView:
    """Offers every line from this one on again, but for skipped ones; what Sage still has it refuses as known, and
    that is passed. Operations that ended stay as they ended.
    """
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> FeedView:
        account, feed = _locked(tx, name)
        found = lines.existing(tx, account.pk, [line_id]).get(line_id) if is_storable(line_id) else None
        if found is None:
            raise NotFound("line", f"account {account.id} has no line {line_id}")
        seq = found.seq
        if feed.statement_pk is not None:
            busy = f"feed {name} has a statement in flight; try again when Sage has finished it"
            raise Unavailable("feed_busy", busy, RETRY_S)
        if seq > feed.cursor:
            raise Conflict("feed_line", f"line {line_id} was not sent to feed {name} yet; it waits in its turn")
        statements.unmark_lines(tx, feed.pk, seq, confirm.IN_SAGE)
        feeds.change(
            tx,
            feed.pk,
            **_UNPARKED,
            attempt=0,
            cursor=seq - 1,
            doubtful_seq=max(feed.doubtful_seq, feed.cursor),
            window=None,
            narrow_until=None,
            due_at=now,
            waiting_since=now,
        )
        line = QueuedLine(seq, *found.line)
        _record(tx, actor, "feed.resend", account, feed, reason, now, line)
        return _view(tx, feed)

    return world.db.write(run)


def _locked(tx: Write, name: str) -> tuple[SourceAccount, Feed]:
    """The account and then the feed, in the order of every lock. Conflict if the feed is closed."""
    number = named.feed(tx, name).number
    account_pk = feeds.account_of(tx, number)
    account, feed = source_accounts.lock(tx, account_pk), feeds.lock(tx, number)
    if account is None or feed is None:
        raise AssertionError(f"feed {number} is gone")
    if feed.status is FeedStatus.closed:
        raise Conflict(
            "feed_closed", f"feed {name} is closed for good; only its user can link the account again, in Sage"
        )
    return account, feed


def _view(tx: Write, feed: Feed) -> FeedView:
    """As it stands now."""
    found = overview.feed(tx, feed.pk)
    if found is None:
        raise AssertionError(f"feed {feed.pk} is gone")
    return found


def _check_parked(feed: Feed, name: str) -> None:
    if feed.status is not FeedStatus.parked:
        raise Conflict("feed_not_parked", f"feed {name} is not parked; there is nothing to resume or to skip")


def _parked_line(tx: Write, feed: Feed) -> QueuedLine | None:
    if feed.parked_seq is None:
        return None
    seq = feed.parked_seq
    (line,) = lines.between(tx, feed.account_pk, seq, seq, from_on=None, feed_pk=feed.pk)
    return line


def _fail_pushes(tx: Write, feed: Feed, line: QueuedLine, reason: str, now: datetime) -> None:
    """What brought the line can no longer succeed, unless this feed came after it and others have to have the line."""
    live = feeds.live_of_account(tx, feed.account_pk)
    failed = [
        push.pk
        for push in pushes.pending_with(tx, feed.account_pk, line.seq)
        if feed.pk in {each.pk for each in confirm.required_feeds(live, push.first_seq)}
    ]
    flaw = Flaw("transactions", f"{line.id!r} of {line.on} was skipped by the operator: {reason}")
    pushes.end(tx, failed, PushStatus.failed, now, (flaw,))


def _record(
    tx: Write,
    actor: str,
    action: str,
    account: SourceAccount,
    feed: Feed,
    reason: str,
    now: datetime,
    line: QueuedLine | None,
) -> None:
    """With where the feed stood, and why, before it was changed."""
    detail: dict[str, object] = {"bankAccountId": feed.bank_account_id, "listing": feed.listing_id}
    detail |= {"cursor": feed.cursor, "cause": feed.parked_cause, "line": line.id if line else None}
    known = {name: value for name, value in detail.items() if value is not None}
    if feed.status is FeedStatus.parked:
        facts = {"bankAccountId": feed.bank_account_id, "line": line.id if line else None}
        announce.account(tx, Happening.feed_resumed, account, now, **facts)
    audit.record(tx, AuditEntry(now, actor, action, f"account:{account.external_id}", reason, known))
