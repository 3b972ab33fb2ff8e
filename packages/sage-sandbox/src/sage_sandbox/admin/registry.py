"""What a test registers out of band: banks, providers' secrets, and the user's Confirm of a bank account."""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import linking, wire
from sage_sandbox.admin.evidence import bank_account
from sage_sandbox.exchange import answer, read, world_of
from sage_sandbox.records import Bank
from sage_sandbox.refusals import refuse
from sage_sandbox.wire import CallbackURLs


async def post_confirm(request: Request) -> Response:
    world = world_of(request)
    account = bank_account(world, request.path_params["bank_account_id"])
    if account.status != "pendingConfirmation":
        raise refuse(409, "NOT_PENDING_CONFIRMATION", f"The bank account is {account.status}", "bankAccountId")
    linking.confirm(world, account)
    return answer({"bankAccountId": account.bank_account_id, "status": account.status})


class _BankBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str | None = None
    invite_code: Annotated[str, msgspec.Meta(pattern=r"^(\d{6})?$")] | None = None
    country_code: str | None = None
    callbacks: CallbackURLs | None = msgspec.field(default=None, name="callbackURLs")
    header_name: str | None = None
    header_value: str | None = None
    external_ref: str | None = None
    url: str | None = None
    supportiframe: bool | None = None
    popular_bank: bool | None = None
    provider_id: str | None = None


_bank_body = wire.decoder(_BankBody)


async def get_banks(request: Request) -> Response:
    return answer(list(world_of(request).book.banks.values()))


async def post_bank(request: Request) -> Response:
    world = world_of(request)
    body = await read(request, _bank_body)
    for name, value in (("name", body.name), ("countryCode", body.country_code)):
        if not value:
            raise refuse(400, "SCHEMA_INVALID", f"Object missing required field `{name}`", name)
    provider_id = body.provider_id or next(iter(world.book.providers))
    if provider_id not in world.book.providers:
        raise refuse(400, "SCHEMA_INVALID", "No such provider", "providerId")
    bank = Bank(bank_id=world.new_id(), provider_id=provider_id, name="", country_code="")
    _change(bank, body)
    world.keep(bank)
    return answer({"bankId": bank.bank_id}, 201)


async def put_bank(request: Request) -> Response:
    world = world_of(request)
    bank = world.book.banks.get(request.path_params["bank_id"])
    if bank is None:
        raise refuse(404, "BANK_NOT_FOUND", "No such bank", "bankId")
    body = await read(request, _bank_body)
    if body.provider_id is not None and body.provider_id != bank.provider_id:
        raise refuse(400, "SCHEMA_INVALID", "A bank stays with its provider", "providerId")
    _change(bank, body)
    return answer(world.keep(bank))


def _change(bank: Bank, body: _BankBody) -> None:
    for field in msgspec.structs.fields(_BankBody):
        value = getattr(body, field.name)
        if value is not None and field.name != "provider_id":
            setattr(bank, field.name, value)


_Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class _SecretsBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    client_secret: _Secret | None = None
    api_key: _Secret | None = None


_secrets_body = wire.decoder(_SecretsBody)


async def put_secrets(request: Request) -> Response:
    """Other secrets for the provider of that client id, at once: those before are refused, tokens count on."""
    world = world_of(request)
    client_id = request.path_params["client_id"]
    found = next((each for each in world.book.providers.values() if each.client_id == client_id), None)
    if found is None:
        raise refuse(404, "PROVIDER_NOT_FOUND", "No such provider", "clientId")
    body = await read(request, _secrets_body)
    found.client_secret = body.client_secret or found.client_secret
    found.api_key = body.api_key or found.api_key
    world.keep(found)
    return answer({})
