"""A late line: dated before the newest line that was accepted for its account when it came.

Sage takes lines in date order only. So a late line waits until somebody has it presented or drops it; where its account
is set to, it is presented at once: as a line of the day on which it came, with its own day in the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations

from bankfeeds.domain.balance_proof import ZERO, Break
from bankfeeds.domain.text import tidy
from bankfeeds.domain.transaction import Line, TextLimits


class LateState(StrEnum):
    waiting = "waiting"
    presented = "presented"
    dropped = "dropped"


@dataclass(frozen=True, slots=True)
class LateLine:
    """As the institution gave it; the description is None once erased. `file_id` is the statement file it came in.

    Presented, it stands in the account's stream as number `seq`, dated `presented_on`, brought by the push `push_key`.
    """

    account_pk: int
    id: str
    on: date
    amount: Decimal
    balance: Decimal
    type: str
    description: str | None
    counterparty: str | None
    reference: str | None
    file_id: str | None
    at: datetime
    by: str
    state: LateState
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None
    push_key: str | None = None
    seq: int | None = None
    presented_on: date | None = None

    @property
    def line(self) -> Line:
        return Line(
            self.id, self.on, self.amount, self.balance, self.type, self.description or "", self.counterparty,
            self.reference,
        )  # fmt: skip

    def is_same(self, sent: Line) -> bool:
        """Of erased texts nothing is asked."""
        if self.description is None:
            sent = sent._replace(description="", counterparty=None, reference=None)
        return self.line == sent


def came(account_pk: int, line: Line, at: datetime, by: str, file_id: str | None) -> LateLine:
    """One that waits from now on."""
    return LateLine(account_pk, *line, file_id=file_id, at=at, by=by, state=LateState.waiting)


def presented_on(today: date, newest_on: date | None, new: Sequence[Line]) -> date:
    """Today, or the day of the newest line where that is later: none stands before another."""
    days = [today, *(() if newest_on is None else (newest_on,)), *(line.on for line in new[-1:])]
    return max(days)


def as_presented(late: Sequence[Line], on: date, balances: Sequence[Decimal], limits: TextLimits) -> list[Line]:
    """Each with its own day before its text, which is cut behind if it becomes too long."""
    return [
        line._replace(on=on, balance=balance, description=_dated(line, limits))
        for line, balance in zip(late, balances, strict=True)
    ]


def _dated(line: Line, limits: TextLimits) -> str:
    return tidy(f"{line.on}: {line.description}" if line.description else f"{line.on}", limits.description_max)


def explained(
    gaps: Sequence[Break], late: Sequence[LateLine], first_on: date | None
) -> dict[int, tuple[LateLine, ...]]:
    """By the number of a gap's line the late lines that it is there for. `first_on`: of the account's first line.

    Of presented ones the account's balances may have each on its own day, and its lines on another: over such a span
    of days everything adds up, or all but what was dropped or waits. Else a gap may be just what was dropped or waits:
    each of those stands for one gap only. Of before the first line, what its opening balance has leaves one gap.
    """
    presented = [line for line in late if line.state is LateState.presented]
    absent = [line for line in late if line.state is not LateState.presented]
    found = _of_before(first_on, gaps, presented) if first_on is not None else {}
    left = [gap for gap in gaps if gap.seq not in found]
    for span in _spans([line for line in presented if first_on is None or line.on >= first_on]):
        within = [gap for gap in left if span.first_on <= gap.on <= span.last_on]
        total = sum((gap.missing for gap in within), ZERO)
        lacking = _coming_to(total, [line for line in absent if line.on <= span.last_on])
        if lacking is not None and within:
            found.update({gap.seq: (*span.lines, *lacking) for gap in within})
            absent = [line for line in absent if line not in lacking]
    for gap in left:
        lacking = _coming_to(gap.missing, [line for line in absent if line.on <= gap.on])
        if gap.seq not in found and lacking:
            found[gap.seq] = lacking
            absent = [line for line in absent if line not in lacking]
    return found


def _of_before(first_on: date, gaps: Sequence[Break], presented: Sequence[LateLine]) -> dict[int, tuple[LateLine, ...]]:
    """Gaps at lines of before the first day: each just what it, its push, or all of them until then come to."""
    early = [line for line in presented if line.on < first_on]
    at = {line.seq: line for line in early}
    found: dict[int, tuple[LateLine, ...]] = {}
    for gap in gaps:
        line = at.get(gap.seq)
        if line is None:
            continue
        beside = [each for each in early if each.push_key == line.push_key]
        until = [each for each in early if (each.seq or 0) <= gap.seq]
        for lines in ([line], beside, until):
            if sum((each.amount for each in lines), ZERO) == -gap.missing:
                found[gap.seq] = tuple(lines)
                break
    return found


def _coming_to(total: Decimal, late: Sequence[LateLine]) -> tuple[LateLine, ...] | None:
    """Those of them that come to a total: all of some states, or one alone. None if none do."""
    if not total:
        return ()
    by_state = [[line for line in late if line.state is state] for state in LateState]
    sets = [list(chain(*chosen)) for count in (1, 2, 3) for chosen in combinations(by_state, count)]
    sets += [[line] for line in late]
    fitting = (each for each in sets if each and sum((line.amount for line in each), ZERO) == total)
    return next((tuple(each) for each in fitting), None)


@dataclass(frozen=True, slots=True)
class _Span:
    first_on: date
    last_on: date
    lines: tuple[LateLine, ...]


def _spans(presented: Sequence[LateLine]) -> list[_Span]:
    """Days from which to which they were moved, those that touch taken together."""
    spans: list[_Span] = []
    for each in sorted(presented, key=lambda line: line.on):
        last_on = each.presented_on or each.on
        before = spans[-1] if spans else None
        if before is not None and each.on <= before.last_on:
            spans[-1] = _Span(before.first_on, max(before.last_on, last_on), (*before.lines, each))
        else:
            spans.append(_Span(each.on, last_on, (each,)))
    return spans
