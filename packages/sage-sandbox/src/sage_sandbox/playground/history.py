"""The lines of the playground's accounts: made up, and the same for the same account and number every time."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from sage_sandbox.playground.records import Day, PlaygroundAccount

LINES_MAX = 10_000
HISTORY_DAYS = 14
_OPENING_BALANCE = 250_000
_CREDITS = (
    "Invoice paid: Alder & Finch",
    "Invoice paid: Blue Door Cafe",
    "Card takings",
    "Refund: Mill Lane Stationers",
)
_DEBITS = (
    "Mill Lane Stationers",
    "Northway Fuel",
    "Rent, unit 4",
    "Harbour Telecom",
    "Copper Kettle Catering",
    "City parking",
    "Electricity, direct debit",
)


class MadeLine(NamedTuple):
    """Amounts are in hundredths: every currency of the playground has two decimals."""

    unique_id: str
    amount: int
    on: str
    description: str
    reference: str


def first_days(today: date) -> list[Day]:
    """Two weeks up to yesterday, a line or two a day: no line is older than Sage takes beside a new one."""
    days = [today - timedelta(days=back) for back in range(HISTORY_DAYS, 0, -1)]
    return [Day(day.isoformat(), 1 + day.day % 2) for day in days]


def add(account: PlaygroundAccount, today: date, count: int) -> None:
    """More lines, dated today or, should the clock have gone back, the account's latest day."""
    on = max(today.isoformat(), account.days[-1].on if account.days else "")
    if account.days and account.days[-1].on == on:
        account.days[-1].count += count
    else:
        account.days.append(Day(on, count))


def count_before(account: PlaygroundAccount, on: str) -> int:
    """How many lines are dated before a day."""
    return sum(day.count for day in account.days if day.on < on)


def lines(account: PlaygroundAccount, start: int, count: int) -> list[MadeLine]:
    """A run of the account's lines, from the one of number `start` on, counted from 0."""
    made: list[MadeLine] = []
    for number, on in enumerate(_dates(account)):
        if start <= number < start + count:
            made.append(_line(account.external_id, number, on))
    return made


def balance_after(account: PlaygroundAccount, count: int) -> int:
    return _OPENING_BALANCE + sum(_amount(account.external_id, number) for number in range(count))


def _dates(account: PlaygroundAccount) -> Iterator[str]:
    for day in account.days:
        for _ in range(day.count):
            yield day.on


def _draw(external_id: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{external_id}:{number}".encode()).digest()[:8], "big")


def _amount(external_id: str, number: int) -> int:
    drawn = _draw(external_id, number)
    size = 500 + drawn % 40_000
    return size if drawn % 3 == 0 else -size


def _line(external_id: str, number: int, on: str) -> MadeLine:
    amount = _amount(external_id, number)
    words = _CREDITS if amount > 0 else _DEBITS
    said = words[_draw(external_id, number) // 7 % len(words)]
    return MadeLine(f"{external_id}-{number + 1:05d}", amount, on, said, f"PG{number + 1:06d}")
