"""How others find the sandbox: the details file it writes, and the wiring file that fixes credentials beforehand."""

import json
import os
import tempfile
from pathlib import Path

import msgspec

from sage_sandbox import wire
from sage_sandbox.records import Bank, Provider
from sage_sandbox.refusals import schema_problem
from sage_sandbox.wire import CallbackURLs
from sage_sandbox.world import World


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


class _Wiring(msgspec.Struct, forbid_unknown_fields=True):
    """What `--wiring FILE` may fix of the first provider and its bank."""

    provider: _ProviderPart = msgspec.field(default_factory=_ProviderPart)
    bank: _BankPart = msgspec.field(default_factory=_BankPart)


def apply(world: World, text: bytes) -> None:
    """Fix what the file names of the first provider and its bank; ValueError says what is wrong with it."""
    try:
        wiring = wire.decoder(_Wiring).decode(text)
    except msgspec.ValidationError as error:
        problem = schema_problem(error)
        raise ValueError(f"{problem.path}: {problem.message}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    owner, bank = next(iter(world.book.providers.values())), next(iter(world.book.banks.values()))
    if wiring.bank.bank_id not in {None, bank.bank_id}:
        world.forget(bank)
    _overwrite(owner, wiring.provider)
    _overwrite(bank, wiring.bank)
    world.keep(owner)
    world.keep(bank)
    world.store.commit()


def _overwrite(record: Provider | Bank, part: msgspec.Struct) -> None:
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        if value is not None:
            setattr(record, field.name, value)


def details_of(world: World) -> dict[str, dict[str, str]]:
    owner, bank = next(iter(world.book.providers.values())), next(iter(world.book.banks.values()))
    addresses = world.addresses
    return {
        "sandbox": {
            "consumerUrl": addresses.consumer,
            "providerUrl": addresses.provider,
            "cloudIdUrl": addresses.cloud_id,
            "jwksUrl": addresses.jwks,
            "uiUrl": addresses.ui,
            "adminUrl": addresses.admin,
            "xApplication": world.identity.application,
            "applicationSigningKey": world.identity.application_signing_key,
            "bankId": bank.bank_id,
            "providerApiKey": owner.api_key,
            "clientId": owner.client_id,
            "clientSecret": owner.client_secret,
            "audience": owner.audience,
        }
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
