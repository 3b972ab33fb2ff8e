"""The sandbox's judge: told what should arrive, by the one who means to send it; asked what did."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx2

from bankfeeds.demo import wire
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.statement_file import FileLine

PROCESSING_MS = 100


class Judge:
    """`unit` is the one in which Sage takes amounts: minor or major."""

    def __init__(self, client: httpx2.Client, admin_url: str) -> None:
        self._client = client
        self._admin_url = f"{admin_url}/admin"
        self.unit: str = self._call("GET", "/settings")["amountUnit"]

    def expect(self, expected: Sequence[tuple[str, Sequence[FileLine]]]) -> None:
        """Of each account: its external id, and every line in order, amounts in major units."""
        accounts = [
            {"externalId": external_id, "lines": [_line(line) for line in lines]} for external_id, lines in expected
        ]
        self._call("POST", "/expectations", {"accounts": accounts})

    def major(self, amount: Decimal | int, currency: str) -> Decimal:
        """An amount as Sage has it, in the currency's major unit."""
        return Decimal(amount).scaleb(-EXPONENTS.get(currency, 2) if self.unit == "minor" else 0)

    def verdict(self) -> dict[str, Any]:
        return self._call("GET", "/verdict")

    def hurry(self) -> None:
        """Statements are processed quickly: nobody watches a demo that waits."""
        self._call("PUT", "/settings", {"processingMs": PROCESSING_MS})

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return wire.check(wire.call(self._client, method, self._admin_url + path, body), 200, 201, 204)


def _line(line: FileLine) -> dict[str, object]:
    return {"uniqueId": line.id, "amount": line.amount, "date": line.date.isoformat()}
