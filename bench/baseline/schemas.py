"""The baseline's request and answer as pydantic models."""

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TransactionType = Literal[
    "Unknown", "Credit", "Debit", "Int", "Div", "Fee", "SerChg", "Dep", "Atm", "Pos", "Xfer", "Check", "Payment",
    "Cash", "DirectDep", "DirectDebit", "RepeatPmt", "Other",
]  # fmt: skip


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Transaction(Camel):
    id: str = Field(min_length=1, max_length=255)
    date: dt.date
    description: str = Field(default="", max_length=255)
    amount: Decimal = Field(max_digits=18, decimal_places=2)
    balance: Decimal = Field(max_digits=18, decimal_places=2)
    transaction_type: TransactionType = "Unknown"
    counterparty: str | None = Field(default=None, max_length=255)
    reference: str | None = Field(default=None, max_length=255)


class CreateTransactions(Camel):
    account_id: str
    transactions: list[Transaction] = Field(min_length=1, max_length=1000)


class PushOperation(Camel):
    push_operation_key: str
    company_id: str
    data_connection_key: str
    data_type: str = "bankTransactions"
    status: str
    status_code: int
    requested_on_utc: dt.datetime
    warnings: list[str] = []
