"""Codat's words: every request and response body, spelled as Codat spells them, and nothing else.

Responses leave out what is None: Codat's TypeScript client refuses nulls. Amounts come in as JSON numbers only and
are exact from the first byte on; they go out as JSON numbers.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from msgspec import Raw, Struct, field, json

PLATFORM_KEY = "olpr"
INTEGRATION_ID = "2ce41026-589a-4330-8bfc-a30672253cd9"
SOURCE_ID = "98432954-a4fa-4640-a685-3af56909002a"
PLATFORM_NAME = "SageBankFeed"
SOURCE_TYPE = "BankFeed"

RoutingType = Literal[
    "rtn", "aba", "swift", "bsb", "iban", "nz2", "trno", "sortcode", "blz", "ifsc", "bankcode", "apca", "clabe"
]  # fmt: skip
TransactionType = Literal[
    "Unknown", "Credit", "Debit", "Int", "Div", "Fee", "SerChg", "Dep", "Atm", "Pos", "Xfer", "Check", "Payment",
    "Cash", "DirectDep", "DirectDebit", "RepeatPmt", "Other",
]  # fmt: skip
AccountStatusWord = Literal["pending", "connected", "connecting", "disconnected", "unknown"]


class _AnyDecimal(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Decimal)


class Number(Decimal, metaclass=_AnyDecimal):
    """A Decimal that was a number in the JSON: msgspec alone would also take the strings "10.50" and "NaN".

    Never made: it only has msgspec ask `decode_number` about each value, and takes the plain Decimal it gives.
    """


class Request(Struct, rename="camel"):
    """Every member optional: what is missing is told by the rules, all at once, rather than one by one."""


class CompanyBody(Request):
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None


class CreateConnection(Request):
    platform_key: str | None = None


class UpdateConnection(Request):
    status: str | None = None


class Authorization(Request):
    authorization_id: str | None = None
    bank_id: str | None = None


class RoutingBody(Request):
    bank_code: str | None = None
    type: RoutingType | None = None


class AccountInfoBody(Request):
    description: str | None = None
    nickname: str | None = None
    account_open_date: str | None = None
    available_balance: Number | None = None


class AccountBody(Request):
    """v1 and v2 alike; `domain/account_draft.py` tells which."""

    id: str | None = None
    account_name: str | None = None
    account_type: str | None = None
    account_number: str | None = None
    sort_code: str | None = None
    currency: str | None = None
    balance: Number | None = None
    routing_info: RoutingBody | None = None
    account_info: AccountInfoBody | None = None


class ReauthorizationBody(Request):
    reason: str | None = None


class ClosingBalance(Request):
    date: str | None = None
    balance: Number | None = None


class ClosingBalancesBody(Request):
    closing_balances: list[ClosingBalance] | None = None


class AccountPatch(Request):
    id: str | None = None
    account_name: str | None = None
    status: AccountStatusWord | None = None
    balance: Number | None = None


class Transaction(Request, gc=False):
    """Read by `domain/transaction.py` as a RawLine, hence the one name in camel case and amounts as their JSON text.

    A thousand come at once, and none refers to itself: the garbage collector need not look at them.
    """

    id: str | None = None
    date: str | None = None
    description: str | None = None
    amount: Raw = Raw()
    balance: Raw = Raw()
    transactionType: TransactionType | None = None  # noqa: N815
    counterparty: str | None = None
    reference: str | None = None
    reconciled: bool | None = None


class CreateTransactions(Request):
    account_id: str | None = None
    transactions: list[Transaction] | None = None


class Response(Struct, rename="camel", omit_defaults=True):
    """Members with a default are left out while they have it."""


class ConnectionBody(Response):
    id: str
    link_url: str
    status: str
    created: datetime
    integration_id: str
    integration_key: str
    source_id: str
    platform_name: str
    source_type: str


class Company(Response):
    id: str
    name: str
    redirect: str
    created: datetime
    products: tuple[str, ...]
    tags: dict[str, str]
    owner_user_ids: tuple[str, ...]
    reference_subsidiary_companies: tuple[str, ...]
    data_connections: list[ConnectionBody]
    description: str | None = None


class RoutingInfo(Response):
    type: str
    bank_code: str | None = None


class AccountInfo(Response):
    description: str | None = None
    nickname: str | None = None
    account_open_date: str | None = None
    available_balance: Decimal | None = None


class Account(Response):
    id: str
    status: str
    modified_date: datetime
    account_name: str | None = None
    account_type: str | None = None
    account_number: str | None = None
    sort_code: str | None = None
    routing_info: RoutingInfo | None = None
    currency: str | None = None
    balance: Decimal | None = None
    account_info: AccountInfo | None = None
    feed_start_date: str | None = None
    requested_start_date: str | None = None
    cut_over_date: str | None = None
    reauthorization_required: bool = False


class BatchResult(Response):
    """201 for an account made; a *string* for an error, as the schema has it."""

    status_code: int | str
    error: str | None = None
    account: Account | None = None


class BatchItem(Response):
    source_account_id: str
    result: BatchResult


class ClosingBalancesStated(Response):
    days: int


class OneTimePassword(Response):
    otp: str
    expiry: datetime


class ValidationItem(Response):
    item_id: str
    message: str
    validator_name: str


class Validation(Response):
    errors: list[ValidationItem]
    warnings: list[ValidationItem]


class RecordRef(Response):
    id: str
    data_type: str


class Change(Response):
    type: str
    record_ref: RecordRef


class PushOperation(Response):
    data_type: str
    company_id: str
    push_operation_key: str
    data_connection_key: str
    requested_on_utc: datetime
    status: str
    status_code: int
    validation: Validation
    completed_on_utc: datetime | None = None
    timeout_in_minutes: int | None = None
    error_message: str | None = None
    changes: list[Change] | None = None


class ExpectedSums(Response):
    transaction_credit_sum: Decimal
    transaction_debit_sum: Decimal


class StatementBalances(Response):
    ledger_balance: Decimal
    ledger_balance_date: str


class StatementDraft(Response):
    bank_account_id: str
    transaction_details_count: int
    expected: ExpectedSums
    balances: StatementBalances


class Rehearsal(Response):
    accepted: int
    duplicates: int
    withheld: int
    warnings: list[ValidationItem]
    statements: list[StatementDraft]


class TakenBefore(Response):
    id: str
    at: datetime


class StatementFileTaken(Response):
    """`id` is the file's from now on; none where nothing was done (`dryRun`). `taken_before`: the very same bytes were.

    `late`: ids of lines that come too late to be sent in order; they wait, or are presented today.

    `damage`: where a file that was taken only up to there could not be read.
    """

    currency: str
    proof: str
    lines: int
    accepted: int
    duplicates: int
    late: list[str]
    pending: int
    warnings: list[str]
    push_operations: list[PushOperation]
    sha256: str
    id: str | None = None
    taken_before: TakenBefore | None = None
    account_number: str | None = None
    opening_balance: Decimal | None = None
    closing_balance: Decimal | None = None
    damage: str | None = None


class StatementFile(Response):
    """One that was taken, as far as it is about the account. `missing`: push operations that never came to be."""

    id: str
    name: str
    format: str
    size_bytes: int
    sha256: str
    taken_at: datetime
    taken_by: str
    proof: str
    lines: int
    accepted: int
    duplicates: int
    late: int
    pending: int
    push_operation_keys: list[str]
    missing: int = 0
    opening_balance: Decimal | None = None
    closing_balance: Decimal | None = None


class Receipt(Response):
    id: str
    state: str
    at: datetime
    statement_id: str | None = None
    reason: str | None = None


class PushChoice(Response):
    value: str
    type: str
    display_name: str
    description: str
    required: bool


class PushFieldValidation(Response):
    field: str
    details: str


class PushValidation(Response):
    warnings: list[PushFieldValidation]
    information: list[PushFieldValidation]


class PushProperty(Response):
    type: str
    display_name: str
    description: str
    required: bool
    properties: "dict[str, PushProperty] | None" = None
    options: list[PushChoice] | None = None
    validation: PushValidation | None = None


class PushOption(PushProperty):
    """The outermost property."""


class Href(Response):
    href: str


class Links(Response):
    self: Href
    current: Href
    next: Href | None = None
    previous: Href | None = None


class Page(Response):
    results: list[Any]
    page_number: int
    page_size: int
    total_results: int
    links: Links = field(name="_links")


class ErrorMessage(Response):
    status_code: int
    service: str
    error: str
    correlation_id: str
    can_be_retried: str
    detailed_error_code: int
    validation: Validation | None = None


def decode_number(kind: type, value: object) -> Decimal:
    """The hook of msgspec for Number: a JSON number is here a Decimal or an int by now, and nothing else is one."""
    if kind is not Number:
        raise NotImplementedError(kind)
    if type(value) is Decimal and value.is_finite():
        return value
    if type(value) is int:
        return Decimal(value)
    raise ValueError("Expected a number in plain decimals, without quotes")


def _float_text(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")  # an exponent past what a Decimal can hold


def decoder(kind: type) -> "json.Decoder[Any]":
    return json.Decoder(kind, dec_hook=decode_number, float_hook=_float_text)


encode = json.Encoder(decimal_format="number").encode
