"""Where a line came from and where it went; and what of a push is in Sage, for the accountant who is to ignore it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.feed import Feed, QueuedLine, is_withheld
from bankfeeds.domain.late_line import LateLine, LateState
from bankfeeds.domain.taken_file import TakenFile
from bankfeeds.domain.text import is_storable
from bankfeeds.domain.transaction import Line
from bankfeeds.flows import named
from bankfeeds.flows.confirm import SKIPPED
from bankfeeds.flows.context import World
from bankfeeds.store import late_lines, lines, proof, quarantine, statement_files, statements
from bankfeeds.store.engine import Read


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One feed's part: `state` is sent, waiting, withheld or skipped; `statement` the one that it was sent with."""

    listing: str
    bank_account_id: str
    state: str
    statement: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Traced:
    """`late`: as it came, if it came late; then `line` is as it is presented."""

    line: Line
    late: LateLine | None
    push: str | None
    pushed_at: datetime | None
    file: TakenFile | None
    feeds: Sequence[Whereabouts]


@dataclass(frozen=True, slots=True)
class SentLines:
    """What one feed has of a push."""

    listing: str
    bank_account_id: str
    lines: Sequence[QueuedLine]


def line(world: World, account: str, line_id: str) -> Traced:
    def read(tx: Read) -> Traced:
        found = named.account(tx, account)
        known = lines.existing(tx, found.pk, [line_id]).get(line_id) if is_storable(line_id) else None
        late = late_lines.called(tx, found.pk, [line_id]).get(line_id) if is_storable(line_id) else None
        if known is None and late is not None:
            became = "waits" if late.state is LateState.waiting else "was dropped"
            raise NotFound(
                "line", f"line {line_id} of {late.on} came late and {became}; `bankfeeds late list` shows it"
            )
        if known is None:
            raise NotFound("line", f"account {found.id} has no line {line_id}")
        seq, content, _ = known
        push, pushed_at = proof.push_of(tx, found.pk, seq) or (None, None)
        file = statement_files.of_push(tx, push) if push is not None else None
        if file is None and late is not None and late.file_id is not None:
            file = statement_files.find(tx, late.file_id)
        return Traced(
            content,
            late,
            push,
            pushed_at,
            file,
            [_whereabouts(tx, feed, seq, content) for feed in proof.feeds_of(tx, found.pk)],
        )

    return world.db.read(read)


def _whereabouts(tx: Read, feed: Feed, seq: int, content: Line) -> Whereabouts:
    skipped = [reason for _, reason in statements.marked(tx, [feed.pk], seq, seq, SKIPPED)]
    number = proof.statement_of(tx, feed.pk, seq)
    if skipped:
        state = "skipped"
    elif is_withheld(content.on, feed.start_on):
        state = "withheld"
    else:
        state = "sent" if seq <= feed.cursor else "waiting"
    is_sent = state == "sent"
    return Whereabouts(
        feed.listing_id, feed.bank_account_id, state, number if is_sent else None, skipped[0] if skipped else None
    )


def in_sage(world: World, push_key: str) -> list[SentLines]:
    """What of a push each feed has, in feeds that are closed too."""

    def read(tx: Read) -> list[SentLines]:
        push = quarantine.push_called(tx, push_key) if is_storable(push_key) else None
        if push is None:
            raise NotFound("push", f"there is no push operation {push_key}")
        if push.first_seq is None or push.last_seq is None:
            return []
        found = [
            SentLines(feed.listing_id, feed.bank_account_id, proof.sent(tx, feed, push.first_seq, push.last_seq))
            for feed in proof.feeds_of(tx, push.account_pk)
        ]
        return [each for each in found if each.lines]

    return world.db.read(read)
