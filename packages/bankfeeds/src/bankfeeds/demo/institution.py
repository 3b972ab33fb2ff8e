"""The institution's part: its backend, calling the platform's public API with its key."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from bankfeeds.demo import wire
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.domain.statement_file import AccountLines, FileAccount, FileLine

BATCH_LINES_MAX = 1000
FOLLOW_S = 240.0
_POLL_S = 0.1
_UNKNOWN_SORT_CODE = "000000"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the institution has made for one account, by the ids the platform gave."""

    company_id: str
    company_name: str
    connection_id: str
    account_id: str
    account_name: str

    @property
    def connection_path(self) -> str:
        return f"/companies/{self.company_id}/connections/{self.connection_id}"


class Institution:
    """`authorization` is the whole header value."""

    def __init__(self, client: httpx2.Client, api_url: str, authorization: str) -> None:
        self._client = client
        self._api_url = api_url
        self._headers = {"authorization": authorization}

    def prepare(self, account: AccountLines) -> Prepared:
        """Company, connection, source account."""
        name = account.account.name or f"Account {_tail(account.account.id)}"
        company = self._call("POST", "/companies", {"name": name, "description": "made by bankfeeds demo"})
        path = f"/companies/{company['id']}/connections"
        connection = self._call("POST", path, {"platformKey": "olpr"})
        body = source_account(account)
        made = self._call("POST", f"{path}/{connection['id']}/connectionInfo/bankFeedAccounts", body)
        return Prepared(company["id"], company["name"], connection["id"], made["id"], made["accountName"])

    def one_time_password(self, prepared: Prepared) -> str:
        return self._call("POST", f"{prepared.connection_path}/bankFeeds/otp")["otp"]

    def wait_connected(self, prepared: Prepared) -> None:
        """Until the platform has heard from Sage that the account was linked."""
        deadline = time.monotonic() + FOLLOW_S
        path = f"{prepared.connection_path}/connectionInfo/bankFeedAccounts"
        while True:
            accounts = self._call("GET", path)
            if any(each["id"] == prepared.account_id and each["status"] == "connected" for each in accounts):
                return
            if time.monotonic() > deadline:
                raise DemoFailed(f"account {prepared.account_id} was linked in Sage, but never became connected")
            time.sleep(_POLL_S)

    def push(self, prepared: Prepared, lines: Sequence[FileLine]) -> list[dict[str, Any]]:
        """In batches; the push operations, oldest first."""
        path = f"{prepared.connection_path}/push/bankAccounts/{prepared.account_id}/bankTransactions"
        return [
            self._call("POST", path, {"accountId": prepared.account_id, "transactions": [_item(line) for line in part]})
            for part in batches(lines)
        ]

    def follow(self, company_id: str, key: str, on_wait: Callable[[], None]) -> dict[str, Any]:
        """The push operation once it is no longer Pending."""
        deadline = time.monotonic() + FOLLOW_S
        while True:
            operation = self._call("GET", f"/companies/{company_id}/push/{key}")
            if operation["status"] != "Pending":
                return operation
            if time.monotonic() > deadline:
                raise DemoFailed(f"push operation {key} is still Pending after {FOLLOW_S:.0f} s")
            on_wait()
            time.sleep(_POLL_S)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return wire.check(wire.call(self._client, method, self._api_url + path, body, self._headers), 200)


def batches(lines: Sequence[FileLine]) -> list[Sequence[FileLine]]:
    return [lines[at : at + BATCH_LINES_MAX] for at in range(0, len(lines), BATCH_LINES_MAX)]


def source_account(lines: AccountLines) -> dict[str, Any]:
    """The account as the file identifies it, in the v2 shape; its balance is the one it opens with."""
    account = lines.account
    body: dict[str, Any] = {
        "id": f"{account.id}-{account.currency}",
        "accountName": account.name or f"Account {_tail(account.id)}",
        "accountType": "checking",
        "accountNumber": account.number,
        "currency": account.currency,
        "balance": lines.opening.amount if lines.opening else 0,
    }
    if account.sort_code or account.currency == "GBP":
        body["sortCode"] = account.sort_code or _UNKNOWN_SORT_CODE
    elif account.bank_code:
        body["routingInfo"] = {"bankCode": account.bank_code, "type": "swift"}
    return body


def needs_sort_code(account: FileAccount) -> bool:
    """A British account without one in the file is given zeros, and the demo says so."""
    return account.currency == "GBP" and account.sort_code is None


def _item(line: FileLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "date": line.date.isoformat(),
        "description": line.description,
        "amount": line.amount,
        "balance": line.balance,
        "transactionType": line.transaction_type,
        **({"counterparty": line.counterparty} if line.counterparty else {}),
        **({"reference": line.reference} if line.reference else {}),
    }


def _tail(account_id: str) -> str:
    return account_id[-4:]
