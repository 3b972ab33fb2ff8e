"""What goes over the wire to Sage's Provider API, in Sage's words (Sage contract, section 6).

Amounts are int in minor units or Decimal in major ones: `translate.py` decides, once.
"""

from decimal import Decimal

import msgspec

Money = int | Decimal


class Expected(msgspec.Struct, rename="camel"):
    transaction_details_count: int
    account_details_count: int
    transaction_credit_sum: Money
    transaction_debit_sum: Money


class WireBalances(msgspec.Struct, rename="camel"):
    ledger_balance: Money
    ledger_balance_date: str
    available_balance: Money
    available_balance_date: str


class AccountDetails(msgspec.Struct, rename="camel", omit_defaults=True):
    bank_account_id: str
    status: str
    balances: WireBalances | None = None


class Payee(msgspec.Struct, rename="camel", gc=False):
    payee_description: str


class TransactionDetails(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    unique_id: str
    bank_account_id: str
    transaction_amount: Money
    transaction_type: str
    transaction_status: str
    date_posted: str
    description: str
    reference_number: str | None = None
    payee: Payee | None = None


class StatementData(msgspec.Struct, rename="camel"):
    principal_id: str
    bank_id: str
    expected: Expected
    account_details: list[AccountDetails]
    transaction_details: list[TransactionDetails]


class StatementBody(msgspec.Struct):
    data: StatementData


class AuthorisedAccount(msgspec.Struct, rename="camel", omit_defaults=True):
    bank_account_external_id: str
    account_name: str
    bank_identifier: str
    account_identifier: str
    branch_identifier: str | None = None


class AuthorisationData(msgspec.Struct, rename="camel", omit_defaults=True):
    status: str
    bank_accounts: list[AuthorisedAccount] | None = None


class AuthorisationBody(msgspec.Struct):
    data: AuthorisationData


class AccountQueryData(msgspec.Struct, rename="camel"):
    bank_id: str
    external_id: str


class AccountQueryBody(msgspec.Struct):
    data: AccountQueryData


class SyncFailureBody(msgspec.Struct):
    """Section 6.7: told once, on one page of Sage's; not wrapped in data, as it is shown there."""

    status: str
    reason: str
    timestamp: str


class CallbackUrls(msgspec.Struct, rename="camel"):
    notification: str
    available_accounts: str
    auth: str
    re_auth: str


class BankRecord(msgspec.Struct, rename="camel", omit_defaults=True):
    external_ref: str
    name: str
    country_code: str
    callback_urls: CallbackUrls = msgspec.field(name="callbackURLs")
    url: str | None = None
    supportiframe: bool | None = None
    principal_id: str | None = None


class BankNamed(msgspec.Struct, rename="camel"):
    """A bank to be removed."""

    principal_id: str | None
    external_ref: str


class BankSync(msgspec.Struct, rename="camel", omit_defaults=True):
    to_create: list[BankRecord] = []
    to_update: list[BankRecord] = []
    to_remove: list[BankNamed] = []


class BankSyncBody(msgspec.Struct):
    data: BankSync


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(body: msgspec.Struct) -> bytes:
    """JSON, minified, decimals as numbers; the same value always gives the same bytes."""
    return _encoder.encode(body)
