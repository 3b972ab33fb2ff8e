"""From a statement file to an account's stream: whose account it is, and which of its lines are new.

A line that is there already is known by its id; or, from another format that words it otherwise, by day, amount and
the account's balance after it, which no second line has unless money went out and came back the same day (then they
are counted). Where two formats order a day's lines differently, a day that has the same amounts and ends with the same
balance is the same day.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement_file import AccountLines, FileAccount, FileLine, Proof

NATIONAL_DIGITS_MIN = 6
"""Fewer digits than these say too little to find an account's number within its IBAN."""


class BookedLine(NamedTuple):
    """A line accepted before, as far as it can be compared with a file's. One that came late is of its own day."""

    id: str
    on: date
    amount: Decimal
    balance: Decimal
    came_late: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """A file's lines of one account: to be taken, there already (by id, or as another format's), and too late."""

    new: tuple[FileLine, ...]
    known: int
    alike: int
    late: tuple[FileLine, ...]


def names(file: FileAccount, account: SourceAccount) -> bool:
    """True if the file's account is this one by its number, and by currency and sort code where both say them."""
    if account.currency and file.currency not in {"", account.currency}:
        return False
    number = _plain(account.number or "")
    if number and number == _plain(file.id):
        return True
    if not number or number != _plain(file.number) or not file.sort_code:
        return False
    return account.branch is None or account.branch == file.sort_code


def contradicts(file: FileAccount, account: SourceAccount) -> bool:
    """True if the file cannot be of the account that a person named. One may have the IBAN, the other the number."""
    if account.currency and file.currency not in {"", account.currency}:
        return True
    number = _plain(account.number or "")
    if not number or not file.id or names(file, account):
        return False
    long, short = sorted((number, _plain(file.id)), key=len, reverse=True)
    digits = short.lstrip("0")
    is_within = long[:2].isalpha() and len(digits) >= NATIONAL_DIGITS_MIN and long.endswith(digits)
    return not is_within


def sort_out(lines: AccountLines, before: Sequence[BookedLine], newest_on: date | None) -> Sorted:
    """`before`: what was accepted for the file's days."""
    ids = {line.id for line in before}
    unknown = [line for line in lines.lines if line.id not in ids]
    known = len(lines.lines) - len(unknown)
    if before and lines.proof is Proof.proved:
        named = {line.id for line in lines.lines}
        unmatched = [line for line in before if line.id not in named]
        unknown = _without_alike(_without_same_days(lines, before, unknown, unmatched), unmatched)
    late = tuple(line for line in unknown if newest_on is not None and line.date < newest_on)
    new = tuple(line for line in unknown if newest_on is None or line.date >= newest_on)
    return Sorted(new, known, len(lines.lines) - known - len(unknown), late)


def proved_since(lines: AccountLines, found: Sorted, last: Decimal | None) -> AccountLines:
    """Where a file says only what it closes with: proved if the last balance accepted and the new lines come to that.

    `last` is None before the first line: then nothing was ever known, and nothing is proved.
    """
    closing = lines.closing
    if lines.proof is not Proof.unproved or lines.opening is not None or closing is None or last is None:
        return lines
    if not found.new or found.late or found.new[-1].date > closing.on:
        return lines
    total = sum((line.amount for line in found.new), Decimal(0))
    if last + total == closing.amount:
        kept = tuple(warning for warning in lines.warnings if not warning.startswith("unproved"))
        return replace(lines, proof=Proof.proved, warnings=kept)
    reached = f"the last balance accepted, {last}, and the new lines come to {last + total}"
    told = f"{reached}; the file closes with {closing.amount}"
    if last - total != closing.amount:
        return replace(lines, warnings=(*lines.warnings, told))
    turned = f"{told}; with every sign turned round they would fit: money in and money out are mixed up"
    return replace(lines, proof=Proof.failed, warnings=(*lines.warnings, turned))


def rebalanced(lines: Sequence[FileLine], balance: Decimal) -> tuple[FileLine, ...]:
    """Running on from a balance: for lines of a file that states none."""
    result: list[FileLine] = []
    for line in lines:
        balance += line.amount
        result.append(line._replace(balance=balance))
    return tuple(result)


def _without_same_days(
    lines: AccountLines, before: Sequence[BookedLine], unknown: Sequence[FileLine], unmatched: Sequence[BookedLine]
) -> list[FileLine]:
    """Without those of days of which every amount and the last balance are there already. Of a day that was put
    together from lines in time and late ones none need have the last balance: any that one had, or began with, will do.
    """
    begins = {line.date: line.balance - line.amount for line in reversed(lines.lines)}
    ends = {line.date: line.balance for line in lines.lines}
    ended = {line.on: line.balance for line in before}
    late_days = {line.on for line in before if line.came_late}
    begun = {(line.on, line.balance - line.amount) for line in unmatched if line.on in late_days}
    reached = {(line.on, line.balance) for line in unmatched if line.on in late_days}
    here: defaultdict[date, Counter[Decimal]] = defaultdict(Counter)
    there: defaultdict[date, Counter[Decimal]] = defaultdict(Counter)
    for line in unknown:
        here[line.date][line.amount] += 1
    for line in unmatched:
        there[line.on][line.amount] += 1
    alike = {on for on, amounts in here.items() if amounts == there[on]}
    same = {on for on in alike if ends[on] == ended.get(on) or (on, begins[on]) in begun or (on, ends[on]) in reached}
    return [line for line in unknown if line.date not in same]


def _without_alike(unknown: Sequence[FileLine], unmatched: Sequence[BookedLine]) -> list[FileLine]:
    left = Counter((line.on, line.amount, line.balance) for line in unmatched)
    kept: list[FileLine] = []
    for line in unknown:
        key = (line.date, line.amount, line.balance)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(line)
    return kept


def _plain(number: str) -> str:
    return "".join(c for c in number.upper() if c.isalnum())
