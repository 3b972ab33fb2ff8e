"""The proof of an account's balances: what it closed with, plus its lines, is what it closes with, day after day.

A line carries the balance after it. Where each line follows on the one before, every day, push and statement adds up;
so only the places where one does not (`Break`) have to be looked at. Breaks within a day that make up for each other
are no gap: some institutions give all lines of a day the day's closing balance.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from operator import add
from typing import NamedTuple

ZERO = Decimal(0)
BREAKS_KEPT_MAX = 10_000
"""Beyond it the account is not one whose lines have balances, or its lines are not in the order they were booked in."""


class Verdict(StrEnum):
    proved = "proved"
    failed = "failed"
    unproved = "unproved"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that follow on one another in the account's stream, from `first_seq` on; ISO days, decimal texts."""

    first_seq: int
    days: Sequence[str]
    amounts: Sequence[str]
    balances: Sequence[str]


class Moved(NamedTuple):
    """A line that came late: its own day, and the one among whose lines it stands."""

    on: date
    stands_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Break:
    """A line whose balance is not the one before plus its amount. `missing` is what would have to stand between."""

    seq: int
    on: date
    amount: Decimal
    expected: Decimal
    found: Decimal

    @property
    def missing(self) -> Decimal:
        return self.found - self.expected

    @property
    def has_turned_sign(self) -> bool:
        return self.found == self.expected - 2 * self.amount


@dataclass(frozen=True, slots=True)
class Day:
    """The last line is `last_seq`; `opening` is what the day before closed with."""

    on: date
    first_seq: int
    last_seq: int
    opening: Decimal
    total: Decimal
    closing: Decimal

    @property
    def count(self) -> int:
        return self.last_seq - self.first_seq + 1

    @property
    def missing(self) -> Decimal:
        return self.closing - self.opening - self.total


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The institution's own closing balance of a day, and what the lines up to then come to."""

    on: date
    by_lines: Decimal
    stated: Decimal

    @property
    def missing(self) -> Decimal:
        return self.stated - self.by_lines


@dataclass(frozen=True, slots=True)
class Proof:
    """`days` with lines, oldest first; `gaps` are the `breaks` of days that do not add up; of more breaks than
    BREAKS_KEPT_MAX the first are there. `has_balances` is False where the lines carry none, all of them being 0.
    `checked_closings` counts the institution's own that were compared.
    """

    days: Sequence[Day]
    breaks: Sequence[Break]
    gaps: Sequence[Break]
    disagreements: Sequence[Disagreement]
    has_balances: bool
    checked_closings: int

    @property
    def has_more_breaks(self) -> bool:
        return len(self.breaks) >= BREAKS_KEPT_MAX

    @property
    def verdict(self) -> Verdict:
        if self.gaps or self.disagreements:
            return Verdict.failed
        is_shown = bool(self.days) and (self.has_balances or self.checked_closings > 0)
        return Verdict.proved if is_shown else Verdict.unproved

    @property
    def has_turned_signs(self) -> bool:
        """Every gap would be none if money in and money out had been told the other way round."""
        return bool(self.gaps) and all(gap.has_turned_sign for gap in self.gaps)


@dataclass(slots=True)
class _Sums:
    first_seq: int
    last_seq: int
    total: Decimal
    closing: Decimal
    is_level: bool


@dataclass(slots=True)
class Prover:
    """Given an account's lines in their order, a stretch at a time; `proof` then says how they stand."""

    first_amount: Decimal = ZERO
    first_balance: Decimal = ZERO
    last: Decimal | None = None
    sums: dict[str, _Sums] = field(default_factory=dict[str, _Sums])
    breaks: list[Break] = field(default_factory=list[Break])
    has_balances: bool = False
    has_amounts: bool = False

    def read(self, stretch: Stretch) -> None:
        if not stretch.days:
            return
        amounts, balances = list(map(Decimal, stretch.amounts)), list(map(Decimal, stretch.balances))
        if self.last is None:
            self.first_amount, self.first_balance = amounts[0], balances[0]
            self.last = balances[0] - amounts[0]
        expected = list(map(add, [self.last, *balances[:-1]], amounts))
        if expected != balances:
            self._find_breaks(stretch, amounts, expected, balances)
        self._add_up(stretch, amounts, balances)
        self.has_balances = self.has_balances or any(balances)
        self.has_amounts = self.has_amounts or any(amounts)
        self.last = balances[-1]

    def _find_breaks(
        self, stretch: Stretch, amounts: Sequence[Decimal], expected: Sequence[Decimal], balances: Sequence[Decimal]
    ) -> None:
        rows = zip(stretch.days, amounts, expected, balances, strict=True)
        for seq, (day, amount, wanted, found) in enumerate(rows, stretch.first_seq):
            if wanted != found and len(self.breaks) < BREAKS_KEPT_MAX:
                self.breaks.append(Break(seq, date.fromisoformat(day), amount, wanted, found))

    def _add_up(self, stretch: Stretch, amounts: Sequence[Decimal], balances: Sequence[Decimal]) -> None:
        at = 0
        while at < len(stretch.days):
            day = stretch.days[at]
            end = bisect_right(stretch.days, day, at)
            total, closing = sum(amounts[at:end], ZERO), balances[end - 1]
            is_first = next(iter(self.sums), day) == day
            is_level = is_first and balances[at:end].count(closing) == end - at
            known = self.sums.setdefault(day, _Sums(stretch.first_seq + at, 0, ZERO, closing, is_level=True))
            known.is_level = known.is_level and is_level and known.closing == closing
            known.last_seq, known.total, known.closing = stretch.first_seq + end - 1, known.total + total, closing
            at = end

    def proof(self, stated: Mapping[date, Decimal], moved: Sequence[Moved] = ()) -> Proof:
        """`stated`: the institution's own closing balances. `moved`: lines that stand on another day than theirs."""
        breaks, days = self._first_break() + self.breaks, self._days()
        has_balances = self.has_balances or not self.has_amounts
        open_days = {day.on for day in days if day.missing}
        gaps = [each for each in breaks if each.on in open_days] if has_balances else []
        closings = sorted((on, balance) for on, balance in stated.items() if days and on >= days[0].on)
        if has_balances:
            return Proof(days, breaks, gaps, _compare(days, closings), has_balances, len(closings))
        before = max((on for on in stated if days and on < days[0].on), default=None)
        chain = closings if before is None else [(before, stated[before]), *closings]
        return Proof(days, [], [], _compare_totals(days, chain, moved), has_balances, max(len(chain) - 1, 0))

    def _opening(self) -> Decimal:
        """Before the first line. If all lines of its day carry one balance, it is the day's, and the day begins
        with what its lines leave of it.
        """
        first = next(iter(self.sums.values()), None)
        if first is None:
            return ZERO
        return first.closing - first.total if first.is_level else self.first_balance - self.first_amount

    def _first_break(self) -> list[Break]:
        expected = self._opening() + self.first_amount
        if expected == self.first_balance:
            return []
        on = date.fromisoformat(next(iter(self.sums)))
        return [Break(1, on, self.first_amount, expected, self.first_balance)]

    def _days(self) -> list[Day]:
        days: list[Day] = []
        opening = self._opening()
        for text, sums in self.sums.items():
            on = date.fromisoformat(text)
            days.append(Day(on, sums.first_seq, sums.last_seq, opening, sums.total, sums.closing))
            opening = sums.closing
        return days


def _compare(days: Sequence[Day], stated: Sequence[tuple[date, Decimal]]) -> list[Disagreement]:
    ons = [day.on for day in days]
    found = [Disagreement(on, days[bisect_right(ons, on) - 1].closing, balance) for on, balance in stated]
    return [each for each in found if each.missing]


def _compare_totals(
    days: Sequence[Day], stated: Sequence[tuple[date, Decimal]], moved: Sequence[Moved]
) -> list[Disagreement]:
    """Without balances on the lines: from one closing balance that the institution states to the next."""
    ons = [day.on for day in days]
    wrong: list[Disagreement] = []
    for (before, opening), (on, closing) in pairwise(stated):
        between = days[bisect_right(ons, before) : bisect_right(ons, on)]
        reached = opening + sum((day.total for day in between), ZERO)
        reached += sum((line.amount for line in moved if before < line.on <= on), ZERO)
        reached -= sum((line.amount for line in moved if before < line.stands_on <= on), ZERO)
        if reached != closing:
            wrong.append(Disagreement(on, reached, closing))
    return wrong


def total_before(days: Sequence[Day], on: date) -> tuple[int, Decimal]:
    """How many lines are dated before a day, and what they come to."""
    earlier = days[: bisect_left([day.on for day in days], on)]
    return sum(day.count for day in earlier), sum((day.total for day in earlier), ZERO)


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line that stands for a gap, and why it is one."""

    seq: int
    id: str
    on: date
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class FeedProof:
    """One feed against the institution: `running` is what Sage has by its own arithmetic, `closing` what the
    institution says after the last line that is settled there. Each line that Sage has not got is named in `skipped`,
    each place where the institution's own balances jump in `breaks`; `withheld` lines are from before the start date.
    """

    listing: str
    bank_account_id: str
    status: str
    start_on: date | None
    settled_seq: int
    settled_on: date | None
    opening: Decimal
    accepted_count: int
    accepted_total: Decimal
    closing: Decimal
    skipped: Sequence[NamedLine]
    breaks: Sequence[Break]
    has_more_breaks: bool
    withheld_count: int
    withheld_total: Decimal
    waiting_count: int
    waiting_total: Decimal

    @property
    def running(self) -> Decimal:
        return self.opening + self.accepted_total

    @property
    def missing(self) -> Decimal:
        """0 where Sage shows what the institution does."""
        return self.closing - self.running

    @property
    def named(self) -> Decimal:
        return sum((line.amount for line in self.skipped), ZERO) + sum((each.missing for each in self.breaks), ZERO)

    @property
    def is_explained(self) -> bool:
        return self.has_more_breaks or self.missing == self.named
