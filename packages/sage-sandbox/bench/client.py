"""The bench as provider and product: links accounts without a browser, then talks over bare keep-alive connections."""

import asyncio
import json
import uuid
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import httpx2

from sage_sandbox.signature import sign

_SWITCHES = {
    "requestsPerSecond": 0,
    "processingMs": 0,
    "autoReturn": True,
    "autoPickAccount": True,
    "notificationWindowSeconds": 1,
}


class Link(NamedTuple):
    """A linked bank account, and what both of its sides show."""

    bank_account_id: str
    bank_id: str
    provider: str
    product: str
    path: str


def connect(details: dict[str, Any], count: int) -> list[Link]:
    with httpx2.Client(timeout=30, trust_env=False) as http:
        http.put(f"{details['adminUrl']}/admin/settings", json=_SWITCHES).raise_for_status()
        provider = _provider(http, details)
        product, path = _product(http, details)
        return [_link(http, details, provider, product, path, number) for number in range(count)]


def _lines_of(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def _provider(http: httpx2.Client, details: dict[str, Any]) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": details["clientId"],
        "client_secret": details["clientSecret"],
        "audience": details["audience"],
    }
    token = http.post(f"{details['cloudIdUrl']}/oauth/token", data=form).json()["access_token"]
    return {"x-api-key": details["providerApiKey"], "authorization": f"Bearer {token}"}


def _product(http: httpx2.Client, details: dict[str, Any]) -> tuple[dict[str, str], str]:
    body = {
        "company": {"name": "Bench"},
        "crmId": "1",
        "user": {"emailAddress": "user@example.com"},
    }
    content = json.dumps(body, separators=(",", ":")).encode()
    made = _signed(http, "POST", details, "/organisations", details["applicationSigningKey"], content)
    ids = {"x-organisation-id": made["organisationId"], "x-company-id": made["companies"][0]}
    token = _signed(http, "GET", details, "/accesstoken", made["token"], b"", ids)["jwt"]
    path = f"/organisations/{made['organisationId']}/companies/{made['companies'][0]}"
    return {"x-application": details["xApplication"], "authorization": f"Bearer {token}"}, path


def _signed(
    http: httpx2.Client,
    method: str,
    details: dict[str, Any],
    path: str,
    key: str,
    content: bytes,
    more: dict[str, str] | None = None,
) -> dict[str, Any]:
    url, nonce = details["consumerUrl"] + path, str(uuid.uuid4())
    headers = {
        "x-application": details["xApplication"],
        "x-nonce": nonce,
        "x-signature": sign(method, url, content or None, nonce, key),
        "content-type": "application/json",
        **(more or {}),
    }
    response = http.request(method, url, content=content, headers=headers)
    response.raise_for_status()
    return response.json()


def _link(
    http: httpx2.Client,
    details: dict[str, Any],
    provider: dict[str, str],
    product: dict[str, str],
    path: str,
    number: int,
) -> Link:
    company = details["consumerUrl"] + path
    opened = http.get(f"{company}/indirectlinkaccount?bankid={details['bankId']}&web=true", headers=product).json()
    sessions = http.get(f"{details['adminUrl']}/admin/authorisations").json()
    account = {
        "bankAccountExternalId": f"bench-{number}",
        "accountName": f"Bench {number}",
        "bankIdentifier": "bench",
        "accountIdentifier": f"{number:08d}",
    }
    patch = {"data": {"status": "success", "bankAccounts": [account]}}
    url = f"{details['providerUrl']}/v1/authorisations/{sessions[-1]['authorisationId']}"
    http.patch(url, json=patch, headers=provider).raise_for_status()
    picked = http.get(opened["pollRoute"]).json()["account"]
    asked = {
        **picked,
        "accountType": "DEBIT",
        "defaultCurrency": "GBP",
        "bankId": details["bankId"],
        "requestedStartDate": "2026-01-01",
    }
    made = http.post(f"{company}/bankaccounts", json=asked, headers=product)
    made.raise_for_status()
    return Link(
        made.json()["bankAccountId"],
        details["bankId"],
        _lines_of({**provider, "content-type": "application/json"}),
        _lines_of(product),
        urlsplit(company).path,
    )


class Connection:
    """One keep-alive connection; a call costs the client next to nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, origin: str) -> Self:
        url = urlsplit(origin)
        return cls(*await asyncio.open_connection(url.hostname, url.port, limit=2**24))

    async def call(self, method: str, path: str, headers: str, body: bytes = b"") -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}content-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(int(line[15:]) for line in answer if line.lower().startswith("content-length:"))
        return int(answer[0].split(" ")[1]), await self._reader.readexactly(length)

    async def deliver(self, link: Link, bodies: list[bytes]) -> None:
        """Statement after statement, each asked after until it is finished."""
        for body in bodies:
            status, answer = await self.call("POST", "/papi/v1/statements", link.provider, body)
            if status != 201:
                raise SystemExit(f"a statement was answered {status}: {answer[:500]!r}")
            path = f"/papi/v1/statements/{json.loads(answer)['data']['_id']}"
            while (found := json.loads((await self.call("GET", path, link.provider))[1]))["data"][
                "status"
            ] != "completed":
                if found["data"]["status"] == "failed":
                    raise SystemExit(f"a statement failed: {str(found)[:500]}")

    async def page(self, link: Link, start: int) -> dict[str, Any]:
        path = f"{link.path}/bankaccounts/{link.bank_account_id}/transactions?startIndex={start}"
        return json.loads((await self.call("GET", path, link.product))[1])

    def close(self) -> None:
        self._writer.close()
