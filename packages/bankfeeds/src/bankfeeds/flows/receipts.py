"""Receipts: for each line that a push operation brought, where it has got to on its way into Sage."""

from datetime import date, datetime

from bankfeeds.domain.feed import FeedStatus, QueuedLine, is_withheld, why_withheld
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.receipt import Receipt, ReceiptState, of_all
from bankfeeds.flows import confirm, pushes
from bankfeeds.flows.context import World
from bankfeeds.store import history, overview, receipts, source_accounts
from bankfeeds.store.engine import Read
from bankfeeds.store.receipts import Carrier, Mark

FEEDS_MAX = 50
REAUTHORISATION = "its user has to authorise the account again, in Sage"


def page(world: World, company_id: str, key: str, offset: int, limit: int) -> tuple[list[Receipt], int]:
    """In the order of the push, and how many there are. Lines passed over as known have theirs where they came
    first.
    """

    def read(tx: Read) -> tuple[list[Receipt], int]:
        account_pk, push = pushes.find(tx, company_id, key)
        if push.first_seq is None or push.last_seq is None:
            return [], 0
        total = push.last_seq - push.first_seq + 1
        first = push.first_seq + offset
        last = min(first + limit - 1, push.last_seq)
        return (_receipts(tx, account_pk, push, first, last) if first <= last else []), total

    return world.db.read(read)


def _receipts(tx: Read, account_pk: int, push: PushOperation, first_seq: int, last_seq: int) -> list[Receipt]:
    every = [feed for _, feed in overview.feeds_of_accounts(tx, [account_pk], FEEDS_MAX)]
    concerned = [feed for feed in every if feed.status is not FeedStatus.closed] or every
    cut_over_on = source_accounts.get(tx, account_pk).cut_over_on
    numbers = [feed.number for feed in concerned]
    carriers = receipts.carriers(tx, numbers, first_seq, last_seq)
    marks = receipts.marks(tx, numbers, first_seq, last_seq)
    return [
        of_all(
            [
                _receipt(push.requested_at, feed, cut_over_on, line, carriers, marks.get((feed.number, line.seq)))
                for feed in concerned
            ]
        )
        for line in history.lines_of(tx, account_pk, first_seq, last_seq)
    ]


def _receipt(
    accepted_at: datetime,
    feed: FeedView,
    cut_over_on: date | None,
    line: QueuedLine,
    carriers: list[Carrier],
    mark: Mark | None,
) -> Receipt:
    if mark is not None:
        state = ReceiptState.skipped if mark.mark == confirm.SKIPPED else ReceiptState.in_sage
        return Receipt(line.id, state, mark.at, None, mark.reason)
    if is_withheld(line.on, feed.start_on):
        reason = f"dated before {feed.start_on}, {why_withheld(feed.start_on, cut_over_on)}"
        return Receipt(line.id, ReceiptState.withheld, accepted_at, None, reason)
    for each in carriers:
        if each.feed_number == feed.number and each.first_seq <= line.seq <= each.last_seq:
            state = ReceiptState.in_sage if each.is_done else ReceiptState.in_statement
            return Receipt(line.id, state, each.at, each.sage_id)
    if feed.status is FeedStatus.parked and feed.parked_line == line.id:
        return Receipt(line.id, ReceiptState.refused, feed.parked_at or accepted_at, None, feed.parked_cause)
    return Receipt(line.id, ReceiptState.accepted, accepted_at, None, _cause(feed))


def _cause(feed: FeedView) -> str | None:
    """Why it is in no statement yet, if it is not just its turn."""
    if feed.status is FeedStatus.closed:
        return f"the feed was closed before it was sent: {feed.close_cause}"
    if feed.parked_cause is not None and feed.status is FeedStatus.parked:
        return feed.parked_cause
    if feed.is_paused:
        return pushes.PAUSED
    return REAUTHORISATION if feed.needs_reauthorisation else None
