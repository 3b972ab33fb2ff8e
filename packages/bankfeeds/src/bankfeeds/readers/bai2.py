"""BAI2 (BAI cash management reporting, version 2) into statement drafts, its control totals and record counts checked.

Amounts are in the currency's smallest unit. A transaction's day is its group's as-of date. Type codes 100 to 399 bring
money, 400 to 699 take it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NoReturn

from bankfeeds.domain.line_identity import digest, is_placeholder
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.statement_file import Entry, FileAccount, FileBalance, StatementDraft, UnreadableFile
from bankfeeds.readers.hints import Hints
from bankfeeds.readers.limits import Limits
from bankfeeds.readers.mt940_values import FieldError, read_day
from bankfeeds.readers.text import read_lines
from bankfeeds.readers.values import AMOUNT_DIGITS_MAX, quoted

FALLBACK_TEXT = "Bank transaction"
DEFAULT_CURRENCY = "USD"
OPENING_LEDGER, CLOSING_LEDGER = "010", "015"
NO_MONEY = "890"
_CREDITS, _DEBITS = range(100, 400), range(400, 700)
_TYPES = {"475": "Check", "455": "DirectDebit", "451": "DirectDebit", "698": "Fee", "495": "Payment"}
_AMOUNT = re.compile(r"[+-]?[0-9]+")
_CODES = frozenset({"01", "02", "03", "16", "49", "88", "98", "99"})
_UPDATE, _CORRECTION = "1", "3"
_GROUP_STATES = {"2": "a deletion", "4": "a test"}
_RECORD_FIELDS_MAX = 2_000


@dataclass(slots=True)
class _Totals:
    """What a trailer says: the sum of amounts, how many of what is inside, how many records."""

    amount: int = 0
    count: int = 0
    records: int = 0


@dataclass(slots=True)
class _Account:
    line: int
    number: str
    currency: str
    on: date
    balances: dict[str, Decimal]
    totals: _Totals
    entries: list[Entry] = field(default_factory=list[Entry])
    told: int = 0


class _Reading:
    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.done: list[StatementDraft] = []
        self.is_closed = False
        self._file: _Totals | None = None
        self._group: _Totals | None = None
        self._account: _Account | None = None
        self._on: date | None = None
        self._currency = DEFAULT_CURRENCY
        self._lines = self._statements = 0
        self._at = ("", 0)

    def take(self, line: int, fields: list[str], records: int) -> None:
        """A record with its continuations; `records` is how many lines it has."""
        code = fields[0]
        self._at = (code, line)
        if self.is_closed:
            self._refuse("it stands behind the end of the file (99)")
        if code == "01":
            self._begin_file(records)
        elif code == "02":
            self._begin_group(fields, records)
        elif code == "03":
            self._begin_account(line, fields, records)
        elif code == "16":
            self._entry(fields, records)
        elif code == "49":
            self._end_account(fields, records)
        elif code == "98":
            self._end_group(fields, records)
        else:
            self._end_file(fields, records)

    def _refuse(self, reason: str) -> NoReturn:
        raise UnreadableFile(self.file, self._at[1], f"record {self._at[0]}", reason)

    def _begin_file(self, records: int) -> None:
        if self._file is not None:
            self._refuse("a file begins inside a file")
        self._file = _Totals(records=records)

    def _begin_group(self, fields: list[str], records: int) -> None:
        if self._file is None or self._group is not None:
            self._refuse("it is not where a group begins")
        state = self._field(fields, 3)
        if state not in {_UPDATE, _CORRECTION, ""}:
            self._refuse(f"the group is {_GROUP_STATES.get(state, 'of an unknown state')} (status {quoted(state)})")
        self._on = self._day(self._field(fields, 4))
        self._currency = self._field(fields, 6) or DEFAULT_CURRENCY
        self._group = _Totals(records=records)

    def _begin_account(self, line: int, fields: list[str], records: int) -> None:
        if self._group is None or self._on is None or self._account is not None:
            self._refuse("it is not where an account begins")
        number = self._field(fields, 1).replace(" ", "")
        if not number:
            self._refuse("the account's number is missing")
        currency = self._field(fields, 2) or self._currency
        totals = _Totals(records=records)
        self._account = _Account(line, number, currency, self._on, {}, totals)
        self._read_balances(self._account, fields[3:])

    def _read_balances(self, account: _Account, fields: list[str]) -> None:
        """Type code, amount, item count, funds type; some funds types have more fields behind them."""
        place = 0
        while place < len(fields):
            code, amount, _items, funds = [*fields[place : place + 4], "", "", ""][:4]
            place += 4 + self._more(funds.strip(), fields, place + 4)
            if amount.strip():
                minor = self._minor(amount)
                account.totals.amount += minor
                if code.strip() in {OPENING_LEDGER, CLOSING_LEDGER}:
                    account.balances[code.strip()] = self._money(minor, account.currency)

    def _entry(self, fields: list[str], records: int) -> None:
        account = self._account
        if account is None:
            self._refuse("it stands outside an account")
        self._lines += 1
        if self._lines > self.limits.lines_max:
            self._refuse(f"more than {self.limits.lines_max} transactions (lines_max)")
        account.totals.records += records
        code, text = self._field(fields, 1), self._field(fields, 2)
        minor = self._minor(text) if text else 0
        account.totals.amount += minor
        if code == NO_MONEY:
            account.told += 1
            return
        number = int(code) if code.isascii() and code.isdigit() else 0
        if number not in _CREDITS and number not in _DEBITS:
            self._refuse(f"the type code {quoted(code)} says neither credit (100 to 399) nor debit (400 to 699)")
        if not text:
            self._refuse("the amount is missing")
        place = 4 + self._more(self._field(fields, 3), fields, 4)
        bank_reference, reference = self._field(fields, place), self._field(fields, place + 1)
        words = " ".join(",".join(fields[place + 2 :]).split())
        amount = self._money(minor, account.currency)
        amount = -amount if number in _DEBITS else amount
        by_sign = "Debit" if amount < 0 else "Credit"
        account.entries.append(
            Entry(
                account.on,
                amount,
                words or f"{FALLBACK_TEXT} {code}",
                None,
                reference if reference and not is_placeholder(reference) else None,
                _TYPES.get(code, by_sign),
                bank_reference or None,
                digest((code, reference, words)),
            )
        )

    def _end_account(self, fields: list[str], records: int) -> None:
        account, group = self._account, self._group
        if account is None or group is None:
            self._refuse("there is no account to end")
        account.totals.records += records
        self._compare(fields, account.totals, ("amounts", "records"), (1, 2))
        group.amount += account.totals.amount
        group.records += account.totals.records
        group.count += 1
        self._account = None
        self._statements += 1
        if self._statements > self.limits.statements_max:
            self._refuse(f"more than {self.limits.statements_max} accounts (statements_max)")
        self.done.append(_draft(account, self._statements))

    def _end_group(self, fields: list[str], records: int) -> None:
        group, file = self._group, self._file
        if group is None or file is None or self._account is not None:
            self._refuse("an account is not closed (49), or no group is open")
        group.records += records
        self._compare(fields, group, ("amounts", "accounts", "records"), (1, 2, 3))
        file.amount += group.amount
        file.records += group.records
        file.count += 1
        self._group = None

    def _end_file(self, fields: list[str], records: int) -> None:
        file = self._file
        if file is None or self._group is not None:
            self._refuse("a group is not closed (98), or no file is open")
        if not self._statements:
            self._refuse("the file ends without any account (03)")
        file.records += records
        self._compare(fields, file, ("amounts", "groups", "records"), (1, 2, 3))
        self.is_closed = True

    def _compare(self, fields: list[str], totals: _Totals, names: tuple[str, ...], places: tuple[int, ...]) -> None:
        """The trailer's control total and counts with what was read."""
        counted = {"amounts": totals.amount, "records": totals.records}
        for name, place in zip(names, places, strict=True):
            text = self._field(fields, place)
            there = counted.get(name, totals.count)
            if text and self._minor(text) != there:
                self._refuse(f"it says {name} {text}, but they come to {there}: something is missing or changed")

    def _more(self, funds: str, fields: list[str], place: int) -> int:
        """How many fields belong to the funds type."""
        if funds == "S":
            return 3
        if funds == "V":
            return 2
        if funds == "D":
            count = self._field(fields, place)
            if not (count.isascii() and count.isdigit() and len(count) <= 3):  # noqa: PLR2004 - hundreds of days
                self._refuse(f"{quoted(count)} is not a number of distributions")
            return 1 + 2 * int(count)
        return 0

    def _field(self, fields: list[str], place: int) -> str:
        return fields[place].strip() if place < len(fields) else ""

    def _minor(self, text: str) -> int:
        text = text.strip()
        if not _AMOUNT.fullmatch(text) or len(text) > AMOUNT_DIGITS_MAX + 1:
            self._refuse(f"{quoted(text)} is not an amount (digits, in the smallest unit)")
        return int(text)

    def _money(self, minor: int, currency: str) -> Decimal:
        if currency not in EXPONENTS:
            self._refuse(f"the currency {quoted(currency)} is not known")
        return Decimal(minor).scaleb(-EXPONENTS[currency])

    def _day(self, text: str) -> date:
        try:
            return read_day(text)
        except FieldError as error:
            self._refuse(str(error))


def read_bai2(chunks: Iterable[bytes], file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    reading = _Reading(file, limits)
    fields: list[str] = []
    begins = records = number = 0
    for number, text in read_lines(chunks, file, limits, hints.encoding):
        record = text.strip()
        if not record:
            continue
        code, content = record[:2], record.removesuffix("/")
        if code not in _CODES or record[2:3] not in {",", "/", ""}:
            raise UnreadableFile(file, number, None, f"{quoted(record)} does not begin with a record code of BAI2")
        if code == "88":
            if not fields:
                raise UnreadableFile(file, number, "record 88", "there is no record that it could go on")
            fields += content.split(",")[1:]
            records += 1
            if len(fields) > _RECORD_FIELDS_MAX:
                raise UnreadableFile(file, number, "record 88", f"a record of more than {_RECORD_FIELDS_MAX} fields")
            continue
        if fields:
            reading.take(begins, fields, records)
        yield from _emptied(reading)
        fields, begins, records = content.split(","), number, 1
    if fields:
        reading.take(begins, fields, records)
    yield from _emptied(reading)
    if not reading.is_closed:
        raise UnreadableFile(file, number, "record 99", "the file ends early: its last record is missing")


def _emptied(reading: _Reading) -> list[StatementDraft]:
    done, reading.done = reading.done, []
    return done


def _draft(account: _Account, number: int) -> StatementDraft:
    opening, closing = (
        FileBalance(account.balances[code], account.currency, account.on) if code in account.balances else None
        for code in (OPENING_LEDGER, CLOSING_LEDGER)
    )
    told = (f"{account.told} transactions without money (type code 890) were left out",) if account.told else ()
    return StatementDraft(
        id=f"{account.on}/{number}",
        account=FileAccount(account.number, is_iban=False, currency=account.currency),
        opening=opening,
        closing=closing,
        entries=tuple(account.entries),
        warnings=told,
    )
