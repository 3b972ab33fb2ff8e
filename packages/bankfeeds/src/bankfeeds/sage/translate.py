"""Our words into Sage's, once: every rule of design section 6.2 stands here, and each open point is one function.

A line keeps its id, its day, its amount and its text; nothing else of it is ever rewritten.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.columns import Columns
from bankfeeds.domain.delivery import Delivery
from bankfeeds.domain.listing import AmountUnit, Listing
from bankfeeds.domain.money import EXPONENTS, plain, to_minor
from bankfeeds.domain.ports import Callbacks
from bankfeeds.domain.statement import Balances, StatementKind
from bankfeeds.sage import wire

POSTED_TIME = "10:00:00.000Z"
"""The same calendar day from Honolulu to Auckland; midnight would be yesterday in America. Assumption: DATE_TIME."""
POSTED = "posted"
AUTHORISED, REFUSED = "success", "failure"
_TYPES = {
    "Credit": "CREDIT", "Debit": "DEBIT", "Int": "INT", "Div": "DIV", "Fee": "FEE", "SerChg": "SRVCHG", "Dep": "DEP",
    "Atm": "ATM", "Pos": "POS", "Xfer": "XFER", "Check": "CHECK", "Payment": "PAYMENT", "Cash": "CASH",
    "DirectDep": "DIRECTDEP", "DirectDebit": "DIRECTDEBIT", "RepeatPmt": "REPEATPMT", "Other": "OTHER",
}  # fmt: skip
_ACCOUNT_TYPES = {
    "checking": "business",
    "Debit": "business",
    "savings": "savings",
    "loan": "loan",
    "creditCard": "creditCard",
    "Credit": "creditCard",
    "prepaidCard": "personal",
}
_ALPHA3 = {
    "AE": "ARE", "AU": "AUS", "CA": "CAN", "DE": "DEU", "ES": "ESP", "FR": "FRA", "GB": "GBR", "IE": "IRL", "MY": "MYS",
    "NZ": "NZL", "PT": "PRT", "UK": "GBR", "US": "USA", "ZA": "ZAF",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """Choices where Sage's public pages leave a question open; defaults as in `assumptions.py`."""

    posted_time: str = POSTED_TIME
    refused_status: str = REFUSED


def money(amount: Decimal, currency: str, unit: AmountUnit) -> wire.Money:
    """The one place that knows Sage's amount unit."""
    return to_minor(amount, EXPONENTS[currency]) if unit is AmountUnit.minor else plain(amount)


def transaction_type(kind: str, amount: wire.Money) -> str:
    """Unknown or none: by the amount's sign; zero is a credit."""
    return _TYPES.get(kind) or ("DEBIT" if amount < 0 else "CREDIT")


def account_type(kind: str | None) -> str:
    return _ACCOUNT_TYPES.get(kind or "", "business")


def country_alpha3(country: str) -> str:
    return _ALPHA3.get(country.upper(), country.upper())


def day(on: date, options: Options) -> str:
    return f"{on.isoformat()}T{options.posted_time}"


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def statement_body(delivery: Delivery, listing: Listing, options: Options) -> wire.StatementBody:
    """One POST /v1/statements."""
    bank_account_id, statement = delivery.bank_account_id, delivery.statement
    unit, currency = listing.amount_unit, delivery.currency
    status = "authRequired" if statement.kind is StatementKind.auth_required else "active"
    balances = _balances(statement.balances, currency, unit, options) if statement.balances else None
    amounts = _amounts(delivery.batch.columns.amounts, currency, unit)
    data = wire.StatementData(
        principal_id=bank_account_id,
        bank_id=listing.bank_id or "",
        expected=_expected(amounts),
        account_details=[wire.AccountDetails(bank_account_id, status, balances)],
        transaction_details=_lines(delivery.batch.columns, amounts, bank_account_id, options),
    )
    return wire.StatementBody(data)


def _expected(amounts: Sequence[wire.Money]) -> wire.Expected:
    """Control sums over the amounts as they are sent; a debit keeps its sign."""
    credit = sum(amount for amount in amounts if amount > 0)
    debit = sum(amount for amount in amounts if amount < 0)
    return wire.Expected(len(amounts), 1, _tidied(credit), _tidied(debit))


def _tidied(total: wire.Money) -> wire.Money:
    return plain(total) if isinstance(total, Decimal) else total


def _amounts(texts: Sequence[str], currency: str, unit: AmountUnit) -> list[wire.Money]:
    """As `money`, a column at once."""
    if unit is AmountUnit.major:
        return [plain(Decimal(text)) for text in texts]
    exponent = EXPONENTS[currency]
    together = " ".join(texts)
    if _WITH_DECIMALS[exponent].fullmatch(together):
        return list(map(int, together.replace(".", "").split(" ")))
    return [to_minor(Decimal(text), exponent) for text in texts]


def _with_decimals(exponent: int) -> re.Pattern[str]:
    """Decimal texts with all decimals of their currency, as nearly always: without the point they are minor units."""
    number = rf"-?+[0-9]++\.[0-9]{{{exponent}}}" if exponent else r"-?+[0-9]++"
    return re.compile(rf"{number}(?: {number})*+")


_WITH_DECIMALS = {exponent: _with_decimals(exponent) for exponent in set(EXPONENTS.values())}


def _balances(balances: Balances, currency: str, unit: AmountUnit, options: Options) -> wire.WireBalances:
    ledger_date = day(balances.ledger_on, options)
    return wire.WireBalances(
        ledger_balance=money(balances.ledger, currency, unit),
        ledger_balance_date=ledger_date,
        available_balance=money(balances.available, currency, unit),
        available_balance_date=instant(balances.available_at) if balances.available_at else ledger_date,
    )


def _lines(
    columns: Columns, amounts: Sequence[wire.Money], bank_account_id: str, options: Options
) -> list[wire.TransactionDetails]:
    """A statement's lines, column by column: a thousand of them take 2 ms."""
    posted = {text: f"{text}T{options.posted_time}" for text in set(columns.days)}
    kinds = _kinds(columns.types, amounts)
    payees = [wire.Payee(party) if party else None for party in columns.counterparties]
    return list(
        map(
            wire.TransactionDetails,
            columns.ids,
            repeat(bank_account_id),
            amounts,
            kinds,
            repeat(POSTED),
            map(posted.__getitem__, columns.days),
            columns.descriptions,
            columns.references,
            payees,
        )
    )


def _kinds(types: Sequence[str], amounts: Sequence[wire.Money]) -> list[str]:
    """As `transaction_type`, a column at once."""
    if _TYPES.keys() >= set(types):
        return list(map(_TYPES.__getitem__, types))
    return list(map(transaction_type, types, amounts))


def authorisation_body(
    accounts: Sequence[OfferedAccount] | None, *, success: bool, options: Options
) -> wire.AuthorisationBody:
    """One PATCH /v1/authorisations: the accounts of an onboarding; None for a re-authorisation."""
    offered = None if accounts is None else [_authorised(account) for account in accounts]
    return wire.AuthorisationBody(wire.AuthorisationData(AUTHORISED if success else options.refused_status, offered))


def _authorised(account: OfferedAccount) -> wire.AuthorisedAccount:
    return wire.AuthorisedAccount(
        bank_account_external_id=account.external_id,
        account_name=account.name,
        bank_identifier=account.bank_identifier,
        account_identifier=account.account_identifier,
        branch_identifier=account.branch_identifier,
    )


def bank_sync_body(listing: Listing, callbacks: Callbacks) -> wire.BankSyncBody:
    """One POST /v1/banks: created if Sage has given no bank id yet, else updated."""
    record = wire.BankRecord(
        external_ref=listing.external_ref,
        name=listing.name,
        country_code=country_alpha3(listing.country),
        callback_urls=wire.CallbackUrls(
            callbacks.notification, callbacks.available_accounts, callbacks.auth, callbacks.re_auth
        ),
        url=listing.url,
        supportiframe=True,
        principal_id=listing.bank_id,
    )
    return wire.BankSyncBody(
        wire.BankSync(to_create=[] if listing.bank_id else [record], to_update=[record] if listing.bank_id else [])
    )


def bank_removal_body(listing: Listing) -> wire.BankSyncBody:
    return wire.BankSyncBody(wire.BankSync(to_remove=[wire.BankNamed(listing.bank_id, listing.external_ref)]))
