"""What the tests of late lines share: an account that presents them, files of February, what Sage and the stream have."""

from datetime import date
from decimal import Decimal
from typing import Any

from bankfeeds.flows import late_queue, trace

from ...readers import documents
from ...readers.documents import Booked
from .conftest import Item
from .operators import ANN, WHY
from .test_interim_files import IBAN

ACCOUNT = "ext-acc-001"
TODAY = "2026-03-02"


def item(line_id: str, on: str, amount: str, balance: str, text: str = "Flour") -> Item:
    return Item(line_id, on, Decimal(amount), Decimal(balance), text)


def set_presenting(platform: Any) -> None:
    late_queue.change(platform.world, ANN, ACCOUNT, WHY, presents=True)


def in_sage(platform: Any, bank_account: str = "ba-1") -> list[tuple[str, str]]:
    return list(zip(platform.sage.stored[bank_account], platform.sage.days[bank_account], strict=True))


def stored(platform: Any, line_id: str) -> Any:
    return trace.line(platform.world, ACCOUNT, line_id).line


def document(opening: str, *lines: tuple[int, str, str]) -> str:
    """A camt.053 file of February with its balances: day, amount, text."""
    booked = [Booked(date(2026, 2, day), Decimal(amount), text, bank_reference=text) for day, amount, text in lines]
    closing = Decimal(opening) + sum((line.amount for line in booked), Decimal(0))
    return documents.document(
        documents.stmt(
            documents.bal("OPBD", Decimal(opening)),
            documents.bal("CLBD", closing),
            *map(documents.entry, booked),
            iban=IBAN,
        )
    )
