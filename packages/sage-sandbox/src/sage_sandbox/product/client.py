"""The product's side of the Consumer API: signed bootstrap, tokens, and the calls of section 7, over the wire.

Nothing is taken from inside the sandbox that a product could not have: its calls are seen, logged and struck by faults
like everybody's.
"""

from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx2
import msgspec

from sage_sandbox import identity, wire
from sage_sandbox.product.profiles import Profile
from sage_sandbox.product.tenancy import Picked, ProductCompany
from sage_sandbox.records import Region
from sage_sandbox.signature import sign
from sage_sandbox.wire import Balances
from sage_sandbox.world import World

T = TypeVar("T")
TIMEOUT_S = 30.0
_UNAUTHORISED = 401


class Answered(Exception):
    """The Banking Service answered something else than what a product hopes for; status 0: nothing."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


class _Struct(msgspec.Struct, rename="camel"):
    """What is read of an answer; more may be in it."""


class BankSeen(_Struct):
    bank_id: str
    name: str
    primary_country: str
    status: str = "supported"
    supportiframe: bool = True
    bank_url: str = msgspec.field(default="", name="bankURL")


class Linking(_Struct):
    redirect: str
    poll_route: str
    poll_period: int


class Polled(_Struct):
    """202 has a new route, 200 an end."""

    poll_route: str = ""
    poll_period: int = 0
    success: bool | None = None
    account: Picked | None = None


class AccountSeen(_Struct):
    bank_account_id: str
    status: str
    balances: Balances | None = None


class _Numbered(_Struct):
    transaction_id: int


class _TransactionList(_Struct):
    transactions: list[_Numbered]
    next: int | None = None


class TransactionsSeen(_Struct):
    bank_account: AccountSeen
    bank_transaction_list: _TransactionList


class _Metadata(_Struct):
    connected: bool


class Available(_Struct):
    bank_account_candidate_id: str
    account_name: str
    metadata: _Metadata


class _AvailableList(_Struct):
    available_accounts: list[Available]


class _Organisation(_Struct):
    organisation_id: str
    companies: list[str]
    token: str


class _Token(_Struct):
    jwt: str


_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}


def _decode(content: bytes, kind: type[T]) -> T:
    if kind not in _DECODERS:
        _DECODERS[kind] = wire.decoder(kind)
    return _DECODERS[kind].decode(content)


def _client(world: World) -> httpx2.AsyncClient:
    if "product" not in world.clients:
        limits = httpx2.Limits(max_keepalive_connections=0)
        transport = httpx2.AsyncHTTPTransport(limits=limits)
        world.clients["product"] = httpx2.AsyncClient(transport=transport, trust_env=False, timeout=TIMEOUT_S)
    return world.clients["product"]


async def _send(world: World, method: str, url: str, headers: dict[str, str], content: bytes | None) -> httpx2.Response:
    typed = {"content-type": "application/json"} if content is not None else {}
    try:
        return await _client(world).request(method, url, headers={**typed, **headers}, content=content)
    except httpx2.HTTPError as error:
        raise Answered(0, f"no answer ({type(error).__name__})") from None


def _check(response: httpx2.Response, *good: int) -> httpx2.Response:
    if response.status_code not in good:
        raise Answered(response.status_code, _message_of(response))
    return response


class _Problems(msgspec.Struct):
    errors: list[dict[str, str]] = []
    message: str = ""


def _message_of(response: httpx2.Response) -> str:
    try:
        found = msgspec.json.decode(response.content, type=_Problems)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return response.reason_phrase
    return found.message or "; ".join(each.get("message", "") for each in found.errors) or response.reason_phrase


def _consumer(world: World, cluster: Region) -> str:
    return world.addresses.of(cluster).consumer


async def _signed(world: World, method: str, url: str, key: str, headers: dict[str, str], body: object) -> bytes:
    content = None if body is None else wire.encode(body)
    nonce = world.new_id()
    signed = {"x-nonce": nonce, "x-signature": sign(method, url, content, nonce, key)}
    response = await _send(world, method, url, {**headers, **signed}, content)
    return _check(response, 200, 201).content


async def sign_up(
    world: World, profile: Profile, cluster: Region, company_key: str, name: str, language: str, now: datetime
) -> ProductCompany:
    """The product makes sure that its company exists at the Banking Service."""
    body = {
        "company": {
            "name": name,
            "postalCode": "",
            "standardIndustrialCode": "99",
            "vatNumber": "",
            "languageCode": f"{language}-{profile.region.key}",
        },
        "crmId": company_key,
        "user": {"emailAddress": "user@example.com", "identity": company_key},
    }
    url = f"{_consumer(world, cluster)}/organisations"
    key = identity.application_key(world, cluster)
    answered = await _signed(world, "POST", url, key, {"x-application": profile.application}, body)
    made = _decode(answered, _Organisation)
    return ProductCompany(
        company_key=company_key,
        product=profile.product.key,
        region=profile.region.key,
        cluster=cluster,
        language=language,
        name=name,
        organisation_id=made.organisation_id,
        company_id=made.companies[0],
        signing_key=made.token,
        created_at=now,
    )


class ConsumerClient:
    """One company's calls; its token is renewed when it is refused."""

    def __init__(self, world: World, company: ProductCompany, profile: Profile) -> None:
        self._world = world
        self._company = company
        self._application = {"x-application": profile.application}
        self._consumer = _consumer(world, company.cluster)
        self._path = f"/organisations/{company.organisation_id}/companies/{company.company_id}"

    async def banks(self, name: str, country: str) -> list[BankSeen]:
        query = urlencode({key: value for key, value in (("name", name), ("country", country)) if value})
        response = await _send(self._world, "GET", f"{self._consumer}/banks?{query}", self._application, None)
        return _decode(_check(response, 200).content, list[BankSeen])

    async def bank(self, bank_id: str) -> BankSeen:
        response = await _send(self._world, "GET", f"{self._consumer}/banks/{bank_id}", self._application, None)
        return _decode(_check(response, 200).content, BankSeen)

    async def link(self, bank_id: str, e2e: str) -> Linking:
        query = urlencode({"bankid": bank_id, "web": "true", "e2e": e2e})
        return _decode(await self._call("GET", f"/indirectlinkaccount?{query}", 302), Linking)

    async def reauthorise(self, bank_account_id: str, e2e: str) -> Linking:
        query = urlencode({"web": "true", "e2e": e2e})
        return _decode(await self._call("GET", f"/bankaccounts/{bank_account_id}/indirectauth?{query}", 302), Linking)

    async def poll(self, route: str) -> Polled:
        response = await _send(self._world, "GET", route, self._application, None)
        return _decode(_check(response, 200, 202).content, Polled)

    async def add(self, body: dict[str, object]) -> AccountSeen:
        return _decode(await self._call("POST", "/bankaccounts", 201, body), AccountSeen)

    async def transactions(self, bank_account_id: str, start: int) -> TransactionsSeen:
        path = f"/bankaccounts/{bank_account_id}/transactions?startIndex={start}"
        return _decode(await self._call("GET", path, 200), TransactionsSeen)

    async def delete(self, bank_account_id: str) -> None:
        await self._call("DELETE", f"/bankaccounts/{bank_account_id}", 204)

    async def available(self, bank_account_id: str) -> list[Available]:
        query = urlencode({"bankAccountIds": bank_account_id})
        content = await self._call("GET", f"/availablebankaccounts?{query}", 200)
        return _decode(content, _AvailableList).available_accounts

    async def link_available(self, candidate_id: str, start: str) -> AccountSeen:
        body: dict[str, object] = {"bankAccountCandidateId": candidate_id, "requestedStartDate": start}
        return _decode(await self._call("POST", "/linkavailablebankaccount", 201, body), AccountSeen)

    async def _call(self, method: str, path: str, good: int, body: dict[str, object] | None = None) -> bytes:
        content = None if body is None else wire.encode(body)
        if not self._company.token:
            await self._renew_token()
        response = await self._try(method, path, content)
        if response.status_code == _UNAUTHORISED:
            await self._renew_token()
            response = await self._try(method, path, content)
        return _check(response, good).content

    async def _try(self, method: str, path: str, content: bytes | None) -> httpx2.Response:
        headers = {**self._application, "authorization": f"Bearer {self._company.token}"}
        return await _send(self._world, method, self._consumer + self._path + path, headers, content)

    async def _renew_token(self) -> None:
        ids = {"x-organisation-id": self._company.organisation_id, "x-company-id": self._company.company_id}
        url, key = f"{self._consumer}/accesstoken", self._company.signing_key
        answered = await _signed(self._world, "GET", url, key, {**self._application, **ids}, None)
        self._company.token = _decode(answered, _Token).jwt
        self._world.keep(self._company)
