"""A late line: dated before the newest line that was accepted for its account when it came.

Sage takes lines in date order only. So a late line waits until somebody has it presented or drops it; where its account
is set to, it is presented at once: as a line of the day on which it came, with its own day in the text.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations

from bankfeeds.domain.balance_proof import ZERO, Break, Stretch
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


def balances_after(late: Sequence[Line], others: Sequence[LateLine], newest: Stretch) -> list[Decimal]:
    """The account's balance after each of them, in their order behind its `newest` lines; `others` came late, too.

    If the institution's balances have them already, they end as those are. Else they go on from the last one. An
    account whose lines carry no balance gets none.
    """
    moved = {line.seq for line in others}
    at = [n for n in range(len(newest.days)) if newest.first_seq + n not in moved]
    own = _Own(
        [newest.days[n] for n in at], *([Decimal(of[n]) for n in at] for of in (newest.amounts, newest.balances))
    )
    if not any(own.balances) and not any(line.balance for line in late):
        return [ZERO] * len(late)
    total = sum((line.amount for line in late), ZERO)
    running = Decimal(newest.balances[-1])
    among = _in_balances(late, others, own, is_whole=newest.first_seq == 1) if at else None
    if among is not None:
        behind = {newest.first_seq + n for n in range(at[-1] + 1, len(newest.days))}
        apart = [line for line in others if line.seq in behind and line not in among]
        running = own.balances[-1] + sum((line.amount for line in apart), ZERO) - total
    after: list[Decimal] = []
    for line in late:
        running += line.amount
        after.append(running)
    return after


@dataclass(frozen=True, slots=True)
class _Own:
    """Lines that came in their time, with the institution's own balances; ISO days."""

    days: Sequence[str]
    amounts: Sequence[Decimal]
    balances: Sequence[Decimal]


def _in_balances(
    late: Sequence[Line], others: Sequence[LateLine], own: _Own, *, is_whole: bool
) -> tuple[LateLine, ...] | None:
    """The others beside which these are in the institution's balances already; None if these are not.

    They are if, since their days, just what they come to is missing between the balances, alone or with others. They
    are not if those alone are missing, or nothing. Before the first line, their own balance tells.
    """
    total = sum((line.amount for line in late), ZERO)
    first_on = late[0].on
    if is_whole and late[-1].on.isoformat() < own.days[0]:
        return () if late[-1].balance == own.balances[0] - own.amounts[0] else None
    since = [(first_on, [line for line in others if line.on >= first_on])]
    if others and min(line.on for line in others) < first_on:
        since.append((min(line.on for line in others), list(others)))
    for on, beside in since:
        lacking = _lacking_since(on, own, is_whole=is_whole)
        if lacking is None or _coming_to(lacking, beside) is not None:
            continue
        among = _coming_to(lacking - total, beside)
        if among is not None:
            return among
    return None


def _lacking_since(on: date, own: _Own, *, is_whole: bool) -> Decimal | None:
    """What is missing between the balances from a day on: what they moved by, without what the lines come to.

    None if these lines, the newest of an account, begin later and are not all of them.
    """
    at = bisect_left(own.days, on.isoformat())
    if at == 0 and not is_whole:
        return None
    before = own.balances[at - 1] if at else own.balances[0] - own.amounts[0]
    return own.balances[-1] - before - sum(own.amounts[at:], ZERO)


def explained(gaps: Sequence[Break], late: Sequence[LateLine]) -> dict[int, tuple[LateLine, ...]]:
    """By the number of a gap's line the late lines that it is there for.

    Of presented ones the account's balances may have each on its own day, and its lines on another: over such a span of
    days everything adds up, or all but what was dropped or waits. Else a gap may be just what was dropped or waits.
    """
    presented = [line for line in late if line.state is LateState.presented]
    absent = [line for line in late if line.state is not LateState.presented]
    found: dict[int, tuple[LateLine, ...]] = {}
    for span in _spans(presented):
        within = [gap for gap in gaps if span.first_on <= gap.on <= span.last_on]
        total = sum((gap.missing for gap in within), ZERO)
        lacking = _coming_to(total, [line for line in absent if line.on <= span.last_on])
        if lacking is not None:
            found.update({gap.seq: (*span.lines, *lacking) for gap in within})
    for gap in gaps:
        lacking = _coming_to(gap.missing, [line for line in absent if line.on <= gap.on])
        if gap.seq not in found and lacking:
            found[gap.seq] = lacking
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
