"""What happened, for whoever looks into it: the write history, one push operation, an account and its timeline."""

from dataclasses import dataclass
from datetime import datetime

from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.domain.feed_view import FeedView, StatementView
from bankfeeds.domain.history import Entry, LineView, PushFilter, PushRow, read_place, state_in
from bankfeeds.domain.pause import Pause, scopes_over
from bankfeeds.domain.showing import Showing, showings
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import source_accounts as account_flows
from bankfeeds.flows.context import World
from bankfeeds.store import companies, connections, history, overview, pauses, source_accounts, timeline
from bankfeeds.store.engine import Read

PUSHES_PER_PAGE = 50
ENTRIES_PER_PAGE = 50
LINES_PER_PAGE = 100
LINES_MAX = 10**12
STATEMENTS_SHOWN_MAX = 50
FEEDS_SHOWN_MAX = 50
WITHHELD_COUNTED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Pushes:
    """One page, newest first; `before` is where the next one begins, None on the last."""

    rows: list[PushRow]
    before: str | None


@dataclass(frozen=True, slots=True)
class PushDetail:
    """`lines` is one page of what it brought; `after_line` is how many lines come before the next page, None on the
    last. `originals`: the operations that brought what this one repeats. `statements` each with its feed's number.
    """

    row: PushRow
    lines: list[LineView]
    after_line: int | None
    originals: list[str]
    feeds: list[FeedView]
    statements: list[tuple[int, StatementView]]


@dataclass(frozen=True, slots=True)
class FeedWithheld:
    """A feed, and how many lines it withholds; `is_more` if there are at least as many as were counted."""

    feed: FeedView
    withheld: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """`company` and `connection` are None once deleted. `before` as in Pushes, of the entries. `delivered_at` and when
    the customer sees it: None and nothing before the first statement with lines is done.
    """

    account: SourceAccount
    created_at: datetime
    deleted_at: datetime | None
    company: Company | None
    connection: Connection | None
    feeds: list[FeedWithheld]
    pauses: list[Pause]
    delivered_at: datetime | None
    shows: list[Showing]
    entries: list[Entry]
    before: str | None


def pushes(world: World, wanted: PushFilter, before: str | None = None) -> Pushes:
    """Invalid if the days are the wrong way round, or `before` is no place of ours."""
    for name, value in (("company", wanted.company_id), ("account", wanted.external_id)):
        if value is not None and not is_storable(value):
            raise one_flaw(name, "is no id")
    if wanted.first_on is not None and wanted.last_on is not None and wanted.last_on < wanted.first_on:
        raise one_flaw("to", f"{wanted.last_on} is before {wanted.first_on}, the first day asked for")
    place = None if before is None else read_place(before)
    found = world.db.read(lambda tx: history.page(tx, wanted, place, PUSHES_PER_PAGE + 1))
    shown = found[:PUSHES_PER_PAGE]
    return Pushes(shown, shown[-1].place.spelled() if len(found) > PUSHES_PER_PAGE else None)


def push(world: World, key: str, skipped: int = 0) -> PushDetail:
    """One operation, and a page of its new lines behind the first `skipped`."""
    if not 0 <= skipped <= LINES_MAX:
        raise one_flaw("lines", f"is 0 to {LINES_MAX}")

    def read(tx: Read) -> PushDetail:
        found = history.find(tx, key) if is_storable(key) else None
        if found is None:
            raise NotFound("push_operation", f"there is no push operation {key}")
        account_pk, row = found
        feeds = [feed for _, feed in overview.feeds_of_accounts(tx, [account_pk], FEEDS_SHOWN_MAX)]
        if row.push.first_seq is None or row.push.last_seq is None:
            return PushDetail(row, [], None, history.originals(tx, row.number), feeds, [])
        first = row.push.first_seq + skipped
        last = min(first + LINES_PER_PAGE - 1, row.push.last_seq)
        statements = history.statements_over(
            tx, [feed.number for feed in feeds], row.push.first_seq, row.push.last_seq, STATEMENTS_SHOWN_MAX
        )
        after = skipped + LINES_PER_PAGE if last < row.push.last_seq else None
        return PushDetail(row, _lines(tx, account_pk, feeds, first, last), after, [], feeds, statements)

    return world.db.read(read)


def account(world: World, external_id: str, before: str | None = None) -> AccountDetail:
    """Also one that is deleted; with a page of its timeline."""
    place = None if before is None else read_place(before)
    now = world.clock()

    def read(tx: Read) -> AccountDetail:
        ever = source_accounts.ever_called(tx, external_id) if is_storable(external_id) else None
        if ever is None:
            raise account_flows.unknown(external_id)
        found, created_at, deleted_at = ever
        entries = timeline.page(tx, found, place, ENTRIES_PER_PAGE + 1)
        shown = entries[:ENTRIES_PER_PAGE]
        feeds = [_withheld(tx, pk, feed) for pk, feed in overview.feeds_of_accounts(tx, [found.pk], FEEDS_SHOWN_MAX)]
        scopes = {scope for each in feeds for scope in _scopes(each.feed.listing, found)} | set(_scopes("", found))
        delivered = history.last_delivered(tx, found.pk, [each.feed for each in feeds])
        return AccountDetail(
            found,
            created_at,
            deleted_at,
            companies.find(tx, found.company_id),
            connections.find(tx, found.company_id, found.connection_id),
            feeds,
            [each for each in pauses.every(tx) if each.scope in scopes],
            delivered[0] if delivered else None,
            showings(*delivered, now) if delivered else [],
            shown,
            shown[-1].place.spelled() if len(entries) > ENTRIES_PER_PAGE else None,
        )

    return world.db.read(read)


def _scopes(listing: str, found: SourceAccount) -> tuple[str, ...]:
    return scopes_over(listing, found.company_id, found.external_id)


def _withheld(tx: Read, account_pk: int, feed: FeedView) -> FeedWithheld:
    if feed.start_on is None:
        return FeedWithheld(feed, 0, is_more=False)
    count = history.count_leading(tx, account_pk, feed.start_on, WITHHELD_COUNTED_MAX)
    return FeedWithheld(feed, count, is_more=count == WITHHELD_COUNTED_MAX)


def _lines(tx: Read, account_pk: int, feeds: list[FeedView], first_seq: int, last_seq: int) -> list[LineView]:
    marks = history.marks_of(tx, [feed.number for feed in feeds], first_seq, last_seq)
    under_way = history.under_way(tx, feeds)
    return [
        LineView(
            line,
            {
                feed.number: state_in(feed, under_way.get(feed.number), line, marks.get((feed.number, line.seq)))
                for feed in feeds
            },
        )
        for line in history.lines_of(tx, account_pk, first_seq, last_seq)
    ]
