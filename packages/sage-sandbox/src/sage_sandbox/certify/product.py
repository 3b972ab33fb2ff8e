"""The Sage product's part: one company that connects bank accounts through the Consumer API (7)."""

import json
import re
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from sage_sandbox.certify.outcome import Failed
from sage_sandbox.certify.sandbox import Sandbox, wait_for
from sage_sandbox.signature import sign

_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL | re.IGNORECASE)
_ONWARD = re.compile(r"""(?:window\.|document\.|self\.|top\.)?location(?:\.href)?\s*=\s*(?:"([^"]+)"|'([^']+)')""")
_POLL_WITHIN_S = 30
_KEPT = ("accountName", "accountKey", "accountIdentifier", "bankIdentifier", "branchIdentifier")


class Session:
    """One authorisation: what the product was told of it, and what the provider will be asked with."""

    def __init__(self, link: dict[str, Any], known: dict[str, Any]) -> None:
        self.page_url: str = link["redirect"]
        self.poll_route: str = link["pollRoute"]
        self.id: str = known["authorisationId"]
        self.bank_id: str = known["bankId"]
        self.redirect_uri: str = known["redirectUri"]
        self.state: str = known["state"]
        self.kind: str = known["kind"]


class Company:
    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._sandbox = sandbox
        self._http = sandbox.http
        self._details = sandbox.details
        self._headers = {"x-application": self._details["xApplication"]}
        body = {
            "company": {
                "name": name,
                "postalCode": "NE139AA",
                "standardIndustrialCode": "99",
                "vatNumber": "123456789",
                "languageCode": "en-GB",
            },
            "crmId": uuid.uuid4().hex,
            "user": {"emailAddress": "user@example.com", "identity": "1001"},
        }
        made = self._signed("POST", "/organisations", self._details["applicationSigningKey"], {}, body)
        organisation, company = made["organisationId"], made["companies"][0]
        ids = {"x-organisation-id": organisation, "x-company-id": company}
        self._path = f"/organisations/{organisation}/companies/{company}"
        self._headers["authorization"] = f"Bearer {self._signed('GET', '/accesstoken', made['token'], ids)['jwt']}"

    def _signed(self, method: str, path: str, key: str, headers: dict[str, str], body: object = None) -> Any:
        url, nonce = self._details["consumerUrl"] + path, str(uuid.uuid4())
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        sent = {
            "x-application": self._details["xApplication"],
            "x-nonce": nonce,
            "x-signature": sign(method, url, content or None, nonce, key),
            "content-type": "application/json",
            **headers,
        }
        return _read(self._http.request(method, url, content=content, headers=sent), 200, 201)

    def _call(self, method: str, path: str, *expected: int, body: object = None) -> Any:
        url = self._details["consumerUrl"] + self._path + path
        return _read(self._http.request(method, url, json=body, headers=self._headers), *expected)

    # --- authorisations

    def bank(self) -> dict[str, Any]:
        url = f"{self._details['consumerUrl']}/banks/{self._details['bankId']}"
        return _read(self._http.get(url, headers=self._headers), 200)

    def connect(self) -> Session:
        query = urlencode({"bankid": self._details["bankId"], "web": "true"})
        return self._opened(f"/indirectlinkaccount?{query}")

    def renew(self, bank_account_id: str) -> Session:
        return self._opened(f"/bankaccounts/{bank_account_id}/indirectauth?web=true")

    def _opened(self, path: str) -> Session:
        before = {each["authorisationId"] for each in self._sandbox.admin("GET", "/authorisations")}
        link = self._call("GET", path, 302)
        new = [each for each in self._sandbox.admin("GET", "/authorisations") if each["authorisationId"] not in before]
        return Session(link, new[-1])

    def open_page(self, session: Session) -> str:
        """What the provider answered to GET auth or authrefresh, as Sage's page embeds it."""
        response = self._http.get(session.page_url)
        if response.status_code != 200:  # noqa: PLR2004 - what Sage's page answers when it has the provider's
            raise Failed("a page of the provider's to embed", f"Sage's page answers {response.status_code}")
        found = _BODY.search(response.text)
        return (found[1] if found else response.text).strip()

    def come_back(self, session: Session) -> None:
        """The browser goes back to redirect_uri as it ought to, on this sandbox's own address."""
        query = urlencode([*parse_qsl(urlsplit(session.redirect_uri).query), ("state", session.state)])
        own = (
            f"{self._details['consumerUrl']}/indirectredirect/{urlsplit(session.redirect_uri).path.rsplit('/', 1)[-1]}"
        )
        self._http.get(f"{own}?{query}")

    def poll(self, session: Session) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            response = self._http.get(session.poll_route)
            told = _read(response, 200, 202)
            session.poll_route = told.get("pollRoute", session.poll_route)
            return told if response.status_code == 200 else None  # noqa: PLR2004 - the poll has ended

        return wait_for(ended, _POLL_WITHIN_S, "the poll to end with 200", "only 202")

    # --- bank accounts

    def add(self, picked: dict[str, Any], start_on: str) -> dict[str, Any]:
        body = {
            "accountType": "DEBIT",
            **{name: picked[name] for name in _KEPT if picked.get(name) is not None},
            "defaultCurrency": "GBP",
            "bankId": self._details["bankId"],
            "requestedStartDate": f"{start_on}T00:00:00.000Z",
        }
        return self._call("POST", "/bankaccounts", 201, body=body)

    def remove(self, bank_account_id: str) -> None:
        self._call("DELETE", f"/bankaccounts/{bank_account_id}", 204)

    def available(self, bank_account_id: str) -> list[dict[str, Any]]:
        query = urlencode({"bankAccountIds": bank_account_id})
        return self._call("GET", f"/availablebankaccounts?{query}", 200)["availableAccounts"]

    def link_available(self, candidate_id: str, start_on: str) -> dict[str, Any]:
        body = {"bankAccountCandidateId": candidate_id, "requestedStartDate": f"{start_on}T00:00:00.000Z"}
        return self._call("POST", "/linkavailablebankaccount", 201, body=body)

    def transactions(self, bank_account_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start: int | None = 1
        while start is not None:
            path = f"/bankaccounts/{bank_account_id}/transactions?startIndex={start}"
            listed = self._call("GET", path, 200)["bankTransactionList"]
            found += listed["transactions"]
            start = listed["next"]
        return found


def onward(html: str) -> str | None:
    """Where the documented form of the page, a script that goes elsewhere at once, leads."""
    found = _ONWARD.search(html)
    if found is None:
        return None
    text = found[1] or found[2]
    return text.encode().decode("unicode_escape") if "\\u" in text else text.replace("\\/", "/")


def _read(response: httpx2.Response, *expected: int) -> Any:
    if response.status_code not in expected:
        request = response.request
        call = f"{request.method} {request.url.path}"
        raise Failed(f"{call} answered {expected[0]}", f"{response.status_code} {response.text[:300]}")
    return json.loads(response.content) if response.content else None
