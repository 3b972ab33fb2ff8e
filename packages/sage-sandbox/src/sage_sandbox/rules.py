"""The rules of a statement: what is refused at once (6.6) and what fails while it is processed; values only."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from sage_sandbox.records import BankAccount
from sage_sandbox.refusals import Problem
from sage_sandbox.settings import Settings
from sage_sandbox.wire import AccountDetails, Amount, Expected, Line, StatementData, WholeAmount

DATE_WINDOW = timedelta(days=14)
_TEXTS = ("description", "narrative1", "narrative2", "reference_number", "check_number")
_CAMEL = {f.name: f.encode_name for f in msgspec.structs.fields(Line)}
_SNAKE = {camel: snake for snake, camel in _CAMEL.items()}
_CURRENCY = re.compile("[A-Z]{3}")
_ZERO = Decimal(0)


def business_date(instant: datetime) -> date:
    """The calendar day of an instant: in UTC, or as written if it names no zone."""
    if instant.tzinfo is None or instant.tzinfo is UTC:
        return instant.date()
    return instant.astimezone(UTC).date()


def _line(at: int, field: str) -> str:
    return f"data.transactionDetails[{at}].{field}"


def _schema(message: str, path: str) -> Problem:
    return Problem("SCHEMA_INVALID", message, path)


# --- at once ------------------------------------------------------------------------------------------------


def check_counts(data: StatementData, settings: Settings) -> Iterator[Problem]:
    """Sizes come first: nothing else is looked at in a statement that is too long."""
    count = len(data.transaction_details)
    if count > settings.statement_lines_max:
        yield Problem(
            "TOO_MANY_TRANSACTIONS",
            f"A statement carries at most {settings.statement_lines_max} transactions, this one {count}",
            "data.transactionDetails",
        )
    if len(data.account_details) != 1:
        yield Problem(
            "ACCOUNT_DETAILS_COUNT",
            f"A statement carries exactly 1 accountDetails, this one {len(data.account_details)}",
            "data.accountDetails",
        )
    if data.expected is None and settings.expected_required:
        yield _schema("Object missing required field `expected`", "data.expected")


def check_statement(data: StatementData, account: BankAccount, settings: Settings) -> list[Problem]:
    """Everything else that is refused at once, all problems of all lines."""
    problems = list(_check_account(data, account, settings))
    problems += _check_balances(data, settings)
    credits_sum, debits_sum = _ZERO, _ZERO
    seen: set[str] = set()
    plain = _Plain(settings)
    for at, line in enumerate(data.transaction_details):
        amount = line.transaction_amount
        if amount > 0:
            credits_sum += amount
        else:
            debits_sum += amount
        if line.bank_account_id != account.bank_account_id:
            problems.append(_mismatch(_line(at, "bankAccountId")))
        if line.unique_id in seen:
            problems.append(
                Problem(
                    "DUPLICATE_IN_STATEMENT",
                    f"uniqueId {line.unique_id} stands in this statement before",
                    _line(at, "uniqueId"),
                )
            )
        seen.add(line.unique_id)
        if not plain.takes(line):
            problems += _check_line(at, line, settings)
    if data.expected is not None:
        problems += _check_expected(data, data.expected, credits_sum, debits_sum)
    return problems


def _mismatch(path: str) -> Problem:
    return Problem("BANK_ACCOUNT_MISMATCH", "Not the bank account that the statement's principalId names", path)


def _check_account(data: StatementData, account: BankAccount, settings: Settings) -> Iterator[Problem]:
    if data.bank_id != account.bank_id:
        yield Problem("BANK_ACCOUNT_MISMATCH", "The bank account does not belong to this bank", "data.bankId")
    details = data.account_details[0]
    if details.bank_account_id != account.bank_account_id:
        yield _mismatch("data.accountDetails[0].bankAccountId")
    known = ("active", "authRequired", "cancelled") if settings.provider_may_cancel else ("active", "authRequired")
    if details.status not in known:
        yield _schema(f"Invalid enum value '{details.status}'", "data.accountDetails[0].status")


def _check_balances(data: StatementData, settings: Settings) -> Iterator[Problem]:
    within = "data.accountDetails[0].balances"
    balances = data.account_details[0].balances
    if data.transaction_details:
        for name in ("ledger_balance", "available_balance"):
            if balances is None or getattr(balances, name) is None:
                field = "ledgerBalance" if name == "ledger_balance" else "availableBalance"
                yield _schema(f"With transactions, `{field}` is required", f"{within}.{field}")
    if balances is None or settings.amount_unit != "minor":
        return
    for name, amount in (
        ("ledgerBalance", balances.ledger_balance),
        ("availableBalance", balances.available_balance),
    ):
        if amount is not None and not _integral(amount):
            yield _fraction(f"{within}.{name}")


def _integral(amount: Amount) -> bool:
    return type(amount) is WholeAmount or amount == amount.to_integral_value()


def _fraction(path: str) -> Problem:
    return _schema("Expected an integer: amounts are in minor units", path)


class _Plain:
    """Tells in one look of most lines that nothing is wrong with them; the others are looked at in detail."""

    def __init__(self, settings: Settings) -> None:
        self._types = frozenset(settings.transaction_types)
        self._required = tuple(_SNAKE.get(name, name) for name in settings.also_required)
        self._never = settings.text_length_strict

    def takes(self, line: Line) -> bool:
        for name in self._required:
            if getattr(line, name, None) is None:
                return False
        return (
            not self._never
            and line.transaction_type in self._types
            and line.transaction_status == "posted"
            and line.unique_id != ""
            and type(line.transaction_amount) is WholeAmount
            and line.exchange_amount is None
        )


def _check_line(at: int, line: Line, settings: Settings) -> Iterable[Problem]:
    problems: list[Problem] = []
    if line.transaction_type not in settings.transaction_types:
        problems.append(_schema(f"Invalid enum value '{line.transaction_type}'", _line(at, "transactionType")))
    if line.transaction_status != "posted":
        problems.append(_schema("Only `posted` transactions may be sent", _line(at, "transactionStatus")))
    if not line.unique_id:
        problems.append(_schema("Expected a text that is not empty", _line(at, "uniqueId")))
    problems += [
        _schema(f"Object missing required field `{name}`", _line(at, name))
        for name in settings.also_required
        if getattr(line, _SNAKE.get(name, name), None) is None
    ]
    if settings.amount_unit == "minor":
        if not _integral(line.transaction_amount):
            problems.append(_fraction(_line(at, "transactionAmount")))
        if line.exchange_amount is not None and not _integral(line.exchange_amount):
            problems.append(_fraction(_line(at, "exchangeAmount")))
    if line.exchange_currency is not None and not _CURRENCY.fullmatch(line.exchange_currency):
        problems.append(_schema("Expected an ISO 4217 code", _line(at, "exchangeCurrency")))
    if settings.text_length_strict:
        problems += [_schema(p.message, p.path) for p in _long_texts(at, line, settings.text_length_max)]
    return problems


def _long_texts(at: int, line: Line, length_max: int) -> Iterator[Problem]:
    for name in _TEXTS:
        text = getattr(line, name)
        if text is not None and len(text) > length_max:
            yield Problem("TEXT_LENGTH", f"Longer than {length_max} characters", _line(at, _CAMEL[name]))


def _check_expected(
    data: StatementData, expected: Expected, credits_sum: Decimal, debits_sum: Decimal
) -> Iterator[Problem]:
    found = (
        ("transactionDetailsCount", expected.transaction_details_count, len(data.transaction_details)),
        ("accountDetailsCount", expected.account_details_count, len(data.account_details)),
        ("transactionCreditSum", expected.transaction_credit_sum, credits_sum),
        ("transactionDebitSum", expected.transaction_debit_sum, debits_sum),
    )
    for name, said, counted in found:
        if said != counted:
            yield Problem(
                "EXPECTED_MISMATCH", f"{name} is {said}, the statement has {counted}", f"data.expected.{name}"
            )


# --- while processed ----------------------------------------------------------------------------------------


def find_repeated(lines: list[Line], stored: AbstractSet[str], unstored: AbstractSet[str]) -> list[Problem]:
    """One error for each line whose id the account has had before."""
    ids = [line.unique_id for line in lines]
    if stored.isdisjoint(ids) and unstored.isdisjoint(ids):
        return []
    return [
        Problem("DUPLICATE_TRANSACTION", f"uniqueId {line.unique_id} was sent before", _line(at, "uniqueId"))
        for at, line in enumerate(lines)
        if line.unique_id in stored or line.unique_id in unstored
    ]


def days_of(lines: list[Line]) -> list[date]:
    return [business_date(line.date_posted) for line in lines]


def find_disorder(days: list[date], newest_on: date | None) -> Iterator[Problem]:
    """Lines dated before their predecessor, or before the newest stored."""
    newest = newest_on
    for at, day in enumerate(days):
        if newest is not None and day < newest:
            yield Problem("DATE_ORDER", f"{day} comes after {newest}", _line(at, "datePosted"))
        else:
            newest = day


def find_old(days: list[date], newest_on: date | None, scope: str) -> Iterator[Problem]:
    """Lines more than two weeks older than the newest: of the statement, or of all that is stored."""
    if not days:
        return
    newest = max(days)
    if newest_on is not None and scope == "stored":
        newest = max(newest, newest_on)
    if newest - min(days) <= DATE_WINDOW:
        return
    for at, day in enumerate(days):
        if newest - day > DATE_WINDOW:
            message = f"{day} is more than 14 days older than the newest, {newest}"
            yield Problem("DATE_WINDOW", message, _line(at, "datePosted"))


def find_future(days: list[date], today: date) -> Iterator[Problem]:
    """Lines dated more than a day ahead: a day's lead is what time zones allow."""
    latest = today + timedelta(days=1)
    for at, day in enumerate(days):
        if day > latest:
            yield Problem("DATE_FUTURE", f"{day} is in the future, today is {today}", _line(at, "datePosted"))


def find_wrong_signs(lines: list[Line]) -> Iterator[Problem]:
    """Credits that are negative, debits that are positive: most likely a sign that was lost."""
    for at, line in enumerate(lines):
        amount = line.transaction_amount
        wrong = amount < 0 if line.transaction_type == "CREDIT" else amount > 0 and line.transaction_type == "DEBIT"
        if wrong:
            message = f"{line.transaction_type} with the amount {amount}: credits are positive, debits negative"
            yield Problem("SIGN", message, _line(at, "transactionAmount"))


def find_early(days: list[date], start: date) -> Iterator[Problem]:
    """Lines dated before the account's requestedStartDate."""
    if not days or min(days) >= start:
        return
    for at, day in enumerate(days):
        if day < start:
            yield Problem("BEFORE_START_DATE", f"Dated before requestedStartDate, {start}", _line(at, "datePosted"))


def find_long_texts(lines: list[Line], length_max: int) -> Iterator[Problem]:
    for at, line in enumerate(lines):
        together = len(line.description or "") + len(line.narrative1 or "") + len(line.narrative2 or "")
        together += len(line.reference_number or "") + len(line.check_number or "")
        if together > length_max:
            yield from _long_texts(at, line, length_max)


def next_status(account: BankAccount, details: AccountDetails, *, lines: bool, settings: Settings) -> str:
    """What a finished statement makes of the account's status (9.2)."""
    if account.status == "cancelled" or details.status == "cancelled":
        return "cancelled"
    if details.status == "authRequired":
        return "authRequired"
    if account.status == "authRequired":
        return "active" if settings.active_clears_auth_required else "authRequired"
    if account.status == "pending" and (lines or settings.active_activates_pending):
        return "active"
    return account.status
