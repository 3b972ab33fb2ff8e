"""Banks: how providers register them (6.1) and how products see them (7.3)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.exchange import answer, decode, read, world_of
from sage_sandbox.provider import authenticate
from sage_sandbox.records import Bank, Provider
from sage_sandbox.refusals import NOT_JSON, GatewayRefusal, Problem, Refusal, refuse
from sage_sandbox.wire import BankSync, BankSyncBody, BankSyncBodyOfDocs, BankToUpdate, CallbackURLs
from sage_sandbox.world import World

_sync_body = wire.decoder(BankSyncBody)
_sync_body_of_docs = wire.decoder(BankSyncBodyOfDocs)
_bank_to_update = wire.decoder(BankToUpdate)

COUNTRIES = {
    "AUS": "AU",
    "ARE": "AE",
    "CAN": "CA",
    "DEU": "DE",
    "ESP": "ES",
    "FRA": "FR",
    "GBR": "GB",
    "IRL": "IE",
    "MYS": "MY",
    "NZL": "NZ",
    "PRT": "PT",
    "USA": "US",
    "ZAF": "ZA",
}
_ALPHA3 = {short: long for long, short in COUNTRIES.items()}


def alpha3(country: str) -> str:
    return _ALPHA3.get(country.upper(), country.upper())


def alpha2(country: str) -> str:
    return COUNTRIES.get(country.upper(), country.upper())


def bank_view(bank: Bank) -> dict[str, object]:
    """A bank as its provider sees it."""
    return {
        "_id": bank.bank_id,
        "principalId": bank.bank_id,
        "externalRef": bank.external_ref,
        "name": bank.name,
        "countryCode": bank.country_code,
        "url": bank.url,
        "supportiframe": bank.supportiframe,
        "callbackURLs": bank.callbacks,
    }


def product_view(bank: Bank) -> dict[str, object]:
    """A bank as products see it."""
    return {
        "bankId": bank.bank_id,
        "name": bank.name,
        "primaryCountry": alpha3(bank.country_code),
        "primaryCountry2CharIso": alpha2(bank.country_code),
        "authorisationMechanism": None,
        "accountTypes": [],
        "status": "beta" if bank.invite_code else "supported",
        "authorisationData": None,
        "offBoardingMechanism": {"type": "none", "instructions": ""},
        "supportiframe": bank.supportiframe,
        "popularBank": bank.popular_bank,
        "bankURL": bank.url,
        "flags": {"oauth": False},
        "dataProvider": "indirect",
        "capabilities": {"manualRefresh": False},
        "logo": None,
        "logoSvg": None,
        "icon": None,
    }


def _own_bank(world: World, provider: Provider, principal_id: str, path: str) -> Bank:
    bank = world.book.banks.get(principal_id)
    if bank is None or bank.removed or bank.provider_id != provider.provider_id:
        raise refuse(404, "BANK_NOT_FOUND", "No such bank", path)
    return bank


def _check_country(code: str | None, path: str) -> None:
    if code is not None and not (code.isascii() and code.isalpha() and code.isupper() and len(code) in {2, 3}):
        raise refuse(400, "SCHEMA_INVALID", "Expected an ISO 3166 code of two or three capital letters", path)


def _check_urls(callbacks: CallbackURLs, path: str) -> None:
    for field in msgspec.structs.fields(callbacks):
        url: str = getattr(callbacks, field.name)
        if not url.startswith(("https://", "http://")):
            raise refuse(400, "SCHEMA_INVALID", "Expected a URL", f"{path}.{field.encode_name}")


def _read_sync(body: bytes) -> tuple[list[BankSync], bool]:
    """Both documented shapes: `data` as an object, and as an array of one; with which it was."""
    try:
        probe = msgspec.json.decode(body)
    except NOT_JSON as error:
        raise Refusal(400, Problem("SCHEMA_INVALID", f"The body is not JSON: {error}")) from None
    if isinstance(probe, dict) and isinstance(probe.get("data"), list):  # pyright: ignore[reportUnknownMemberType] - any JSON
        return decode(body, _sync_body_of_docs).data, True
    return [decode(body, _sync_body).data], False


async def post_banks(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    syncs, as_array = _read_sync(await request.body())
    for at, sync in enumerate(syncs):
        _check_sync(world, provider, sync, f"data[{at}]" if as_array else "data")
    result: dict[str, list[object]] = {"created": [], "updated": [], "removed": []}
    for sync in syncs:
        _apply(world, provider, sync, result)
    return answer({"data": result})


def _check_sync(world: World, provider: Provider, sync: BankSync, within: str) -> None:
    if sync.to_remove and not world.settings.remove_banks:
        raise refuse(403, "REMOVAL_FORBIDDEN", "Banks are removed by Sage's support alone", f"{within}.toRemove")
    for at, new in enumerate(sync.to_create):
        _check_urls(new.callbacks, f"{within}.toCreate[{at}].callbackURLs")
        _check_country(new.country_code, f"{within}.toCreate[{at}].countryCode")
    for at, change in enumerate(sync.to_update):
        _own_bank(world, provider, change.principal_id, f"{within}.toUpdate[{at}].principalId")
        _check_urls(change.callbacks, f"{within}.toUpdate[{at}].callbackURLs")
        _check_country(change.country_code, f"{within}.toUpdate[{at}].countryCode")
    for at, old in enumerate(sync.to_remove):
        _own_bank(world, provider, old.principal_id, f"{within}.toRemove[{at}].principalId")


def _apply(world: World, provider: Provider, sync: BankSync, result: dict[str, list[object]]) -> None:
    for new in sync.to_create:
        bank = Bank(
            bank_id=world.new_id(),
            provider_id=provider.provider_id,
            name=new.name,
            country_code=new.country_code,
            url=new.url,
            external_ref=new.external_ref,
            supportiframe=new.supportiframe,
            callbacks=new.callbacks,
        )
        result["created"].append(_synced(world, world.keep(bank)))
    for change in sync.to_update:
        result["updated"].append(_synced(world, _update(world, world.book.banks[change.principal_id], change)))
    for old in sync.to_remove:
        bank = world.book.banks[old.principal_id]
        bank.removed = True
        result["removed"].append(_synced(world, world.keep(bank)))


def _update(world: World, bank: Bank, change: BankToUpdate) -> Bank:
    bank.name = change.name
    bank.external_ref = change.external_ref
    bank.callbacks = change.callbacks
    bank.country_code = change.country_code or bank.country_code
    bank.url = change.url if change.url is not None else bank.url
    bank.supportiframe = change.supportiframe if change.supportiframe is not None else bank.supportiframe
    return world.keep(bank)


def _synced(world: World, bank: Bank) -> dict[str, object]:
    return {world.settings.principal_id_name: bank.bank_id, "externalRef": bank.external_ref, "name": bank.name}


async def get_banks(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    if not world.settings.get_banks:
        raise GatewayRefusal(404, "Not Found", "NO_SUCH_CALL", "The setting `getBanks` is off")
    own = [b for b in world.book.banks.values() if b.provider_id == provider.provider_id and not b.removed]
    return answer({"data": [bank_view(bank) for bank in own]})


async def put_bank(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    if not world.settings.put_banks:
        raise GatewayRefusal(404, "Not Found", "NO_SUCH_CALL", "The setting `putBanks` is off")
    bank = _own_bank(world, provider, request.path_params["principal_id"], "principalId")
    change = await read(request, _bank_to_update)
    _check_urls(change.callbacks, "callbackURLs")
    _check_country(change.country_code, "countryCode")
    return answer({"data": bank_view(_update(world, bank, change))})
