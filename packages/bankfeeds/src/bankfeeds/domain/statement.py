"""A statement: what one POST to Sage carries. Its range of lines is fixed before it is offered, and never changes."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class StatementKind(StrEnum):
    lines = "lines"
    opening = "opening"
    auth_required = "authRequired"


class StatementStatus(StrEnum):
    """offered → taken → done | refused; offered is, from before the call, every moment in which Sage may have it."""

    offered = "offered"
    taken = "taken"
    done = "done"
    refused = "refused"
    dropped = "dropped"


TRANSITIONS: dict[StatementStatus, frozenset[StatementStatus]] = {
    StatementStatus.offered: frozenset(
        {StatementStatus.taken, StatementStatus.done, StatementStatus.refused, StatementStatus.dropped}
    ),
    StatementStatus.taken: frozenset(
        {StatementStatus.offered, StatementStatus.done, StatementStatus.refused, StatementStatus.dropped}
    ),
    StatementStatus.done: frozenset(),
    StatementStatus.refused: frozenset(),
    StatementStatus.dropped: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Balances:
    """After the statement's lines; `available_at` is None where the available balance is the ledger's."""

    ledger: Decimal
    ledger_on: date
    available: Decimal
    available_at: datetime | None


@dataclass(frozen=True, slots=True)
class Statement:
    """`first_seq`..`last_seq` inclusive; None for a statement without lines. `offers` counts times sent, `refusals`
    times refused without a reason.
    """

    pk: int
    feed_pk: int
    kind: StatementKind
    status: StatementStatus
    first_seq: int | None
    last_seq: int | None
    line_count: int
    balances: Balances | None
    offers: int
    refusals: int
    doubtful: bool
    sage_id: str | None
    created_at: datetime
