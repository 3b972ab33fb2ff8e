"""Lines of a bank account as an institution has them, and as it tells the judge of them. Knows nothing of the platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Line:
    id: str
    on: str
    amount: Decimal
    balance: Decimal

    def pushed(self) -> dict[str, Any]:
        """As an item of a push."""
        kind = "Credit" if self.amount >= 0 else "Debit"
        return {
            "id": self.id,
            "date": self.on,
            "description": f"Line {self.id}",
            "amount": self.amount,
            "balance": self.balance,
            "transactionType": kind,
        }

    def expected(self) -> dict[str, Any]:
        """As the judge is told of it."""
        return {"uniqueId": self.id, "amount": self.amount, "date": self.on}


def today() -> date:
    return datetime.now(UTC).date()


def days_ago(count: int) -> str:
    return (today() - timedelta(days=count)).isoformat()


def make_lines(count: int, *, prefix: str = "tx", days: int = 10, first: int = 1) -> list[Line]:
    """Oldest first over the last days, none alike, the balance running on from one call to the next by `first`."""
    made: list[Line] = []
    for number in range(1, first + count):
        amount = Decimal((number * 7919) % 100_003 - 50_000).scaleb(-2)
        balance = (made[-1].balance if made else Decimal("1000.00")) + amount
        place = max(number - first, 0) * days // count
        made.append(Line(f"{prefix}-{number}", days_ago(max(days - 1 - place, 0)), amount, balance))
    return made[first - 1 :]


def parts_of(lines: Sequence[Line], size: int) -> list[Sequence[Line]]:
    return [lines[at : at + size] for at in range(0, len(lines), size)]
