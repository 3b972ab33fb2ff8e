"""What `--provider FILE` holds: where a provider answers, by which header it knows Sage, and how to make it act."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec

from sage_sandbox.refusals import schema_problem
from sage_sandbox.wire import CallbackURLs

FROM_ENVIRONMENT = "env:"
"""What a text begins with whose rest names the environment variable that holds it."""
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class Hook(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """A command, as a list of words: no shell reads it."""

    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeout_seconds: _Seconds = 30


class Hooks(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    log_in: Hook
    send_lines: Hook
    ask_for_reauthorisation: Hook | None = None
    prepare: Hook | None = None
    cancel: Hook | None = None
    open_account: Hook | None = None
    recover: Hook | None = None
    sync_banks: Hook | None = None
    settle: Hook | None = None


class Header(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
    value: Annotated[str, msgspec.Meta(min_length=1)]


class Credentials(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """What the provider is set up with; what is missing here the sandbox makes up."""

    client_id: str | None = None
    client_secret: str | None = None
    api_key: str | None = None
    audience: str | None = None
    bank_id: str | None = None


class ProviderFile(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    name: str
    callbacks: CallbackURLs = msgspec.field(name="callbackURLs")
    header: Header
    hooks: Hooks
    credentials: Credentials = Credentials()
    start: Hook | None = None
    amount_unit: Literal["minor", "major"] = "minor"
    delivery_seconds: _Seconds = 30
    quiet_seconds: _Seconds = 2
    session_seconds: _Seconds | None = None
    recovery_seconds: _Seconds | None = None

    def secrets(self) -> list[str]:
        """What no report may show."""
        held = (self.header.value, self.credentials.client_secret, self.credentials.api_key)
        return [secret for secret in held if secret]

    def wiring(self) -> dict[str, Any]:
        """The same for a sandbox that is to be started."""
        given = cast("dict[str, str | None]", msgspec.to_builtins(self.credentials))
        known = {name: value for name, value in given.items() if value is not None}
        bank: dict[str, Any] = {
            "name": self.name,
            "callbackURLs": msgspec.to_builtins(self.callbacks),
            "headerName": self.header.name,
            "headerValue": self.header.value,
        }
        if "bankId" in known:
            bank["bankId"] = known.pop("bankId")
        return {"provider": known, "bank": bank}


def read_provider_file(path: Path) -> ProviderFile:
    """The file, or a ValueError that says what is wrong with it, and where."""
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ValueError(error.strerror) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    try:
        return msgspec.convert(_filled_in(raw), ProviderFile)
    except msgspec.ValidationError as error:
        problem = schema_problem(error)
        raise ValueError(f"{problem.path or 'file'}: {problem.message}") from None


def _filled_in(value: Any) -> Any:
    """Texts of the form `env:NAME` replaced by what the environment holds, so that no secret has to be in the file."""
    if isinstance(value, dict):
        return {name: _filled_in(part) for name, part in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_filled_in(part) for part in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith(FROM_ENVIRONMENT):
        name = value.removeprefix(FROM_ENVIRONMENT)
        if name not in os.environ:
            raise ValueError(f"the environment has no variable {name}")
        return os.environ[name]
    return value
