"""What Sage said of one call: frozen values, never exceptions.

Done: Sage has stored it. Taken: received, still processing. Rejected: refused, nothing stored.
Deferred: not taken, worth another try. Unknown: we stopped listening, it may or may not have been taken.
Taken is not Done; Unknown is not Deferred.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One error of a refusal; it may name a line by its id or by its place in the statement."""

    code: str
    message: str
    line_id: str | None = None
    duplicate: bool = False
    position: int | None = None

    def line_of(self, line_ids: Sequence[str]) -> str | None:
        """The line named, be it by its id or by its place in the statement."""
        if self.position is not None and self.position < len(line_ids):
            return line_ids[self.position]
        return self.line_id


@dataclass(frozen=True, slots=True)
class Done:
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    reference: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """`gone`: the bank account itself is cancelled or unknown at Sage."""

    reason: str
    problems: tuple[Problem, ...] = ()
    gone: bool = False

    def names_only_duplicates(self, line_ids: Sequence[str]) -> bool:
        """True if every line offered is refused as one that Sage has already. What else Sage says of such a line does
        not matter: one that is stored is also older than the newest stored. A complaint of no line at all does.
        """
        named = {problem.line_of(line_ids) for problem in self.problems}
        known = {problem.line_of(line_ids) for problem in self.problems if problem.duplicate}
        return named == known == set(line_ids)

    @property
    def says_only_duplicate(self) -> bool:
        """A duplicate, and not a word of which: enough for a single line that may have landed already."""
        return bool(self.problems) and all(problem.duplicate for problem in self.problems)

    @property
    def says_cancelled(self) -> bool:
        return any("CANCEL" in problem.code.upper() for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Deferred:
    """`throttled`: Sage answered 429, so the whole listing slows down. `busy`: Sage is well, but an earlier statement
    for the account is still in flight.
    """

    reason: str
    retry_after_s: float | None = None
    throttled: bool = False
    busy: bool = False

    @property
    def is_outage(self) -> bool:
        """Out of reach, or our credentials refused: what would befall every call of the listing."""
        return not self.throttled and not self.busy


@dataclass(frozen=True, slots=True)
class Unknown:
    """`lost`: Sage answered that it knows no such statement, though it had given us its id."""

    reason: str
    lost: bool = False


Outcome = Done | Taken | Rejected | Deferred | Unknown
