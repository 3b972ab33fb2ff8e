"""The balances of late lines that are presented: whether the account's own balances have them already.

The account's lines as they stand have gaps: what a balance moved by, without the line's amount. A line that came late
and is in the balances of those behind its day is such a gap; presented, it leaves the balance as it is, which makes up
for the gap. One that no balance has goes on from the last balance. Until a line in time brings the next balance of the
institution's own, a line that went on may turn out to be in the balances after all, with others of its day.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise, product

from bankfeeds.domain.balance_proof import ZERO, Stretch
from bankfeeds.domain.late_line import LateLine, LateState
from bankfeeds.domain.transaction import Line

ASKED_ALONE_MAX = 50
"""Late lines of one push that are asked one by one whether the balances have them; more are only asked together."""
OPEN_TRIED_MAX = 50
"""Of the lines that went on, so many of the newest are tried in every number, and all of them at once."""
DAYS_TRIED_MAX = 10
"""Days, the late line's own and those before it, since which it is looked for what is missing."""
_Chosen = tuple[Line, ...]


def balances_after(late: Sequence[Line], others: Sequence[LateLine], newest: Stretch) -> list[Decimal]:
    """The account's balance after each of them, in their order behind its `newest` lines; `others` came late, too.

    An account whose lines carry no balance gets none.
    """
    stream = _Stream(newest, others)
    if not stream.has_balances and not any(line.balance for line in late):
        return [ZERO] * len(late)
    early = [line for line in late if stream.is_of_before(line.on)]
    rest = list(late[len(early) :])
    opens_with = stream.of_before(early)
    after = [stream.put(line, opens_with if line in opens_with else None) for line in early]
    among = stream.among(rest) if rest else None
    if among is not None:
        return [*after, *stream.leave(rest, among)]
    is_asked = len(rest) <= ASKED_ALONE_MAX
    return [*after, *(stream.put(line, stream.among([line]) if is_asked else None) for line in rest)]


class _Stream:
    """The account's newest lines as they stand, and what is put behind them."""

    def __init__(self, newest: Stretch, others: Sequence[LateLine]) -> None:
        amounts, balances = list(map(Decimal, newest.amounts)), list(map(Decimal, newest.balances))
        gaps = [ZERO, *(b - a - amount for (a, b), amount in zip(pairwise(balances), amounts[1:], strict=True))]
        moved = {line.seq: line for line in others if line.seq is not None}
        self._is_whole = newest.first_seq == 1
        if self._is_whole:
            level = _level(newest.days, balances)
            gaps[:level] = [ZERO] * level
        self._first_on = newest.days[0]
        self._opening = _opening(newest.days, amounts, balances)
        self._balance = balances[-1]
        self._absent = [line for line in others if line.state is not LateState.presented]
        self._early = [line for line in moved.values() if self.is_of_before(line.on)]
        self._days: list[str] = []
        self._gaps: list[Decimal] = []
        self._open: list[Line] = []
        self.has_balances = False
        for seq, (day, gap, balance) in enumerate(zip(newest.days, gaps, balances, strict=True), newest.first_seq):
            line = moved.get(seq)
            if line is None:
                self._days.append(day)
                self._gaps.append(gap)
                self._open = []
                self.has_balances = self.has_balances or bool(balance)
            elif gap:
                self._fill(line.on, gap)
            else:
                self._open.append(line.line)

    def is_of_before(self, on: date) -> bool:
        """Of before the account's first line, as far as that is known."""
        return self._is_whole and on.isoformat() < self._first_on

    def of_before(self, early: Sequence[Line]) -> _Chosen:
        """Of these and those before the lines that lead to the opening balance, one after the other, by their own."""
        known = [*(line.line for line in self._early), *early]
        chosen: list[Line] = []
        balance = self._opening
        for line in sorted(known, key=lambda line: line.on)[::-1]:
            if line.balance == balance:
                chosen.append(line)
                balance -= line.amount
        return tuple(chosen)

    def among(self, late: Sequence[Line]) -> _Chosen | None:
        """Those beside which these are in the balances; None if these are not.

        They are if, since their days, just what they come to is missing, alone or with others. They are not if nothing
        is, or what was dropped, or what waits.
        """
        total = _sum(late)
        for on in self._since(late[0].on):
            lacking = self._lacking(on)
            if not lacking:
                continue
            absent = [line for line in self._absent if line.on >= on]
            dropped = [line.line for line in absent if line.state is LateState.dropped]
            waiting = [line.line for line in absent if line.state is LateState.waiting]
            if _coming_to(lacking, [], dropped, []) is not None:
                continue
            if lacking == total:
                return ()
            if _coming_to(lacking, [], dropped, waiting) is not None:
                continue
            found = _coming_to(lacking - total, [line for line in self._open if line.on >= on], dropped, waiting)
            if found is not None:
                return found
        return None

    def leave(self, late: Sequence[Line], among: _Chosen) -> Iterator[Decimal]:
        """They are in the balances, with those: all of them leave the balance as it then is."""
        ids = {line.id for line in among}
        balance = self._balance - sum((line.amount for line in self._open if line.id in ids), ZERO)
        self._open = [line for line in self._open if line.id not in ids]
        for line in late:
            self._fill(line.on, balance - self._balance - line.amount)
            self._balance = balance
            yield balance

    def put(self, line: Line, among: _Chosen | None) -> Decimal:
        """Behind the others; `among` None: it goes on from the last balance."""
        if among is not None:
            return next(self.leave([line], tuple(each for each in among if each is not line)))
        self._balance += line.amount
        self._open.append(line)
        return self._balance

    def _fill(self, on: date, gap: Decimal) -> None:
        """A late line that leaves the balance as it is makes up for the first gap behind its day. Of before the first
        line there is none.
        """
        first = bisect_left(self._days, on.isoformat())
        at = next((n for n in range(first, len(self._gaps)) if self._gaps[n]), None)
        if at is not None and not self.is_of_before(on):
            self._gaps[at] += gap

    def _since(self, on: date) -> list[date]:
        """Its day, then those of other lines whose gap may be theirs together."""
        earlier = {line.on for line in self._absent if line.on < on} | {line.on for line in self._open if line.on < on}
        before = sorted((day for day in earlier if not self.is_of_before(day)), reverse=True)
        return [on, *before][:DAYS_TRIED_MAX]

    def _lacking(self, on: date) -> Decimal:
        """Nothing known: 0, if these lines begin later and are not all of the account's."""
        at = bisect_left(self._days, on.isoformat())
        return ZERO if at == 0 and not self._is_whole else sum(self._gaps[at:], ZERO)


def _level(days: Sequence[str], balances: Sequence[Decimal]) -> int:
    """How many lines the first day has, if all carry one balance: that of its end. Else 1."""
    count = sum(day == days[0] for day in days)
    return count if len(set(balances[:count])) == 1 else 1


def _opening(days: Sequence[str], amounts: Sequence[Decimal], balances: Sequence[Decimal]) -> Decimal:
    return balances[0] - sum(amounts[: _level(days, balances)], ZERO)


def _coming_to(
    total: Decimal, opened: Sequence[Line], dropped: Sequence[Line], waiting: Sequence[Line]
) -> _Chosen | None:
    """Some of the opened, the newest of them, with all that were dropped or wait or none of those; else one line alone.
    None if nothing comes to the total.
    """
    begin = max(len(opened) - OPEN_TRIED_MAX, 0)
    behind = [opened, *(opened[n:] for n in range(begin, len(opened))), opened[:0]]
    beside = [(lines, _sum(lines)) for lines in ((), dropped, waiting, (*dropped, *waiting))]
    for (some, some_total), (more, more_total) in product([(lines, _sum(lines)) for lines in behind], beside):
        if some_total + more_total == total and (some or more):
            return (*some, *more)
    return next(((line,) for line in (*opened, *dropped, *waiting) if line.amount == total), None)


def _sum(lines: Sequence[Line]) -> Decimal:
    return sum((line.amount for line in lines), ZERO)
