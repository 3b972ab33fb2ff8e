"""What one bank account holds: its statements in order of completion, their lines, the ids ever used."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from sage_sandbox import lines as stored
from sage_sandbox.records import Lines, Statement
from sage_sandbox.rules import business_date
from sage_sandbox.wire import Line


@dataclass
class Block:
    """The lines that one statement stored, numbered from its first transaction id."""

    statement: Statement
    first_id: int
    count: int
    kept: Lines

    def lines(self) -> list[Line]:
        return stored.read(self.kept)

    def facts(self) -> list[stored.Fact]:
        return stored.facts(self.kept)


@dataclass
class Ledger:
    """`unstored_ids` were sent in statements that failed, or in lines that were left out.

    Ids are keys of a dict: the garbage collector looks into a set, one id after the other, for 100 ms a million.
    """

    blocks: list[Block] = field(default_factory=list[Block])
    first_ids: list[int] = field(default_factory=list[int])
    stored_ids: dict[str, None] = field(default_factory=dict[str, None])
    unstored_ids: dict[str, None] = field(default_factory=dict[str, None])
    newest_on: date | None = None
    count: int = 0
    next_id: int = 1
    in_flight: str | None = None

    def append(self, statement: Statement, kept: Lines, lines: Collection[Line | stored.Fact]) -> None:
        """Store a finished statement's lines under the ids it was given."""
        self.blocks.append(Block(statement, statement.first_transaction_id, len(lines), kept))
        self.first_ids.append(statement.first_transaction_id)
        self.stored_ids.update(dict.fromkeys([line.unique_id for line in lines]))
        self.count += len(lines)
        self.next_id = max(self.next_id, statement.first_transaction_id + len(lines))
        if lines:
            newest = max([business_date(line.date_posted) for line in lines])
            self.newest_on = newest if self.newest_on is None else max(newest, self.newest_on)

    def leave_out(self, lines: Iterable[Line | stored.Fact]) -> None:
        """Remember the ids of lines that were sent and are not stored."""
        self.unstored_ids.update(dict.fromkeys([line.unique_id for line in lines]))

    def numbered(self, start: int = 1) -> Iterator[tuple[int, Line]]:
        """Lines with their transaction ids, from the given id on."""
        first = max(0, bisect_right(self.first_ids, start) - 1)
        for block in self.blocks[first:]:
            if block.first_id + block.count <= start:
                continue
            at = max(0, start - block.first_id)
            yield from enumerate(stored.read_from(block.kept, at), block.first_id + at)

    @property
    def last_id(self) -> int | None:
        for block in reversed(self.blocks):
            if block.count:
                return block.first_id + block.count - 1
        return None
