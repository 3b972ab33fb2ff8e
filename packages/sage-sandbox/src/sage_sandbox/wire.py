"""The Provider API's words as structs, and exact JSON in and out."""

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_INTEGER_DIGITS_MAX = 18
_FRACTION_DIGITS_MAX = 6
_INTEGER_MAX = 10**_INTEGER_DIGITS_MAX


class Amount(Decimal):
    """A JSON number, exact; a type of its own so that a number in quotation marks is not one."""

    __slots__ = ()


class WholeAmount(Amount):
    """An amount that was written without a fraction: nobody has to look whether it has one."""

    __slots__ = ()


def _decode_hook(wanted: type[Any], found: Any) -> Any:
    if wanted is not Amount:
        raise NotImplementedError(wanted)
    if type(found) is int and -_INTEGER_MAX < found < _INTEGER_MAX:
        return WholeAmount(found)
    if type(found) is not int and type(found) is not Decimal:
        raise ValueError(f"Expected `number`, got `{_json_name(found)}`")
    amount = Amount(found)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_FRACTION_DIGITS_MAX or amount.adjusted() >= _INTEGER_DIGITS_MAX:
        raise ValueError(f"Expected a number of at most {_INTEGER_DIGITS_MAX} digits")
    return amount


def _json_name(found: object) -> str:
    names: dict[type[Any], str] = {str: "str", bool: "bool", dict: "object", list: "array", type(None): "null"}
    return names.get(type(found), "number")


def _encode_hook(value: Any) -> Any:
    if isinstance(value, Amount):
        return Decimal(value)
    raise NotImplementedError(repr(value))


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_encode_hook)


def encode(value: object) -> bytes:
    return _encoder.encode(value)


def is_text(body: bytes, value: object) -> bool:
    """Whether what was decoded can be written again: JSON escapes may spell half of a character."""
    if b"\\" not in body or (b"\\ud" not in body and b"\\uD" not in body):
        return True
    try:
        _encoder.encode(value)
    except UnicodeEncodeError:
        return False
    return True


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind, dec_hook=_decode_hook, float_hook=Decimal)


class CallbackURLs(msgspec.Struct, rename="camel", omit_defaults=True):
    notification: str
    available_accounts: str
    auth: str
    re_auth: str


class BankToCreate(msgspec.Struct, rename="camel"):
    name: str
    country_code: str
    external_ref: str
    url: str
    callbacks: CallbackURLs = msgspec.field(name="callbackURLs")
    supportiframe: bool = True


class BankToUpdate(msgspec.Struct, rename="camel"):
    principal_id: str
    external_ref: str
    name: str
    callbacks: CallbackURLs = msgspec.field(name="callbackURLs")
    country_code: str | None = None
    url: str | None = None
    supportiframe: bool | None = None


class BankToRemove(msgspec.Struct, rename="camel"):
    principal_id: str
    external_ref: str


class BankSync(msgspec.Struct, rename="camel"):
    to_create: list[BankToCreate] = []
    to_update: list[BankToUpdate] = []
    to_remove: list[BankToRemove] = []


class BankSyncBody(msgspec.Struct):
    data: BankSync


class BankSyncBodyOfDocs(msgspec.Struct):
    data: list[BankSync]


class AuthorisedAccount(msgspec.Struct, rename="camel"):
    bank_account_external_id: str
    account_name: str
    bank_identifier: str
    account_identifier: str
    branch_identifier: str | None = None
    account_type: str | None = None


class Authorised(msgspec.Struct, rename="camel"):
    status: str
    bank_accounts: list[AuthorisedAccount] | None = None


class AuthorisedBody(msgspec.Struct):
    data: Authorised


class Expected(msgspec.Struct, rename="camel"):
    transaction_details_count: int
    account_details_count: int
    transaction_credit_sum: Amount
    transaction_debit_sum: Amount


class Balances(msgspec.Struct, rename="camel", omit_defaults=True):
    ledger_balance: Amount | None = None
    ledger_balance_date: datetime | None = None
    available_balance: Amount | None = None
    available_balance_date: datetime | None = None


class AccountDetails(msgspec.Struct, rename="camel"):
    bank_account_id: str
    status: str
    balances: Balances | None = None


class Payee(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    payee_description: str | None = None
    address1: str | None = None
    address2: str | None = None
    address3: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone_number: str | None = None
    payee_bank_id: str | None = None
    payee_account_id: str | None = None


class Coordinates(msgspec.Struct, omit_defaults=True, gc=False):
    lat: Amount | None = None
    long: Amount | None = None


class Category(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    top_level_category: str | None = None
    sub_category: str | None = None
    category_id: int | None = None
    standard_industrial_code: str | None = None


class Line(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """One transaction, as sent and as stored."""

    unique_id: str
    bank_account_id: str
    transaction_amount: Amount
    transaction_type: str
    transaction_status: str
    date_posted: datetime
    description: str | None = None
    date_user_initiated: datetime | None = None
    exchange_currency: str | None = None
    exchange_amount: Amount | None = None
    check_number: str | None = None
    reference_number: str | None = None
    narrative1: str | None = None
    narrative2: str | None = None
    payee: Payee | None = None
    coordinates: Coordinates | None = None
    category: Category | None = None


class StatementData(msgspec.Struct, rename="camel"):
    principal_id: str
    bank_id: str
    account_details: list[AccountDetails]
    transaction_details: list[Line]
    expected: Expected | None = None


class RawStatementData(msgspec.Struct, rename="camel"):
    """The same, its lines still to be decoded."""

    principal_id: str
    bank_id: str
    account_details: list[AccountDetails]
    transaction_details: msgspec.Raw
    expected: Expected | None = None


class StatementBody(msgspec.Struct):
    data: RawStatementData


class AccountQuery(msgspec.Struct, rename="camel"):
    bank_id: str
    external_id: str


class AccountQueryBody(msgspec.Struct):
    data: AccountQuery


class SyncReport(msgspec.Struct):
    status: str
    reason: str
    timestamp: str


class AvailableAccount(msgspec.Struct, rename="camel"):
    account_type: str
    account_name: str
    external_id: str
    bank_identifier: str
    account_identifier: str
    branch_identifier: str | None = None
