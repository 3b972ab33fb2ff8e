"""The Sage user's part and their product's: Consumer API calls, signed, and the pages that a browser would show."""

import base64
import hashlib
import hmac
import re
import uuid
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import httpx2
import wires
from bank_lines import days_ago
from institutions import Customer
from processes import wait_until
from systems import System

_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-zA-Z-]+)="([^"]*)"')
_CHOICE = re.compile(r'<input type="radio" name="account" value="([^"]*)"[^>]*>\s*([^<]*?)\s*</label>')
_ACTION = re.compile(r'<form method="post"(?:[^>]* action="([^"]*)")?')
_ONWARD = re.compile(r'<p><a href="([^"]+)"')


class SageCompany:
    """One company in a Sage product."""

    def __init__(self, system: System, name: str = "Harbour Bakery") -> None:
        self._http = system.http
        self._details = system.details
        self._judge = system.judge
        self._headers = {"x-application": self._details["xApplication"]}
        self._sign_up(name)

    def _sign_up(self, name: str) -> None:
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
        made = self._signed("POST", "/organisations", body, self._details["applicationSigningKey"], {})
        organisation, company = made["organisationId"], made["companies"][0]
        ids = {"x-organisation-id": organisation, "x-company-id": company}
        token = self._signed("GET", "/accesstoken", None, made["token"], ids)
        self._headers["authorization"] = f"Bearer {token['jwt']}"
        self._path = f"/organisations/{organisation}/companies/{company}"

    # --- pages

    def authorise(self, customer: Customer) -> tuple[dict[str, Any], httpx2.Response]:
        """Connect Bank, our page, Connection ID and password; the link to poll and the page after it, Sage's picker."""
        link = self.connect_bank()
        form = self.open_form(link)
        return link, self.submit_form(form, customer.connection_id, customer.otp())

    def connect_bank(self) -> dict[str, Any]:
        query = urlencode({"bankid": self._details["bankId"], "web": "true"})
        return wires.read(self._call("GET", f"{self._path}/indirectlinkaccount?{query}"), 302)

    def open_form(self, link: dict[str, Any]) -> httpx2.Response:
        """Sage's page with what our `auth` answered in it, and where it leads: our authorisation page."""
        page = self._http.get(link["redirect"])
        onward = _ONWARD.search(page.text)
        assert onward, f"{page.status_code}: {page.text}"
        form = self._http.get(unescape(onward[1]))
        assert form.status_code == 200, form.text
        return form

    def submit_form(self, form: httpx2.Response, connection_id: str, otp: str) -> httpx2.Response:
        """Where the browser lands: back at Sage, or at the form again."""
        typed = {**_inputs(form.text), "connectionId": connection_id, "otp": otp}
        return self._http.post(_action(form), data=typed, follow_redirects=True)

    def pick(self, picker: httpx2.Response, account_name: str, start_on: str) -> None:
        choices = {unescape(label): value for value, label in _CHOICE.findall(picker.text)}
        assert account_name in choices, f"{picker.url} offers {sorted(choices)}: {picker.text}"
        chosen = {"account": choices[account_name], "startDate": start_on}
        done = self._http.post(_action(picker), data=chosen, follow_redirects=True)
        assert done.status_code == 200, done.text

    def poll(self, link: dict[str, Any]) -> dict[str, Any]:
        """The account that was picked, as the product hears of it."""
        told: dict[str, Any] = {"pollRoute": link["pollRoute"]}

        def is_over() -> bool:
            answer = self._http.get(told["pollRoute"])
            told.update(wires.read(answer, 200, 202))
            return answer.status_code == 200

        wait_until(is_over, "the product hears how the linking ended")
        assert told["success"] is True, told
        return told["account"]

    # --- bank accounts

    def link(self, customer: Customer, account_name: str = "Trading account", start_on: str | None = None) -> str:
        """From Connect Bank to a bank account in Sage; its id there, once the platform has heard of it."""
        start = start_on or days_ago(60)
        link, picker = self.authorise(customer)
        self.pick(picker, account_name, start)
        bank_account_id = self.add(self.poll(link), start)
        self.wait_delivered(bank_account_id)
        return bank_account_id

    def add(self, picked: dict[str, Any], start_on: str) -> str:
        kept = ("accountName", "accountKey", "accountIdentifier", "bankIdentifier", "branchIdentifier")
        body = {
            "accountType": "DEBIT",
            **{name: picked[name] for name in kept if picked.get(name) is not None},
            "defaultCurrency": "GBP",
            "bankId": self._details["bankId"],
            "requestedStartDate": f"{start_on}T00:00:00.000Z",
        }
        made = wires.read(self._call("POST", f"{self._path}/bankaccounts", body), 201)
        return str(made["bankAccountId"])

    def disconnect(self, bank_account_id: str) -> None:
        """The platform has heard of it when this returns."""
        wires.read(self._call("DELETE", f"{self._path}/bankaccounts/{bank_account_id}"), 204)
        self.wait_delivered(bank_account_id)

    def renew(self, bank_account_id: str, connection_id: str, otp: str) -> tuple[dict[str, Any], httpx2.Response]:
        """Re-authorisation on our page; the link to poll, and the page where the browser landed."""
        link = wires.read(self._call("GET", f"{self._path}/bankaccounts/{bank_account_id}/indirectauth?web=true"), 302)
        return link, self.submit_form(self.open_form(link), connection_id, otp)

    def available(self, bank_account_id: str) -> list[dict[str, Any]]:
        """What Sage knows by now of the same login's accounts; each call has it asked anew behind the answer."""
        query = urlencode({"bankAccountIds": bank_account_id})
        answer = self._call("GET", f"{self._path}/availablebankaccounts?{query}")
        return wires.read(answer, 200)["availableAccounts"]

    def link_available(self, candidate_id: str, start_on: str) -> str:
        body = {"bankAccountCandidateId": candidate_id, "requestedStartDate": f"{start_on}T00:00:00.000Z"}
        made = wires.read(self._call("POST", f"{self._path}/linkavailablebankaccount", body), 201)
        bank_account_id = str(made["bankAccountId"])
        self.wait_delivered(bank_account_id)
        return bank_account_id

    def transactions(self, bank_account_id: str) -> list[dict[str, Any]]:
        """All of them, as the product reads them."""
        found: list[dict[str, Any]] = []
        start: int | None = 1
        while start is not None:
            path = f"{self._path}/bankaccounts/{bank_account_id}/transactions?startIndex={start}"
            listed = wires.read(self._call("GET", path), 200)["bankTransactionList"]
            found += listed["transactions"]
            start = listed["next"]
        return found

    def external_id(self, bank_account_id: str) -> str:
        found = self._judge.get("/bankaccounts")
        return next(each["externalId"] for each in found if each["bankAccountId"] == bank_account_id)

    def wait_delivered(self, bank_account_id: str) -> None:
        """Until no notification about the bank account is on its way any more."""

        def are_over() -> bool:
            about = [n for n in self._judge.get("/notifications") if n["resourceId"] == bank_account_id]
            return bool(about) and all(n["status"] != "pending" for n in about)

        wait_until(are_over, f"the platform hears of bank account {bank_account_id}")

    # --- calls

    def _call(self, method: str, path: str, body: object = None) -> httpx2.Response:
        return wires.call(self._http, method, self._details["consumerUrl"] + path, body, self._headers)

    def _signed(self, method: str, path: str, body: object, key: str, headers: dict[str, str]) -> Any:
        url, nonce = self._details["consumerUrl"] + path, str(uuid.uuid4())
        content = None if body is None else wires.encode(body)
        signed = {"x-nonce": nonce, "x-signature": signature(method, url, content, nonce, key)}
        return wires.read(wires.call(self._http, method, url, body, {**self._headers, **headers, **signed}), 200, 201)


def _inputs(html: str) -> dict[str, str]:
    found = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(html)]
    return {unescape(each["name"]): unescape(each.get("value", "")) for each in found if "name" in each}


def _action(page: httpx2.Response) -> str:
    found = _ACTION.search(page.text)
    assert found, page.text
    return urljoin(str(page.url), unescape(found[1] or ""))


def signature(method: str, url: str, body: bytes | None, nonce: str, key: str) -> str:
    """HMAC-SHA1 over method, address, sorted parameters and nonce."""
    parts = urlsplit(url)
    pairs = [(_quoted(name), _quoted(value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    if body is not None:
        pairs.append(("body", _quoted(base64.b64encode(body).decode())))
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")).lower()
    parameters = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = "&".join([method, _quoted(address), _quoted(parameters), _quoted(nonce)])
    digest = hmac.new(f"{key}&null".encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
