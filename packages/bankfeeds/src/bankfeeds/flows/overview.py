"""What operators and monitoring read: feeds and how they stand, what is wrong, and how much waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.feed_view import FeedFilter, FeedView, MarkView, StatementView
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.pause import Pause
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.store import listings, overview, pauses
from bankfeeds.store.engine import Read
from bankfeeds.store.standing import standing

STATEMENTS_SHOWN_MAX = 10
LATE_AFTER = timedelta(hours=1)
MARKS_SHOWN_MAX = 50
FEEDS_PER_PAGE = 50
FEED_NUMBER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FeedDetail:
    """`statements` and `marks` are the newest ones, newest first."""

    feed: FeedView
    in_flight: StatementView | None
    statements: list[StatementView]
    marks: list[MarkView]
    pauses: list[Pause]


@dataclass(frozen=True, slots=True)
class Health:
    """`unconfirmed`: listings for which production delivers nothing, since nobody confirmed their amount unit. `late`:
    feeds that nothing holds back and whose oldest line waits for longer than LATE_AFTER all the same.
    """

    parked: list[FeedView]
    late: list[FeedView]
    pauses: list[Pause]
    unconfirmed: list[Listing]
    oldest_waiting: dict[str, datetime]

    @property
    def is_well(self) -> bool:
        """Pauses are somebody's will; they are shown, and are no illness."""
        return not self.parked and not self.late and not self.unconfirmed


def feeds(world: World, *, parked_only: bool = False) -> list[FeedView]:
    """Open and parked ones, in the order they were opened."""
    return world.db.read(lambda tx: overview.feeds(tx, parked_only=parked_only))


@dataclass(frozen=True, slots=True)
class FeedPage:
    """`after` is where the next page begins, None on the last; `refused`: what Sage refused last, of parked feeds."""

    feeds: list[FeedView]
    after: int | None
    refused: dict[int, StatementView]


def feed_page(world: World, show: FeedFilter, after: int = 0) -> FeedPage:
    """Feeds with a number above `after`, in the order they were opened."""
    if not 0 <= after <= FEED_NUMBER_MAX:
        raise one_flaw("after", f"is 0 to {FEED_NUMBER_MAX}")

    def read(tx: Read) -> FeedPage:
        found = overview.feeds_page(tx, show, after, FEEDS_PER_PAGE + 1)
        shown = found[:FEEDS_PER_PAGE]
        parked = [each.number for each in shown if each.status is FeedStatus.parked]
        following = shown[-1].number if len(found) > FEEDS_PER_PAGE else None
        return FeedPage(shown, following, overview.last_refused(tx, parked))

    return world.db.read(read)


def pauses_in_force(world: World) -> list[Pause]:
    """The oldest first."""
    return world.db.read(pauses.every)


def feed(world: World, name: str) -> FeedDetail:
    """By Sage's bank account id or by number; closed ones too."""

    def read(tx: Read) -> FeedDetail:
        found = named.feed(tx, name)
        under_way = None if found.statement_number is None else overview.statement(tx, found.statement_number)
        over = pauses.over(tx, found.listing, found.company_id, found.external_id) if found.is_paused else []
        return FeedDetail(
            found,
            under_way,
            overview.recent_statements(tx, found.number, STATEMENTS_SHOWN_MAX),
            overview.marks(tx, found.number, MARKS_SHOWN_MAX),
            over,
        )

    return world.db.read(read)


def health(world: World) -> Health:
    late_before = world.clock() - LATE_AFTER

    def read(tx: Read) -> Health:
        unconfirmed = [each for each in listings.live(tx) if each.confirmed_at is None] if world.is_production else []
        every = overview.feeds(tx, parked_only=False)
        parked = [feed for feed in every if feed.status is FeedStatus.parked]
        late = [feed for feed in every if feed.is_late(late_before)]
        return Health(parked, late, pauses.every(tx), unconfirmed, standing(tx).oldest_waiting)

    return world.db.read(read)
