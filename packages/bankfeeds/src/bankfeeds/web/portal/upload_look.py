"""What a look at an uploaded statement file finds: what would be done with it, or why it cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.domain.taken_file import OriginalFile
from bankfeeds.flows.take_file import Planned


@dataclass(frozen=True, slots=True)
class Look:
    """`profile`: by which a CSV file was read, as JSON; `reasons` why it was suggested, if it was."""

    original: OriginalFile
    plans: Sequence[Planned]
    damage: UnreadableFile | None
    profile: str
    reasons: Sequence[str]

    @property
    def is_held(self) -> bool:
        return any(plan.is_held for plan in self.plans)

    @property
    def taken(self) -> int:
        """Lines that go on their way once it is taken."""
        return sum(len(batch) for plan in self.plans for batch in plan.batches)

    @property
    def late(self) -> int:
        return sum(len(plan.sorted.late) for plan in self.plans)


@dataclass(frozen=True, slots=True)
class Unread:
    original: OriginalFile
    error: Exception
    profile: str
    reasons: Sequence[str]
