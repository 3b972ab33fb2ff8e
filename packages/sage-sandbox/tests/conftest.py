"""A real sandbox on a free port, a small real provider, and clients that play provider, product and tester."""

import asyncio
import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import uvicorn

from sage_sandbox.app import make_app, open_world
from sage_sandbox.signature import sign
from sage_sandbox.store import NoStore
from sage_sandbox.wiring import details_of
from sage_sandbox.world import Addresses

DEADLINE_S = 10.0
HEADER = ("X-Bank-Secret", "s3cret")


def eventually(probe: Callable[[], object], deadline_s: float = DEADLINE_S) -> object:
    """Ask again until the answer is true."""
    end = time.monotonic() + deadline_s
    while not (found := probe()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
    return found


class Provider:
    """The four callbacks of a provider: records every call, answers what a test tells it to."""

    def __init__(self) -> None:
        self.number = 0
        self.begin()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path = url.path.removeprefix(f"/{outer.number}")
                call = {
                    "method": self.command,
                    "path": path,
                    "query": {k: v[0] for k, v in parse_qs(url.query).items()},
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                    "body": json.loads(body) if body else None,
                    "client": self.client_address[0],
                }
                status, text = outer.answer_to(path)
                content = text.encode()
                if not re.match(r"/\d+/", path):  # an earlier test's
                    outer.calls.append(call)  # before the answer: who has the answer can see the call
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                if status == 302:
                    self.send_header("Location", text)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A caller that went away early is part of some tests."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def begin(self) -> None:
        """Forget what was; calls of an earlier test that come late are not kept."""
        self.number += 1
        self.calls: list[dict] = []
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.available: list[dict] = []

    def answer_to(self, path: str) -> tuple[int, str]:
        queued = self.answers.get(path)
        if queued:
            return queued.pop(0) if len(queued) > 1 else queued[0]
        if path == "/availableaccounts":
            return 200, json.dumps(self.available)
        return 200, "<p>Log in to your bank</p>"

    def to(self, path: str) -> list[dict]:
        return [call for call in self.calls if call["path"] == path]

    @property
    def callbacks(self) -> dict[str, str]:
        return {
            "notification": f"{self.url}/{self.number}/notification",
            "availableAccounts": f"{self.url}/{self.number}/availableaccounts",
            "auth": f"{self.url}/{self.number}/auth",
            "reAuth": f"{self.url}/{self.number}/authrefresh",
        }

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Sandbox:
    """A sandbox served from a thread, and a client for each of its sides."""

    def __init__(self, *, playground: bool = False) -> None:
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.world = open_world(NoStore())
        self.world.addresses = Addresses(f"http://127.0.0.1:{self.listener.getsockname()[1]}")
        config = uvicorn.Config(
            make_app(self.world, playground=playground),
            log_level="warning",
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.listener])))
        self.thread.start()
        eventually(lambda: self.server.started)
        self.wire(details_of(self.world)["sandbox"])

    def wire(self, details: dict[str, str]) -> None:
        self.details = details
        self.http = httpx2.Client(timeout=20, trust_env=False)
        self.token: str | None = None

    def close(self) -> None:
        self.http.close()
        self.server.should_exit = True
        self.thread.join(15)
        self.listener.close()

    # --- the tester ------------------------------------------------------------------------------------------

    def admin(self, method: str, path: str, body: object = None, status: int | None = None):
        response = self.http.request(method, f"{self.details['adminUrl']}/admin{path}", json=body)
        expected = {status} if status else {200, 201, 204}
        assert response.status_code in expected, response.text
        return json.loads(response.text, parse_float=Decimal) if response.content else None

    def settings(self, **changes: object) -> dict:
        return self.admin("PUT", "/settings", changes)

    def fault(self, on: str, action: str, **more: object) -> str:
        return self.admin("POST", "/faults", {"on": on, "action": action, **more})["faultId"]

    def advance(self, seconds: float) -> None:
        self.admin("POST", "/clock", {"advanceSeconds": seconds})

    def verdict(self) -> dict:
        return self.admin("GET", "/verdict")

    def account_verdict(self, bank_account_id: str) -> dict:
        return next(a for a in self.verdict()["accounts"] if a["bankAccountId"] == bank_account_id)

    def plant(self, bank_account_id: str, *lines: tuple[str, int, str], balance: int | None = None) -> None:
        transactions = [
            {"uniqueId": uid, "transactionAmount": amount, "datePosted": f"{on}T10:00:00Z"} for uid, amount, on in lines
        ]
        body = {"bankAccountId": bank_account_id, "transactions": transactions}
        self.admin("POST", "/plant", body | ({} if balance is None else {"ledgerBalance": balance}))

    # --- the provider ------------------------------------------------------------------------------------------

    def get_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.details["clientId"],
            "client_secret": self.details["clientSecret"],
            "audience": self.details["audience"],
        }
        return self.http.post(f"{self.details['cloudIdUrl']}/oauth/token", data=form).json()["access_token"]

    def papi(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """A Provider API call; headers given as x_api_key= and authorization= replace the right ones."""
        if self.token is None:
            self.token = self.get_token()
        sent = {"x-api-key": self.details["providerApiKey"], "authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else (b"" if body is None else json.dumps(body).encode())
        sent["content-type"] = "application/json"
        return self.http.request(method, f"{self.details['providerUrl']}{path}", content=content, headers=sent)

    def post_statement(self, account: dict, lines: list[dict], **changes: object) -> httpx2.Response:
        return self.papi("POST", "/v1/statements", statement_of(account, lines, **changes))

    def finished(self, statement_id: str) -> dict:
        def probe() -> dict | None:
            data = self.papi("GET", f"/v1/statements/{statement_id}").json()["data"]
            return data if data["status"] in {"completed", "failed"} else None

        return eventually(probe)

    def deliver(self, account: dict, lines: list[dict], **changes: object) -> dict:
        response = self.post_statement(account, lines, **changes)
        assert response.status_code == 201, response.text
        return self.finished(response.json()["data"]["_id"])

    def wire_bank(self, provider: Provider, bank_id: str | None = None) -> str:
        bank_id = bank_id or self.details["bankId"]
        name, value = HEADER
        body = {"callbackURLs": provider.callbacks, "headerName": name, "headerValue": value}
        self.admin("PUT", f"/banks/{bank_id}", body)
        return bank_id

    # --- the product ---------------------------------------------------------------------------------------------

    def signed(self, method: str, path: str, key: str, body: object = None, **headers: str) -> httpx2.Response:
        url = f"{self.details['consumerUrl']}{path}"
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        nonce = headers.pop("x_nonce", str(uuid.uuid4()))
        sent = {
            "x-application": self.details["xApplication"],
            "x-nonce": nonce,
            "x-signature": sign(method, url, content or None, nonce, key),
            "content-type": "application/json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, url, content=content, headers=sent)

    def product(self) -> "Product":
        return Product(self)


class Product:
    """A Sage product of one company."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        body = {
            "company": {
                "name": "TestCompany",
                "postalCode": "NE139AA",
                "standardIndustrialCode": "99",
                "vatNumber": "123456789",
                "languageCode": "en-GB",
            },
            "crmId": "123456789",
            "user": {"emailAddress": "user@example.com", "identity": "1001"},
        }
        made = sandbox.signed("POST", "/organisations", sandbox.details["applicationSigningKey"], body)
        assert made.status_code == 201, made.text
        self.organisation_id = made.json()["organisationId"]
        self.company_id = made.json()["companies"][0]
        self.key = made.json()["token"]
        self.renew()

    def renew(self) -> None:
        headers = {"x_organisation_id": self.organisation_id, "x_company_id": self.company_id}
        response = self.sandbox.signed("GET", "/accesstoken", self.key, **headers)
        assert response.status_code == 200, response.text
        self.jwt = response.json()["jwt"]

    def call(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        url = f"{self.sandbox.details['consumerUrl']}/organisations/{self.organisation_id}/companies/{self.company_id}{path}"
        sent = {"x-application": self.sandbox.details["xApplication"], "authorization": f"Bearer {self.jwt}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sandbox.http.request(method, url, json=body, headers=sent)

    def connect(self, bank_id: str | None = None) -> dict:
        """Ask for the page to open: redirect, pollRoute, pollPeriod."""
        response = self.call("GET", f"/indirectlinkaccount?bankid={bank_id or self.sandbox.details['bankId']}&web=true")
        assert response.status_code == 302, response.text
        return response.json()

    def poll(self, route: str) -> dict:
        """Poll to the end."""

        def probe() -> dict | None:
            nonlocal route
            response = self.sandbox.http.get(route)
            route = response.json().get("pollRoute", route)
            assert response.status_code in {200, 202}, response.text
            return response.json() if response.status_code == 200 else None

        return eventually(probe)

    def open_account(self, account: dict, start: str = "2026-01-01", currency: str = "GBP", **changes: object) -> dict:
        body = {
            "accountType": "DEBIT",
            "accountName": account["accountName"],
            "accountKey": account["accountKey"],
            "accountIdentifier": account["accountIdentifier"],
            "bankIdentifier": account["bankIdentifier"],
            "branchIdentifier": account["branchIdentifier"],
            "defaultCurrency": currency,
            "bankId": self.sandbox.details["bankId"],
            "requestedStartDate": f"{start}T00:00:00.000Z",
        } | changes
        response = self.call("POST", "/bankaccounts", body)
        assert response.status_code == 201, response.text
        return response.json()

    def authorise(self, *accounts: dict) -> dict:
        """Through to the poll's end, headless; gives the account picked."""
        before = {a["authorisationId"] for a in self.sandbox.admin("GET", "/authorisations")}
        opened = self.connect()
        new = [a for a in self.sandbox.admin("GET", "/authorisations") if a["authorisationId"] not in before]
        patch = {"data": {"status": "success", "bankAccounts": list(accounts)}}
        response = self.sandbox.papi("PATCH", f"/v1/authorisations/{new[-1]['authorisationId']}", patch)
        assert response.status_code == 200, response.text
        return self.poll(opened["pollRoute"])["account"]

    def link(self, external_id: str = "ext-1", start: str = "2026-01-01", currency: str = "GBP") -> dict:
        """One linked account, headless."""
        return self.open_account(self.authorise(granted(external_id)), start, currency)


def granted(external_id: str = "ext-1", name: str | None = None, customer: str = "cust-1") -> dict:
    """An account as PATCH authorisations carries it."""
    return {
        "bankAccountExternalId": external_id,
        "accountName": name or f"Current {external_id}",
        "bankIdentifier": customer,
        "branchIdentifier": "20-00-00",
        "accountIdentifier": f"number-of-{external_id}",
    }


def line_of(unique_id: str, amount: int = 100, on: str = "2026-03-02", **changes: object) -> dict:
    """A line as POST statements carries it, its bank account still to be filled in."""
    return {
        "uniqueId": unique_id,
        "transactionAmount": amount,
        "transactionType": "CREDIT" if amount >= 0 else "DEBIT",
        "transactionStatus": "posted",
        "datePosted": f"{on}T10:00:00.000Z",
        "description": f"Line {unique_id}",
    } | changes


def lines_of(count: int, start: str = "2026-03-02", prefix: str = "t") -> list[dict]:
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return [
        line_of(f"{prefix}{i}", 100 + i if i % 2 else -100 - i, (first + timedelta(days=i // 200)).date().isoformat())
        for i in range(count)
    ]


def statement_of(
    account: dict, lines: list[dict], status: str = "active", balance: int | None = 0, **changes: object
) -> dict:
    account_id = account["bankAccountId"]
    amounts = [line["transactionAmount"] for line in lines]
    balances = {
        "ledgerBalance": balance,
        "ledgerBalanceDate": "2026-03-02T12:00:00.000Z",
        "availableBalance": balance,
        "availableBalanceDate": "2026-03-02T12:00:00.000Z",
    }
    details = {"bankAccountId": account_id, "status": status}
    data = {
        "principalId": account_id,
        "bankId": account["bankId"],
        "expected": {
            "transactionDetailsCount": len(lines),
            "accountDetailsCount": 1,
            "transactionCreditSum": sum(a for a in amounts if a > 0),
            "transactionDebitSum": sum(a for a in amounts if a < 0),
        },
        "accountDetails": [details | ({} if balance is None else {"balances": balances})],
        "transactionDetails": [{"bankAccountId": account_id} | line for line in lines],
    }
    return {"data": data | changes}


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    running = Sandbox()
    yield running
    running.close()


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Fresh, and quick: no throttle, no processing time."""
    running_sandbox.admin("POST", "/reset")
    running_sandbox.token = None
    running_sandbox.settings(requestsPerSecond=0, processingMs=0)
    return running_sandbox


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.begin()
    return running_provider


@pytest.fixture
def wired(sandbox: Sandbox, provider: Provider) -> Sandbox:
    """A sandbox whose bank is the provider's, headless."""
    sandbox.wire_bank(provider)
    sandbox.settings(autoPickAccount=True, autoReturn=True)
    return sandbox


@pytest.fixture
def product(wired: Sandbox) -> Product:
    return wired.product()


@pytest.fixture
def account(product: Product) -> dict:
    return product.link()


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of what goes over the wire, and `eventually`."""
    return SimpleNamespace(
        granted=granted,
        line=line_of,
        lines=lines_of,
        statement=statement_of,
        eventually=eventually,
        header=HEADER,
        sandbox=Sandbox,
        provider=Provider,
    )
