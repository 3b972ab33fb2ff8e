"""The institution's part: a customer of it as the platform's public API knows them."""

from collections.abc import Sequence
from typing import Any

import httpx2
import wires
from bank_lines import Line
from processes import wait_until
from systems import System

FOLLOW_WITHIN_S = 120.0


class Customer:
    """A company with one connection; `path` is that of one that somebody else has made."""

    def __init__(self, system: System, name: str, path: str = "") -> None:
        self._system = system
        self.name = name
        if path:
            self.company, _, self.connection_id = path.partition("/connections/")
            self.company_id, self.path = self.company.rpartition("/")[2], path
            return
        self.company_id = str(self.call("POST", "/companies", {"name": name})["id"])
        self.company = f"/companies/{self.company_id}"
        self.connect()

    def connect(self) -> None:
        """A connection, instead of the one before."""
        made = self.call("POST", f"{self.company}/connections", {"platformKey": "olpr"})
        self.connection_id = str(made["id"])
        self.path = f"{self.company}/connections/{self.connection_id}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        return wires.read(self.ask(method, path, body), 200, 201, 204)

    def ask(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """The answer, whatever its status."""
        headers = {"authorization": self._system.authorization}
        return wires.call(self._system.http, method, self._system.api_url + path, body, headers)

    def open_account(self, account_id: str = "acc-001", name: str = "Trading account", number: str = "10203040") -> Any:
        body = {
            "id": account_id,
            "accountName": name,
            "accountType": "checking",
            "accountNumber": number,
            "sortCode": "112233",
            "currency": "GBP",
            "balance": 1000,
        }
        return self.call("POST", f"{self.path}/connectionInfo/bankFeedAccounts", body)

    def otp(self) -> str:
        return str(self.call("POST", f"{self.path}/bankFeeds/otp")["otp"])

    def authorise(self, authorisation_id: str) -> httpx2.Response:
        return self.ask("PUT", f"{self.path}/authorization", {"authorizationId": authorisation_id})

    def connection_status(self) -> str:
        return str(self.call("GET", self.path)["status"])

    def account_status(self, account_id: str = "acc-001") -> str:
        listed = self.call("GET", f"{self.path}/connectionInfo/bankFeedAccounts")
        return next(str(each["status"]) for each in listed if each["id"] == account_id)

    def wait_account(self, status: str, account_id: str = "acc-001", within_s: float = 60.0) -> None:
        wait_until(
            lambda: self.account_status(account_id) == status, f"{account_id} of {self.name} is {status}", within_s
        )

    def push(self, lines: Sequence[Line], account_id: str = "acc-001") -> dict[str, Any]:
        return wires.read(self.try_push(lines, account_id), 200)

    def try_push(self, lines: Sequence[Line], account_id: str = "acc-001") -> httpx2.Response:
        body = {"accountId": account_id, "transactions": [line.pushed() for line in lines]}
        return self.ask("POST", f"{self.path}/push/bankAccounts/{account_id}/bankTransactions", body)

    def operation(self, key: str) -> dict[str, Any]:
        return self.call("GET", f"{self.company}/push/{key}")

    def follow(self, *operations: dict[str, Any], within_s: float = FOLLOW_WITHIN_S) -> list[dict[str, Any]]:
        """Each push operation at its end; fails unless all are Success."""

        def ended() -> list[dict[str, Any]]:
            now = [self.operation(each["pushOperationKey"]) for each in operations]
            return now if all(each["status"] != "Pending" for each in now) else []

        found = wait_until(ended, f"{len(operations)} pushes of {self.name} end", within_s)
        assert [each["status"] for each in found] == ["Success"] * len(operations), found
        return found
