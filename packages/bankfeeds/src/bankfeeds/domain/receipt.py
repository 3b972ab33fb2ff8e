"""A receipt: where one line of a push has got to, over all feeds of its account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReceiptState(StrEnum):
    """`refused`: Sage will not take it, its feed stands there. `accepted`: kept, in no statement."""

    accepted = "accepted"
    withheld = "withheld"
    in_statement = "inStatement"
    in_sage = "inSage"
    skipped = "skipped"
    refused = "refused"


_FURTHEST_BACK = (
    ReceiptState.refused,
    ReceiptState.accepted,
    ReceiptState.in_statement,
    ReceiptState.skipped,
    ReceiptState.in_sage,
    ReceiptState.withheld,
)
"""An account with several feeds gets the receipt of the one that needs most: only what is in Sage in every feed that
is to have it is `inSage`, only what none is to have is `withheld`.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`statement_id` is Sage's; None until Sage has told it, and for a line that no statement of ours carries."""

    id: str
    state: ReceiptState
    at: datetime
    statement_id: str | None = None
    reason: str | None = None


def of_all(receipts: list[Receipt]) -> Receipt:
    return min(receipts, key=lambda each: _FURTHEST_BACK.index(each.state))
