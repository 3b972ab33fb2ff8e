"""Bankfeeds' HTTP API, as far as this app needs it, and which customer is which company there."""

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from bank_app.config import Config
from bank_app.customers import CUSTOMERS, Account, Customer

PLATFORM_KEY = "olpr"
"""Codat's key of Sage's bank feeds."""
OK, CREATED, NO_CONTENT, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY, BROKEN = 200, 201, 204, 403, 404, 409, 429, 500


class SessionOver(Exception):
    """Sage's session has ended; the customer starts again there."""


class NotTheirs(Exception):
    """The session is bound to another customer's connection, or renews an account of another customer."""


class Declined(Exception):
    """Linking is switched off, or Sage refused."""


class Busy(Exception):
    """Bankfeeds or Sage did not answer, or asks for patience; the same again, in a moment."""


class Feeds:
    """`transport` is for tests."""

    def __init__(self, config: Config, transport: httpx2.BaseTransport | None = None) -> None:
        headers = {"authorization": config.authorization}
        self._http = httpx2.Client(base_url=config.api_url, headers=headers, timeout=10, transport=transport)
        self._links = _Links(config.data)
        self._making = {customer_id: threading.Lock() for customer_id in CUSTOMERS}

    def connection_path(self, customer: Customer) -> str:
        """The customer's company, connection and accounts, made on the spot where they are missing."""
        with self._making[customer.id]:
            path = self._links.get(customer.id)
            if path is None or self._ask("GET", path).status_code == NOT_FOUND:
                path = self._make_connection(customer)
                self._links.put(customer.id, path)
            self._add_accounts(path, customer)
        return path

    def authorise(self, path: str, authorization_id: str, bank_id: str) -> None:
        """The bank vouches for its customer. The same again is answered alike."""
        answer = self._ask("PUT", f"{path}/authorization", {"authorizationId": authorization_id, "bankId": bank_id})
        if answer.status_code == NOT_FOUND:
            raise SessionOver
        if answer.status_code == FORBIDDEN:
            raise NotTheirs
        if answer.status_code == CONFLICT:
            raise Declined(answer.text)
        _check(answer)

    def refuse(self, authorization_id: str, bank_id: str) -> bool:
        """Whether Sage's customer may be sent back: Sage has been told, or is about to be, that they refused."""
        answer = self._ask(
            "DELETE", f"/authorizations/{quote(authorization_id, safe='')}?{urlencode({'bankId': bank_id})}"
        )
        return answer.status_code == NO_CONTENT

    def one_time_password(self, path: str) -> tuple[str, str]:
        """The password and when it ends, as ISO text. The one before is void."""
        made = _check(self._ask("POST", f"{path}/bankFeeds/otp"))
        return str(made["otp"]), str(made["expiry"])

    def _make_connection(self, customer: Customer) -> str:
        company = _check(self._ask("POST", "/companies", {"name": customer.company}))
        path = f"/companies/{company['id']}/connections"
        connection = _check(self._ask("POST", path, {"platformKey": PLATFORM_KEY}))
        return f"{path}/{connection['id']}"

    def _add_accounts(self, path: str, customer: Customer) -> None:
        accounts = f"{path}/connectionInfo/bankFeedAccounts"
        known = {each["id"] for each in _check(self._ask("GET", accounts))}
        for account in customer.accounts:
            if account.id not in known:
                _check(self._ask("POST", accounts, content=_content(account)))

    def _ask(self, method: str, path: str, body: object = None, content: str | None = None) -> httpx2.Response:
        typed = {} if content is None else {"content-type": "application/json"}
        try:
            return self._http.request(method, path, json=body, content=content, headers=typed)
        except httpx2.TransportError as error:
            raise Busy from error


def _content(account: Account) -> str:
    """JSON with the balance exactly as it is: money is never a float."""
    plain = {
        "id": account.id,
        "accountName": account.name,
        "accountType": account.type,
        "accountNumber": account.number,
        "sortCode": account.sort_code,
        "currency": account.currency,
    }
    return f'{json.dumps(plain)[:-1]}, "balance": {account.balance}}}'


def _check(answer: httpx2.Response) -> Any:
    if answer.status_code == TOO_MANY or answer.status_code >= BROKEN:
        raise Busy
    if answer.status_code not in {OK, CREATED}:
        raise RuntimeError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json()


class _Links:
    """Customer to connection, in a small file: yours are a column in your customers' table."""

    def __init__(self, file: Path) -> None:
        self._file, self._writing = file, threading.Lock()
        self._known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def get(self, customer_id: str) -> str | None:
        return self._known.get(customer_id)

    def put(self, customer_id: str, path: str) -> None:
        with self._writing:
            self._known[customer_id] = path
            draft = self._file.with_suffix(".draft")
            draft.write_text(json.dumps(self._known), encoding="utf-8")
            draft.replace(self._file)
