"""The Provider API's gateway (key, token, throttle), and its calls authorisations, accountqueries and sync."""

import secrets

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import linking, wire
from sage_sandbox.exchange import answer, no_content, read, region_of, world_of
from sage_sandbox.identity import provider_of
from sage_sandbox.records import Authorisation, BankAccount, Provider
from sage_sandbox.refusals import GatewayRefusal, refuse
from sage_sandbox.wire import AccountQueryBody, Authorised, AuthorisedAccount, AuthorisedBody, SyncReport
from sage_sandbox.world import World

_authorised_body = wire.decoder(AuthorisedBody)
_query_body = wire.decoder(AccountQueryBody)
_sync_report = wire.decoder(SyncReport)


_SPELT = {field.name: field.encode_name for field in msgspec.structs.fields(AuthorisedAccount)}
_NAMED = ("bank_account_external_id", "account_name", "bank_identifier", "account_identifier")


def authenticate(request: Request) -> Provider:
    """Who calls; or what the gateway answers: 403 for the key, 429 for too many, 401 for the token."""
    world = world_of(request)
    key = request.headers.get("x-api-key", "").encode()
    for provider in world.book.providers.values():
        if provider.region == region_of(request) and secrets.compare_digest(provider.api_key.encode(), key):
            break
    else:
        raise GatewayRefusal(403, "Forbidden", "API_KEY", "x-api-key is missing, or no provider's of this region")
    if not world.throttle.admits(provider.provider_id, world.clock.monotonic_s(), world.settings.requests_per_second):
        limit = f"{world.settings.requests_per_second} requests a second are allowed"
        raise GatewayRefusal(429, "Too Many Requests", "THROTTLE", limit)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    owner = provider_of(world, token.strip()) if scheme.lower() == "bearer" else None
    if owner is None:
        raise GatewayRefusal(401, "Unauthorized", "TOKEN", "The bearer token is missing, not Cloud ID's, or expired")
    if owner is not provider:
        raise GatewayRefusal(403, "Forbidden", "TOKEN_OF_ANOTHER", "Key and token are two providers'")
    return provider


def _authorisation_of(world: World, authorisation_id: str, provider: Provider) -> Authorisation:
    authorisation = world.book.authorisations.get(authorisation_id)
    if authorisation is None:
        raise refuse(404, "AUTHORISATION_NOT_FOUND", "No such authorisation", "authorisationId")
    if world.book.banks[authorisation.bank_id].provider_id != provider.provider_id:
        raise refuse(403, "AUTHORISATION_FORBIDDEN", "The authorisation is another provider's", "authorisationId")
    return authorisation


async def patch_authorisation(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    authorisation = _authorisation_of(world, request.path_params["authorisation_id"], provider)
    linking.expire(world, authorisation)
    if authorisation.status == "expired":
        status = world.settings.patch_expired_status
        raise refuse(status, "AUTHORISATION_EXPIRED", "The authorisation has expired", "authorisationId")
    if authorisation.status not in linking.OPEN:
        if world.settings.patch_repeat_status == 409:  # noqa: PLR2004 - the setting's own values
            raise refuse(409, "AUTHORISATION_USED", "The authorisation was used before", "authorisationId")
        return _patched(world, authorisation)
    data = (await read(request, _authorised_body)).data
    if data.status in world.settings.failure_words:
        linking.fail(world, authorisation)
    else:
        _check_success(authorisation, data)
        linking.authorise(world, authorisation, data.bank_accounts or [])
    return _patched(world, authorisation)


def _check_success(authorisation: Authorisation, data: Authorised) -> None:
    if data.status != "success":
        raise refuse(400, "SCHEMA_INVALID", f"Invalid enum value '{data.status}'", "data.status")
    if authorisation.kind == "onboarding" and not data.bank_accounts:
        raise refuse(400, "SCHEMA_INVALID", "Onboarding needs at least one bank account", "data.bankAccounts")
    for at, account in enumerate(data.bank_accounts or []):
        for name in _NAMED:
            if not getattr(account, name):
                field = f"data.bankAccounts[{at}].{_SPELT[name]}"
                raise refuse(400, "SCHEMA_INVALID", "Expected a text that is not empty", field)


def _patched(world: World, authorisation: Authorisation) -> Response:
    if world.settings.patch_status == 204:  # noqa: PLR2004 - the setting's own values
        return no_content()
    status = "failure" if authorisation.status == "failed" else "success"
    return answer({"data": {"_id": authorisation.authorisation_id, "status": status}})


async def post_account_query(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    query = (await read(request, _query_body)).data
    bank = world.book.banks.get(query.bank_id)
    if bank is None or bank.removed or bank.provider_id != provider.provider_id:
        raise refuse(404, "BANK_NOT_FOUND", "No such bank", "data.bankId")
    account = find_account(world, query.bank_id, query.external_id)
    if account is None:
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "No bank account has this externalId", "data.externalId")
    return answer(
        {
            "data": {
                "bankAccountId": account.bank_account_id,
                "status": account.status,
                "requestedStartDate": account.requested_start_date,
            }
        }
    )


def find_account(world: World, bank_id: str, external_id: str) -> BankAccount | None:
    """Of several links of one account: an open one before a cancelled one, then the latest (or first)."""
    found = [
        account
        for account in world.book.bank_accounts.values()
        if account.bank_id == bank_id and account.external_id == external_id and account.status != "pendingConfirmation"
    ]
    links = [account for account in found if account.status != "cancelled"] or found
    if not links:
        return None
    return links[-1] if world.settings.account_query == "latest" else links[0]


async def post_sync(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    if not world.settings.sync_endpoint:
        raise GatewayRefusal(404, "Not Found", "NO_SUCH_CALL", "The setting `syncEndpoint` is off")
    report = await read(request, _sync_report)
    if report.status != "FAILED":
        raise refuse(400, "SCHEMA_INVALID", "`status` must be FAILED", "status")
    linking.keep_sync_failure(world, provider, report)
    return answer({"status": "accepted"}, 202)
