"""The sandbox's admin API: its switches, its faults, its clock, and its judge who is told what ought to arrive."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import wires
from bank_lines import Line
from processes import wait_until

OFFENCES = ("lost", "doubled", "outOfOrder", "early", "misrouted", "unexpected", "wrongDates", "sums", "balances")


class Judge:
    def __init__(self, http: httpx2.Client, admin_url: str) -> None:
        self._http = http
        self._url = f"{admin_url}/admin"

    def get(self, path: str, **query: str) -> Any:
        return wires.read(self._http.get(self._url + path, params=query), 200)

    def send(self, method: str, path: str, body: object = None) -> Any:
        return wires.read(wires.call(self._http, method, self._url + path, body), 200, 201, 204)

    def wire_bank(self, bank_id: str, callbacks: Mapping[str, str], header_name: str, header_value: str) -> None:
        body = {"callbackURLs": dict(callbacks), "headerName": header_name, "headerValue": header_value}
        self.send("PUT", f"/banks/{bank_id}", body)

    def reset(self) -> None:
        self.send("POST", "/reset")

    def set(self, **settings: object) -> None:
        self.send("PUT", "/settings", settings)

    def fault(self, on: str, action: str, **how: object) -> str:
        return self.send("POST", "/faults", {"on": on, "action": action, **how})["faultId"]

    def hits(self) -> dict[str, int]:
        """How often each fault has struck, by its id."""
        return {fault["faultId"]: fault["hits"] for fault in self.get("/faults")}

    def advance(self, seconds: int) -> None:
        self.send("POST", "/clock", {"advanceSeconds": seconds})

    def expect(self, expected: Mapping[str, Sequence[Line]]) -> None:
        """By external id: every line that the institution means to arrive there, in order."""
        accounts = [{"externalId": id_, "lines": [line.expected() for line in of]} for id_, of in expected.items()]
        self.send("POST", "/expectations", {"accounts": accounts})

    def verdict(self) -> dict[str, Any]:
        return self.get("/verdict")

    def find_clean(self, *bank_account_ids: str) -> None:
        """Fails unless the judge, told what to expect, has nothing against anything it has, these accounts included."""
        verdict = self.verdict()
        assert verdict["expectations"] is True
        assert verdict["clean"] is True, [each for each in verdict["accounts"] if each.get("firstOffence")]
        judged = {each["bankAccountId"] for each in verdict["accounts"]}
        assert judged >= set(bank_account_ids), f"the judge has not seen {set(bank_account_ids) - judged}"

    def bad_lines(self) -> int:
        """How many lines and statements the judge holds something against, over all accounts."""
        return sum(len(account[offence]) for account in self.verdict()["accounts"] for offence in OFFENCES)

    def stored(self, bank_account_id: str) -> list[str]:
        """The ids of the lines in a bank account, in order."""
        return [line["uniqueId"] for line in self.get("/transactions", bankAccountId=bank_account_id)]

    def statements(self, bank_account_id: str) -> list[dict[str, Any]]:
        return self.get("/statements", bankAccountId=bank_account_id)

    def status(self, bank_account_id: str) -> str:
        found = self.get("/bankaccounts")
        return next(each["status"] for each in found if each["bankAccountId"] == bank_account_id)

    def wait_active(self, bank_account_id: str) -> None:
        """Until a statement of the platform has made the bank account active."""
        wait_until(lambda: self.status(bank_account_id) == "active", f"bank account {bank_account_id} is active")
