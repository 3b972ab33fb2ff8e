"""How others find the sandbox: the details file it writes, and the wiring file that fixes credentials beforehand."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from sage_sandbox import identity, wire
from sage_sandbox.records import Bank, Provider, Region
from sage_sandbox.refusals import schema_problem
from sage_sandbox.wire import CallbackURLs
from sage_sandbox.world import PREFIXES, World


class _ProviderPart(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    client_id: str | None = None
    client_secret: str | None = None
    api_key: str | None = None
    audience: str | None = None


class _BankPart(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    bank_id: str | None = None
    name: str | None = None
    country_code: str | None = None
    external_ref: str | None = None
    url: str | None = None
    header_name: str | None = None
    header_value: str | None = None
    callbacks: CallbackURLs | None = msgspec.field(default=None, name="callbackURLs")


class _Parts(msgspec.Struct, forbid_unknown_fields=True):
    """What may be fixed of a region's first provider and its bank."""

    provider: _ProviderPart = msgspec.field(default_factory=_ProviderPart)
    bank: _BankPart = msgspec.field(default_factory=_BankPart)


class _Wiring(msgspec.Struct, forbid_unknown_fields=True):
    """A `--wiring FILE`: the first region's parts bare, others' by name."""

    provider: _ProviderPart = msgspec.field(default_factory=_ProviderPart)
    bank: _BankPart = msgspec.field(default_factory=_BankPart)
    regions: dict[Region, _Parts] = {}


def apply(world: World, text: bytes) -> None:
    """Fix what the file names of the first provider and its bank; ValueError says what is wrong with it."""
    try:
        wiring = wire.decoder(_Wiring).decode(text)
    except msgspec.ValidationError as error:
        problem = schema_problem(error)
        raise ValueError(f"{problem.path}: {problem.message}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    _fix(world, "eu", _Parts(wiring.provider, wiring.bank))
    for region, parts in wiring.regions.items():
        _fix(world, region, parts)
    world.store.commit()


def _fix(world: World, region: Region, parts: _Parts) -> None:
    owner, bank = world.first_of(region)
    if parts.bank.bank_id not in {None, bank.bank_id}:
        world.forget(bank)
    _overwrite(owner, parts.provider)
    _overwrite(bank, parts.bank)
    world.keep(owner)
    world.keep(bank)


def _overwrite(record: Provider | Bank, part: msgspec.Struct) -> None:
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        if value is not None:
            setattr(record, field.name, value)


def details_of(world: World) -> dict[str, dict[str, Any]]:
    """The first region's details, and every region's by its name."""
    regions = {region: _details_of_region(world, region) for region in PREFIXES}
    return {"sandbox": regions["eu"] | {"regions": regions}}


def _details_of_region(world: World, region: Region) -> dict[str, Any]:
    owner, bank = world.first_of(region)
    addresses = world.addresses.of(region)
    return {
        "consumerUrl": addresses.consumer,
        "providerUrl": addresses.provider,
        "cloudIdUrl": addresses.cloud_id,
        "jwksUrl": addresses.jwks,
        "uiUrl": addresses.ui,
        "adminUrl": addresses.admin,
        "xApplication": world.identity.application,
        "applicationSigningKey": identity.application_key(world, region),
        "bankId": bank.bank_id,
        "providerApiKey": owner.api_key,
        "clientId": owner.client_id,
        "clientSecret": owner.client_secret,
        "audience": owner.audience,
    }


def write_details(world: World, path: Path) -> None:
    """Whole or not at all, readable by its owner alone."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(details_of(world), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
