"""The playground's client of the Provider API: one token a region, reused until it is refused."""

from decimal import Decimal
from typing import Any

import httpx2
import msgspec

from sage_sandbox import wire
from sage_sandbox.playground.records import PlaygroundAccount
from sage_sandbox.records import Provider
from sage_sandbox.refusals import NOT_JSON
from sage_sandbox.world import Addresses

_TIMEOUT_S = 15.0


class Reply(msgspec.Struct):
    """What Sage answered; status 0 is no answer at all."""

    status: int
    text: str = ""
    data: dict[str, Any] = {}
    codes: list[str] = []

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - any 2xx

    @property
    def worth_repeating(self) -> bool:
        return self.status in {0, 429} or self.status >= 500  # noqa: PLR2004 - any 5xx

    def says(self, code: str) -> bool:
        return code in self.codes or code in self.text


class Sage:
    """One region's Provider API, as the playground's credentials see it."""

    def __init__(self, client: httpx2.AsyncClient, addresses: Addresses, provider: Provider) -> None:
        self._client = client
        self._addresses = addresses
        self._provider = provider
        self._token = ""

    async def report(self, authorisation_id: str, accounts: list[PlaygroundAccount] | None, *, success: bool) -> Reply:
        """Tell how a session ended; a renewal names no accounts."""
        data: dict[str, object] = {"status": "success" if success else "failure"}
        if success and accounts is not None:
            data["bankAccounts"] = [
                {
                    "bankAccountExternalId": account.external_id,
                    "accountName": account.account_name,
                    "bankIdentifier": bank_identifier(account),
                    "branchIdentifier": "00-00-00",
                    "accountIdentifier": account.account_identifier,
                }
                for account in accounts
            ]
        return await self._call("PATCH", f"/v1/authorisations/{authorisation_id}", {"data": data})

    async def post_statement(self, data: dict[str, object]) -> Reply:
        return await self._call("POST", "/v1/statements", {"data": data})

    async def statement(self, statement_id: str) -> Reply:
        return await self._call("GET", f"/v1/statements/{statement_id}")

    async def query(self, bank_id: str, external_id: str) -> Reply:
        return await self._call("POST", "/v1/accountqueries", {"data": {"bankId": bank_id, "externalId": external_id}})

    async def sync_banks(self, what: str, bank: dict[str, object]) -> Reply:
        return await self._call("POST", "/v1/banks", {"data": {what: [bank]}})

    async def _call(self, method: str, path: str, body: object = None) -> Reply:
        if not self._token and not await self._renew():
            return Reply(0, "Cloud ID gave no token")
        reply = await self._send(method, path, body)
        if reply.status == 401 and await self._renew():  # noqa: PLR2004 - the token's time is over
            reply = await self._send(method, path, body)
        return reply

    async def _renew(self) -> bool:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._provider.client_id,
            "client_secret": self._provider.client_secret,
            "audience": self._provider.audience,
        }
        try:
            response = await self._client.post(f"{self._addresses.cloud_id}/oauth/token", data=form)
            self._token = str(response.json()["access_token"]) if response.status_code == 200 else ""  # noqa: PLR2004
        except (httpx2.HTTPError, ValueError, KeyError):
            self._token = ""
        return bool(self._token)

    async def _send(self, method: str, path: str, body: object) -> Reply:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "x-api-key": self._provider.api_key,
            "Content-Type": "application/json",
        }
        content = b"" if body is None else wire.encode(body)
        url = self._addresses.of(self._provider.region).provider + path
        try:
            response = await self._client.request(method, url, content=content, headers=headers, timeout=_TIMEOUT_S)
        except httpx2.HTTPError as error:
            return Reply(0, type(error).__name__)
        return _read(response)


def bank_identifier(account: PlaygroundAccount) -> str:
    """One customer's login at one bank: what ties accounts together at Sage."""
    return f"{account.customer}:{account.bank_id}"


def in_unit(amount: int, unit: str) -> int | Decimal:
    """An amount in hundredths, as Sage has been told to read amounts."""
    return amount if unit == "minor" else Decimal(amount).scaleb(-2)


class _Error(msgspec.Struct):
    code: str = ""


class _Body(msgspec.Struct):
    data: dict[str, Any] = {}
    errors: list[_Error] = []


_body = wire.decoder(_Body)


def _read(response: httpx2.Response) -> Reply:
    try:
        body = _body.decode(response.content or b"{}")
    except NOT_JSON:
        return Reply(response.status_code, response.text[:500])
    found = body.errors or msgspec.convert(body.data.get("errors", []), list[_Error])
    return Reply(response.status_code, response.text[:2000], body.data, [error.code for error in found])
