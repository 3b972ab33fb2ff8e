"""What a feed's progress means for the pushes whose lines it carries, and for the account's balance."""

from datetime import datetime

from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.feed import Feed
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.store import feeds, pushes, source_accounts, statements
from bankfeeds.store.engine import Write

SKIPPED = "skipped"
IN_SAGE = "inSage"
CAME_LATE = "came late and is of before"
"""Begins the reason why a feed does not get a late line that its first day withholds: where it should be, it is."""
TIMEOUTS_PER_ROUND = 500


def end_pushes(tx: Write, account_pk: int, now: datetime) -> None:
    """Ends every pending push all of whose lines are settled in all the feeds it has to be in."""
    live = feeds.live_of_account(tx, account_pk)
    if not live:
        return
    succeeded: list[int] = []
    balance = None
    for push in pushes.pending_through(tx, account_pk, max(feed.cursor for feed in live)):
        required = required_feeds(live, push.first_seq)
        if any(feed.cursor < push.last_seq for feed in required):
            continue
        marked = statements.marked(tx, [feed.pk for feed in required], push.first_seq, push.last_seq, SKIPPED)
        skipped = [(seq, reason) for seq, reason in marked if not reason.startswith(CAME_LATE)]
        if skipped:
            flaws = [Flaw("transactions", f"line {seq} was skipped: {reason}") for seq, reason in skipped]
            pushes.end(tx, [push.pk], PushStatus.failed, now, flaws)
        else:
            succeeded.append(push.pk)
            balance = push.balance
    pushes.end(tx, succeeded, PushStatus.success, now)
    if balance is not None:
        source_accounts.update(tx, account_pk, balance=balance, balance_at=now, modified_at=now)


def required_feeds(live: list[Feed], first_seq: int) -> list[Feed]:
    """The feeds that were open when the push came; if none of them is left, all that are open now."""
    return [feed for feed in live if feed.opened_seq < first_seq] or live


def time_out_pushes(tx: Write, now: datetime) -> int:
    """`timeoutInMinutes` changes the operation's status and nothing else: its lines go on to Sage."""
    overdue = pushes.overdue(tx, now, TIMEOUTS_PER_ROUND)
    pushes.end(tx, overdue, PushStatus.timed_out, now)
    return len(overdue)
