"""A push operation: what became of one request that wrote bank transactions.

`first_seq`..`last_seq` are the sequence numbers its new lines were given in the account's stream; None
when every line was a duplicate (then it ends as the operations ended that first brought them).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bankfeeds.domain.errors import Flaw


class PushStatus(StrEnum):
    pending = "Pending"
    failed = "Failed"
    success = "Success"
    timed_out = "TimedOut"


STATUS_CODES: dict[PushStatus, int] = {
    PushStatus.pending: 202,
    PushStatus.success: 200,
    PushStatus.failed: 400,
    PushStatus.timed_out: 408,
}
FINAL = frozenset({PushStatus.failed, PushStatus.success, PushStatus.timed_out})
TRANSITIONS: dict[PushStatus, frozenset[PushStatus]] = {
    PushStatus.pending: FINAL,
    PushStatus.failed: frozenset(),
    PushStatus.success: frozenset(),
    PushStatus.timed_out: frozenset(),
}


@dataclass(frozen=True, slots=True)
class PushOperation:
    key: str
    company_id: str
    connection_id: str
    account_id: str
    requested_at: datetime
    status: PushStatus
    completed_at: datetime | None = None
    timeout_minutes: int | None = None
    errors: tuple[Flaw, ...] = ()
    warnings: tuple[Flaw, ...] = ()
    error_message: str | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    balance: Decimal | None = None
    balance_on: date | None = None
