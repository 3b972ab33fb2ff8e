"""A line that we push ourselves, as an item of the request that it goes in by."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bankfeeds.domain.statement_file import FileLine
from bankfeeds.domain.transaction import Line


class PushItem(NamedTuple):
    """A tuple, which is made faster than a dataclass."""

    id: str
    date: str
    description: str
    amount: bytes
    balance: bytes
    transactionType: str  # noqa: N815 - the wire's own spelling, matched structurally
    counterparty: str | None
    reference: str | None


def of_file(line: FileLine) -> PushItem:
    return _item(line.id, line.date, line, line.transaction_type)


def of_line(line: Line) -> PushItem:
    return _item(line.id, line.on, line, line.type)


def _item(line_id: str, on: date, line: FileLine | Line, kind: str) -> PushItem:
    return PushItem(
        line_id, on.isoformat(), line.description, _plain(line.amount), _plain(line.balance), kind, line.counterparty,
        line.reference,
    )  # fmt: skip


def _plain(amount: Decimal) -> bytes:
    return format(amount, "f").encode()
