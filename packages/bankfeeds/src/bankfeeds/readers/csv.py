"""CSV by a mapping profile, into one draft for each account that the file names (or one, if it names none).

Lines become oldest first. Where there is a column of balances, what it says before the first line and after the last
are the opening and closing balances, so that a wrong sign does not add up.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple, NoReturn

from bankfeeds.domain.line_identity import digest, is_placeholder
from bankfeeds.domain.statement_file import Entry, FileAccount, FileBalance, StatementDraft, UnreadableFile
from bankfeeds.readers.csv_profile import CsvProfile, ProfileError, positions
from bankfeeds.readers.csv_values import read_amount, read_day
from bankfeeds.readers.hints import Hints
from bankfeeds.readers.limits import Limits
from bankfeeds.readers.text import known_encoding, read_lines
from bankfeeds.readers.values import quoted

FALLBACK_TEXT = "Bank transaction"
_IBAN_LENGTH_MIN = 15
_OTHERS = ("counterparty", "reference", "bank_reference", "account", "currency")
_PROFILE_NEEDED = (
    "this looks like CSV, which needs a mapping profile: make one with `bankfeeds csv-profile FILE`, look it over, "
    "and name it with --profile"
)


class _Row(NamedTuple):
    line: int
    entry: Entry
    balance: Decimal | None


@dataclass(slots=True)
class _Gathered:
    rows: list[_Row] = field(default_factory=list[_Row])


def read_csv(chunks: Iterable[bytes], file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    profile = hints.profile
    if profile is None:
        raise UnreadableFile(file, None, None, _PROFILE_NEEDED)
    reading = _Reading(file, profile)
    gathered: dict[tuple[str, str], _Gathered] = {}
    count = 0
    for line, cells in _rows(chunks, file, limits, profile):
        if line <= profile.header_line:
            reading.head(line, cells)
            continue
        if not any(cells):
            continue
        key, row = reading.row(line, cells)
        one = gathered.get(key)
        if one is None:
            one = gathered[key] = _Gathered()
        one.rows.append(row)
        count += 1
        if count > limits.lines_max:
            raise UnreadableFile(file, line, None, f"more than {limits.lines_max} lines (lines_max)")
    if not count:
        raise UnreadableFile(file, None, None, "it holds no line below its heading")
    for (account, currency), one in gathered.items():
        yield _draft(account, currency, one.rows)


def _rows(chunks: Iterable[bytes], file: str, limits: Limits, profile: CsvProfile) -> Iterator[tuple[int, list[str]]]:
    """With the number of the line where each begins; footer lines are held back and dropped."""
    lines = read_lines(chunks, file, limits, known_encoding(profile.encoding))
    reader = csv.reader((f"{text}\n" for _, text in lines), delimiter=profile.delimiter, strict=True)
    held: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            if profile.footer_lines:
                held.append((begins, cells))
                if len(held) > profile.footer_lines:
                    yield held.pop(0)
            else:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(file, reader.line_num, None, f"it is not CSV: {error}") from None


class _Reading:
    """What the profile makes of each row."""

    def __init__(self, file: str, profile: CsvProfile) -> None:
        self._file, self._profile = file, profile
        self._order, self._decimal = profile.date_order or "", profile.decimal or ""
        self._turned = profile.sign == "money out is positive"
        self._out = frozenset(word.casefold() for word in profile.debit_words)
        self._in = frozenset(word.casefold() for word in profile.credit_words)
        self._at: Mapping[str, int] = {}
        self._texts: Sequence[int] = ()
        self._others: Sequence[int | None] = ()
        self._headings: Sequence[str] = ()

    def head(self, line: int, cells: Sequence[str]) -> None:
        if line == self._profile.header_line:
            self._begin(cells)

    def row(self, line: int, cells: list[str]) -> tuple[tuple[str, str], _Row]:
        """The account and currency that it names, and the line."""
        if not self._headings:
            self._begin([str(number) for number in range(1, len(cells) + 1)])
        if len(cells) != len(self._headings):
            reason = f"it has {len(cells)} cells; the heading has {len(self._headings)}"
            raise UnreadableFile(self._file, line, None, reason)
        at = self._at
        on = read_day(cells[at["date"]].strip(), self._order)
        if on is None:
            self._refuse(line, "date", cells, f"is not a day of the calendar ({self._order})")
        amount = self._amount(line, cells)
        texts = " ".join(" ".join([cells[place] for place in self._texts]).split())
        name, reference, bank_reference, account, currency = [
            " ".join(cells[place].split()) if place is not None else "" for place in self._others
        ]
        entry = Entry(
            on,
            amount,
            texts or name or FALLBACK_TEXT,
            name or None,
            reference if reference and not is_placeholder(reference) else None,
            "Debit" if amount < 0 else "Credit",
            bank_reference or None,
            digest((texts, name, reference)),
        )
        balance = self._number(line, cells, "balance") if "balance" in at else None
        whose = account.replace(" ", ""), (currency or self._profile.currency or "").upper()
        return whose, _Row(line, entry, balance)

    def _begin(self, headings: Sequence[str]) -> None:
        try:
            at = positions(self._profile.columns, headings)
        except ProfileError as error:
            raise UnreadableFile(
                self._file, self._profile.header_line or 1, None, f"the profile does not fit: {error}"
            ) from None
        self._headings, self._at = headings, at
        self._texts = [place for key, place in at.items() if key.startswith("description")]
        self._others = [at.get(key) for key in _OTHERS]

    def _amount(self, line: int, cells: Sequence[str]) -> Decimal:
        at = self._at
        if "amount" not in at:
            out, into = self._optional(line, cells, "debit"), self._optional(line, cells, "credit")
            if (out is None) == (into is None) and not (out == 0 or into == 0):
                self._refuse(line, "debit" if "debit" in at else "credit", cells, "and credit: exactly one is expected")
            return (into or Decimal(0)) - abs(out or Decimal(0))
        amount = self._number(line, cells, "amount")
        if "indicator" in at:
            word = cells[at["indicator"]].strip().casefold()
            if word in self._out:
                return -abs(amount)
            if word not in self._in:
                known = ", ".join((*self._profile.debit_words, *self._profile.credit_words))
                self._refuse(line, "indicator", cells, f"is none of {known}")
            return abs(amount)
        return -amount if self._turned else amount

    def _optional(self, line: int, cells: Sequence[str], column: str) -> Decimal | None:
        if column not in self._at or not cells[self._at[column]].strip():
            return None
        return self._number(line, cells, column)

    def _number(self, line: int, cells: Sequence[str], column: str) -> Decimal:
        amount = read_amount(cells[self._at[column]].strip(), self._decimal)
        if amount is None:
            self._refuse(line, column, cells, f"is not an amount with the decimal mark {self._decimal!r}")
        return amount

    def _refuse(self, line: int, column: str, cells: Sequence[str], reason: str) -> NoReturn:
        place = self._at[column]
        heading = f"column {place + 1} ({self._headings[place].strip()[:60]})"
        raise UnreadableFile(self._file, line, heading, f"{quoted(cells[place])} {reason}")


def _draft(account: str, currency: str, rows: list[_Row]) -> StatementDraft:
    rows = _oldest_first(rows)
    first, last = rows[0], rows[-1]
    opening = closing = None
    if first.balance is not None and last.balance is not None:
        opening = FileBalance(first.balance - first.entry.amount, currency, first.entry.date)
        closing = FileBalance(last.balance, currency, last.entry.date)
    is_iban = len(account) >= _IBAN_LENGTH_MIN and account[:2].isalpha() and account[2:4].isdigit()
    return StatementDraft(
        id=f"{first.entry.date}/{last.entry.date}",
        account=FileAccount(account.upper() if is_iban else account, is_iban, currency),
        opening=opening,
        closing=closing,
        entries=tuple(row.entry for row in rows),
        warnings=_breaks(rows, currency),
    )


def _oldest_first(rows: list[_Row]) -> list[_Row]:
    """A file goes one way or the other: by its days or, where all are of one day, by its balances."""
    first, last = rows[0].entry.date, rows[-1].entry.date
    if first > last or (first == last and _chained(rows[::-1]) > _chained(rows)):
        return rows[::-1]
    return rows


def _chained(rows: Sequence[_Row], sign: int = 1) -> int:
    """How many balances follow from the one before."""
    return sum(
        before.balance is not None and before.balance + sign * after.entry.amount == after.balance
        for before, after in pairwise(rows)
    )


def _breaks(rows: Sequence[_Row], currency: str) -> tuple[str, ...]:
    """The first balance that does not follow from the one before it; whether they would with the signs turned."""
    for before, after in pairwise(rows):
        if before.balance is None or after.balance is None or before.balance + after.entry.amount == after.balance:
            continue
        stated = f"{after.balance} {currency}".rstrip()
        told = f"line {after.line}: the balances {before.balance} and {after.entry.amount} do not make {stated}"
        turned, of = _chained(rows, -1), len(rows) - 1
        if turned <= _chained(rows):
            return (told,)
        mixed = "money in and money out are mixed up, so change the profile's sign"
        return (f"{told}; with every sign turned round {turned} of {of} balances follow: {mixed}",)
    return ()
