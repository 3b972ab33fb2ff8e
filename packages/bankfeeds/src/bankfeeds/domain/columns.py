"""A push's lines field by field: how they are checked and stored when, as almost always, nothing is wrong with them.

`read_columns` asks each question of a whole column at once, in a few calls that run at C speed, and answers None at the
first doubt. Then `transaction.read_lines` looks at every line by itself and says what is wrong or worth a warning. Both
accept the same lines and make the same columns of them, which a test asks of random pushes.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bankfeeds.domain.money import AMOUNT_DIGITS_MAX
from bankfeeds.domain.transaction import DAY_LENGTH, UNKNOWN, Line, RawLine, TextLimits, parse_day


@dataclass(frozen=True, slots=True)
class Columns:
    """Of equal length. Days are ISO text, amounts decimal text with at most their currency's decimals."""

    ids: Sequence[str]
    days: Sequence[str]
    amounts: Sequence[str]
    balances: Sequence[str]
    types: Sequence[str]
    descriptions: Sequence[str]
    counterparties: Sequence[str | None]
    references: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def has_repeats(self) -> bool:
        return len(set(self.ids)) != len(self.ids)

    @property
    def last_day(self) -> date:
        return date.fromisoformat(self.days[-1])

    @property
    def last_balance(self) -> Decimal:
        return Decimal(self.balances[-1])

    def is_in_order(self, newest_on: date | None, latest_on: date) -> bool:
        """Oldest first, nothing before `newest_on`, nothing after `latest_on`. ISO days sort as text."""
        if newest_on is not None and self.days[0] < newest_on.isoformat():
            return False
        return self.days[-1] <= latest_on.isoformat() and sorted(self.days) == list(self.days)

    def count_before(self, on: date) -> int:
        limit = on.isoformat()
        return sum(day < limit for day in self.days)

    def in_order(self) -> tuple[Sequence[str | None], ...]:
        """The columns one after the other, as the table has them."""
        return (
            self.ids,
            self.days,
            self.amounts,
            self.balances,
            self.types,
            self.descriptions,
            self.counterparties,
            self.references,
        )

    def first(self, count: int) -> "Columns":
        return Columns(
            self.ids[:count],
            self.days[:count],
            self.amounts[:count],
            self.balances[:count],
            self.types[:count],
            self.descriptions[:count],
            self.counterparties[:count],
            self.references[:count],
        )

    def lines(self) -> list[Line]:
        """One by one, for whoever has to look closer."""
        return list(
            map(
                Line,
                self.ids,
                map(date.fromisoformat, self.days),
                map(Decimal, self.amounts),
                map(Decimal, self.balances),
                self.types,
                self.descriptions,
                self.counterparties,
                self.references,
            )
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of an account's stream, numbered, oldest first."""

    seqs: Sequence[int]
    columns: Columns

    def __len__(self) -> int:
        return len(self.seqs)

    def before(self, seq: int) -> "Batch":
        """Without the lines from `seq` on."""
        count = bisect_left(self.seqs, seq)
        return self if count == len(self) else Batch(self.seqs[:count], self.columns.first(count))

    def cut(self, limit: int, spread: timedelta) -> "Batch":
        """As many of the oldest as one statement may carry: `limit`, none more than `spread` after the first."""
        if not self.seqs:
            return self
        newest = date.fromisoformat(self.columns.days[0]) + spread
        count = min(limit, bisect_right(self.columns.days, newest.isoformat()))
        return self if count == len(self) else Batch(self.seqs[:count], self.columns.first(count))


NOTHING = Columns((), (), (), (), (), (), (), ())
NO_LINES = Batch((), NOTHING)


def columns_of(lines: Sequence[Line]) -> Columns:
    ids, days, amounts, balances, types, descriptions, counterparties, references = zip(*lines, strict=True)
    return Columns(
        ids,
        [day.isoformat() for day in days],
        [format(amount, "f") for amount in amounts],
        [format(balance, "f") for balance in balances],
        types,
        descriptions,
        counterparties,
        references,
    )


def read_columns(items: Sequence[RawLine], exponent: int, limits: TextLimits) -> Columns | None:
    """None if anything at all has to be looked at line by line."""
    ids = [item.id for item in items]
    descriptions = [item.description for item in items]
    counterparties = [item.counterparty for item in items]
    references = [item.reference for item in items]
    if not (
        _is_plain(ids, limits.id_max, is_needed=True)
        and _is_plain(descriptions, limits.description_max, is_needed=True)
        and _is_plain(counterparties, limits.counterparty_max, is_needed=False)
        and _is_plain(references, limits.reference_max, is_needed=False)
    ):
        return None
    days = _days([item.date for item in items])
    amounts = _numbers([item.amount for item in items], exponent)
    balances = _numbers([item.balance for item in items], exponent)
    types = [item.transactionType for item in items]
    if days is None or amounts is None or balances is None or _signs_disagree(types, amounts):
        return None
    types = [kind or UNKNOWN for kind in types]
    return Columns(ids, days, amounts, balances, types, descriptions, counterparties, references)  # pyright: ignore[reportArgumentType] - _is_plain saw no None


def _is_plain(texts: Sequence[str | None], length_max: int, *, is_needed: bool) -> bool:
    """Every text printable, composed and short enough; none empty. With `is_needed` none is missing either."""
    present = [text for text in texts if text is not None]
    if (is_needed and len(present) != len(texts)) or "" in present:
        return False
    if present and max(map(len, present)) > length_max:
        return False
    together = " ".join(present)
    return together.isprintable() and (together.isascii() or unicodedata.is_normalized("NFC", together))


def _days(texts: Sequence[str | None]) -> list[str] | None:
    """The calendar days as ISO text, if each is one."""
    for text in set(texts):
        if text is None or parse_day(text) is None:
            return None
    return [text[:DAY_LENGTH] for text in texts if text is not None]


def _numbers(raw: Sequence[bytes], exponent: int) -> list[str] | None:
    """The JSON texts, if each is a plain decimal that fits the currency."""
    together = b" ".join(raw)
    if not _PLAIN_NUMBERS[exponent].fullmatch(together):
        return None
    numbers = together.decode().split(" ")
    return numbers if len(numbers) == len(raw) else None


ZEROS_MAX = 20
"""Trailing zeros beyond the currency's decimals that are taken without a closer look."""


def _plain_numbers(exponent: int) -> re.Pattern[bytes]:
    decimals = rb"(?:\.\d{1,%d}0{0,%d}+)?+" % (exponent, ZEROS_MAX) if exponent else rb"(?:\.0{1,%d}+)?+" % ZEROS_MAX
    number = rb"-?+(?:0|[1-9]\d{0,%d}+)%b" % (AMOUNT_DIGITS_MAX - 1, decimals)
    return re.compile(rb"%b(?: %b)*+" % (number, number))


_PLAIN_NUMBERS = {exponent: _plain_numbers(exponent) for exponent in range(5)}


def _signs_disagree(types: Sequence[str | None], amounts: Sequence[str]) -> bool:
    """A credit below zero or a debit above it is worth a warning; a debit of nothing is not, but is rare enough."""
    minus = [amount.startswith("-") for amount in amounts]
    seen = set(zip(types, minus, strict=True))
    return ("Credit", True) in seen or ("Debit", False) in seen
