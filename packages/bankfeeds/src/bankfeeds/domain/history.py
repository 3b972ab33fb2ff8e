"""What happened, as an operator reads it: companies found, push operations, their lines, an account's timeline.

Everything that grows is read in pages, the newest first; a Place says where the next page begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.errors import Invalid, one_flaw
from bankfeeds.domain.feed import FeedStatus, QueuedLine, is_withheld
from bankfeeds.domain.feed_view import FeedView, StatementView
from bankfeeds.domain.push_operation import PushOperation, PushStatus

_PLACE_LENGTH_MAX = 60
_NUMBER_MAX = 2**63 - 1


class Source(StrEnum):
    """Where an entry of a timeline comes from. Of entries at the same moment, the last named source is the newest."""

    authorisation = "authorisation"
    act = "act"
    push = "push"
    statement = "statement"


RANKS = {source: rank for rank, source in enumerate(Source)}


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of a list that is read newest first; what follows is older."""

    at: datetime
    source: Source
    number: int

    def spelled(self) -> str:
        return f"{int(self.at.timestamp() * 1_000_000)}-{self.source}-{self.number}"


def read_place(text: str) -> Place:
    """As `spelled` wrote it; Invalid for anything else."""
    moment, _, rest = text[:_PLACE_LENGTH_MAX].partition("-")
    source, _, number = rest.partition("-")
    is_written_by_us = _is_count(moment) and source in set(Source) and _is_count(number) and int(number) <= _NUMBER_MAX
    if not is_written_by_us or len(text) > _PLACE_LENGTH_MAX:
        raise _no_place()
    try:
        at = datetime.fromtimestamp(int(moment) // 1_000_000, UTC).replace(microsecond=int(moment) % 1_000_000)
    except (OverflowError, ValueError, OSError) as error:
        raise _no_place() from error
    return Place(at, Source(source), int(number))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _no_place() -> Invalid:
    return one_flaw("before", "is no place in this list; begin at its newest entry again")


@dataclass(frozen=True, slots=True)
class FoundCompany:
    """One row of a search: its connections by status, how many accounts, and how its live feeds stand."""

    id: str
    name: str
    created_at: datetime
    connections: Mapping[ConnectionStatus, int]
    accounts: int
    feeds: Mapping[FeedStatus, int]


@dataclass(frozen=True, slots=True)
class PushFilter:
    """What to show of the write history; None: any. Days are of UTC, both ends inclusive."""

    company_id: str | None = None
    external_id: str | None = None
    status: PushStatus | None = None
    first_on: date | None = None
    last_on: date | None = None


@dataclass(frozen=True, slots=True)
class PushRow:
    """A push operation with whose it is; `external_id` and `account_name` of the account it wrote to."""

    number: int
    push: PushOperation
    company_name: str
    external_id: str
    account_name: str | None
    currency: str | None

    @property
    def place(self) -> Place:
        return Place(self.push.requested_at, Source.push, self.number)

    @property
    def new_lines(self) -> int:
        """How many lines it brought that were not known before."""
        first, last = self.push.first_seq, self.push.last_seq
        return 0 if first is None or last is None else last - first + 1


class LineState(StrEnum):
    """How a line stands in one feed."""

    delivered = "delivered"
    in_flight = "inFlight"
    waiting = "waiting"
    parked = "parked"
    withheld = "withheld"
    skipped = "skipped"
    in_sage = "inSage"
    never = "never"


@dataclass(frozen=True, slots=True)
class LineView:
    """A line, and how it stands in each feed of its account, by the feed's number."""

    line: QueuedLine
    states: Mapping[int, LineState]


def state_in(feed: FeedView, in_flight: tuple[int, int] | None, line: QueuedLine, mark: str | None) -> LineState:
    """`in_flight`: the sequence numbers, both inclusive, of the statement under way. `mark`: how it was settled."""
    if mark is not None:
        return LineState.skipped if mark == LineState.skipped.value else LineState.in_sage
    if is_withheld(line.on, feed.start_on):
        return LineState.withheld
    if line.seq <= feed.cursor:
        return LineState.delivered
    if feed.status is FeedStatus.closed:
        return LineState.never
    if feed.status is FeedStatus.parked and feed.parked_line == line.id:
        return LineState.parked
    if in_flight is not None and in_flight[0] <= line.seq <= in_flight[1]:
        return LineState.in_flight
    return LineState.waiting


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to an account. `what` is an audit action, a push's status, a statement's kind, or how an
    authorisation stands; `push` and `statement` are there for entries of these sources.
    """

    place: Place
    what: str
    actor: str | None = None
    reason: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
    push: PushOperation | None = None
    statement: StatementView | None = None
    bank_account_id: str | None = None
