"""The Sage user's part, and their product's: Consumer API calls with signature and JWT, and pages in a browser."""

import time
import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx2

from bankfeeds.demo import wire
from bankfeeds.demo.browser import Browser, Choice, Form, Page
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.demo.signature import sign

LINK_S = 30.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The part of the details file that the demo needs."""

    consumer_url: str
    admin_url: str
    application: str
    signing_key: str
    bank_id: str


@dataclass(frozen=True, slots=True)
class Linked:
    bank_account_id: str
    external_id: str


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """A transaction as Sage's products read it; the amount in Sage's own unit."""

    number: int
    on: str
    description: str
    amount: Decimal
    payee: str


@dataclass(frozen=True, slots=True)
class Received:
    lines: list[ReceivedLine]
    balance: Decimal | None


class SageUser:
    """One company in a Sage product; `sign_up` comes first."""

    def __init__(self, client: httpx2.Client, sandbox: Sandbox) -> None:
        self._client = client
        self._sandbox = sandbox
        self._path = ""
        self._headers = {"x-application": sandbox.application}
        self.browser = Browser(client)

    def sign_up(self, name: str) -> str:
        """The product makes sure that its company exists, and gets a token; the organisation's id."""
        body = {
            "company": {
                "name": name,
                "postalCode": "EC1A1BB",
                "standardIndustrialCode": "99",
                "vatNumber": "123456789",
                "languageCode": "en-GB",
            },
            "crmId": uuid.uuid4().hex,
            "user": {"emailAddress": "user@example.com", "identity": "1001"},
        }
        made = self._signed("POST", "/organisations", body, self._sandbox.signing_key, {})
        organisation_id, company_id = made["organisationId"], made["companies"][0]
        ids = {"x-organisation-id": organisation_id, "x-company-id": company_id}
        token = self._signed("GET", "/accesstoken", None, made["token"], ids)
        self._headers["authorization"] = f"Bearer {token['jwt']}"
        self._path = f"/organisations/{organisation_id}/companies/{company_id}"
        return organisation_id

    def connect_bank(self) -> dict[str, Any]:
        """The product asks to link: `redirect` for the user's browser, `pollRoute` for the product."""
        query = urlencode({"bankid": self._sandbox.bank_id, "web": "true"})
        return wire.check(self._call("GET", f"{self._path}/indirectlinkaccount?{query}"), 302, 200)

    def open_authorisation(self, link: dict[str, Any]) -> Page:
        """The page that asks for Connection ID and one-time password."""
        page = self.browser.open(link["redirect"])
        if page.form_with("otp") is None:
            raise DemoFailed(
                f"the authorisation page did not come; {page.url} answered {page.status}: {page.text[:200]}"
            )
        return page

    def authorise(self, page: Page, connection_id: str, otp: str) -> Page:
        """Types both in; the page after it: Sage's account picker."""
        form = page.form_with("otp")
        if form is None:
            raise AssertionError("the page was checked when it was opened")
        after = self.browser.submit(page, form, {"connectionId": connection_id, "otp": otp})
        if after.form_with("otp") is not None:
            raise DemoFailed(f"the authorisation was refused: {after.text[:200]}")
        return after

    def pick(self, page: Page, account_name: str, start_on: date) -> None:
        """Chooses the account by the name that Sage shows, and the day to start from."""
        form, choice = _picker(page, account_name)
        dates = {name: start_on.isoformat() for name in form.inputs if "date" in name.lower()}
        after = self.browser.submit(page, form, {choice.name: choice.value, **dates})
        if after.status >= 400:  # noqa: PLR2004 - the first status of an error
            raise DemoFailed(f"Sage's account picker answered {after.status}: {after.text[:200]}")

    def poll(self, link: dict[str, Any]) -> dict[str, Any]:
        """The product hears which account was picked."""
        deadline = time.monotonic() + LINK_S
        route = link["pollRoute"]
        while time.monotonic() < deadline:
            response = wire.call(self._client, "GET", route)
            told = wire.check(response, 200, 202)
            if response.status_code == 200:  # noqa: PLR2004 - 202 is: not yet
                if not told.get("success"):
                    raise DemoFailed("Sage says that linking failed")
                return told["account"]
            route = told["pollRoute"]
            time.sleep(_POLL_S)
        raise DemoFailed(f"Sage had no linked account after {LINK_S:.0f} s")

    def add_account(self, account: dict[str, Any], currency: str, start_on: date) -> Linked:
        """The product links the account; from here on Sage wants its transactions."""
        kept = ("accountName", "accountKey", "accountIdentifier", "bankIdentifier", "branchIdentifier")
        body = {
            "accountType": "DEBIT",
            **{name: account[name] for name in kept if account.get(name) is not None},
            "defaultCurrency": currency,
            "bankId": self._sandbox.bank_id,
            "requestedStartDate": f"{start_on.isoformat()}T00:00:00.000Z",
        }
        made = wire.check(self._call("POST", f"{self._path}/bankaccounts", body), 201)
        return Linked(made["bankAccountId"], account["bankAccountExternalId"])

    def transactions(self, linked: Linked) -> Received:
        """All that Sage has for the account, oldest first, with the balance it was told last."""
        found: list[ReceivedLine] = []
        start = 1
        while True:
            path = f"{self._path}/bankaccounts/{linked.bank_account_id}/transactions?startIndex={start}"
            answer = wire.check(self._call("GET", path), 200)
            listed = answer["bankTransactionList"]
            found += [_received(line) for line in listed["transactions"]]
            if not listed["transactions"] or len(found) >= listed["total"]:
                return Received(found, answer["bankAccount"].get("balances", {}).get("ledgerBalance"))
            start = found[-1].number + 1

    def transaction_count(self, linked: Linked) -> int:
        """How many Sage has by now."""
        path = f"{self._path}/bankaccounts/{linked.bank_account_id}/transactions?startIndex=1&endIndex=1"
        return wire.check(self._call("GET", path), 200)["bankTransactionList"]["total"]

    def _call(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return wire.call(self._client, method, self._sandbox.consumer_url + path, body, self._headers)

    def _signed(self, method: str, path: str, body: object, key: str, headers: dict[str, str]) -> Any:
        url, nonce = self._sandbox.consumer_url + path, str(uuid.uuid4())
        content = None if body is None else wire.encode(body)
        signature = sign(method, url, content, nonce, key)
        signed = {**self._headers, **headers, "x-nonce": nonce, "x-signature": signature}
        return wire.check(wire.call(self._client, method, url, body, signed), 200, 201)


def _picker(page: Page, account_name: str) -> tuple[Form, Choice]:
    """The form that offers the account, and the choice that is it."""
    for form in page.forms:
        for choice in form.choices:
            if account_name in " ".join(choice.label.split()):
                return form, choice
    raise DemoFailed(f"Sage's account picker does not offer {account_name!r}; {page.url} says: {page.text[:200]}")


def _received(line: dict[str, Any]) -> ReceivedLine:
    payee: dict[str, str] = line.get("payee") or {}
    return ReceivedLine(
        line["transactionId"],
        line["datePosted"][:10],
        line.get("description") or "",
        Decimal(line["transactionAmount"]),
        payee.get("payeeDescription") or "",
    )
