"""A line that we push ourselves, as an item of the request that it goes in by."""

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
    """In one call: a file has a hundred thousand lines."""
    return PushItem(
        line.id,
        line.date.isoformat(),
        line.description,
        format(line.amount, "f").encode(),
        format(line.balance, "f").encode(),
        line.transaction_type,
        line.counterparty,
        line.reference,
    )


def of_line(line: Line) -> PushItem:
    amount, balance = format(line.amount, "f").encode(), format(line.balance, "f").encode()
    on = line.on.isoformat()
    return PushItem(line.id, on, line.description, amount, balance, line.type, line.counterparty, line.reference)
