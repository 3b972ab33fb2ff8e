"""What one step of a feed asks of Sage, and what came back."""

from dataclasses import dataclass

from bankfeeds.domain.columns import Batch
from bankfeeds.domain.outcome import Outcome
from bankfeeds.domain.statement import Statement


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that one statement to Sage is made of; the same delivery always makes the same bytes."""

    bank_account_id: str
    currency: str
    statement: Statement
    batch: Batch


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """Sage's answer to an account query."""

    bank_account_id: str
    status: str
    requested_start_date: str | None

    @property
    def is_cancelled(self) -> bool:
        return self.status.lower() in {"cancelled", "canceled"}


@dataclass(frozen=True, slots=True)
class Find:
    """Ask what Sage knows of the account: its start date, or whether it is still linked."""


@dataclass(frozen=True, slots=True)
class Offer:
    """POST the statement. `was_doubtful`: Sage may have its lines from an offer whose fate we never learned."""

    delivery: Delivery
    was_doubtful: bool

    @property
    def statement(self) -> Statement:
        return self.delivery.statement


@dataclass(frozen=True, slots=True)
class Follow:
    """Ask how far Sage is with a statement it has taken. `was_doubtful` as it stood when that one was offered."""

    statement: Statement
    sage_id: str
    was_doubtful: bool


Act = Find | Offer | Follow


@dataclass(frozen=True, slots=True)
class Answered:
    """`found` is asked for after Find, and after an answer that says the bank account is gone."""

    act: Act
    outcome: Outcome | None
    found: FoundAccount | Outcome | None
