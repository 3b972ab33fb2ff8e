"""Who calls: `Authorization: Basic base64(key)`, the key alone, without a colon (contract 1.1); or, to read one
company, `Bearer` and that company's access token.
"""

import base64
import binascii
from dataclasses import dataclass

from bankfeeds.domain.api_key import ApiKey, Scope
from bankfeeds.domain.errors import Forbidden
from bankfeeds.flows import company_token, keys
from bankfeeds.flows.context import World
from bankfeeds.web.codat.errors import Unauthenticated
from bankfeeds.web.endpoint import Call

_REMEDY = "send the header Authorization: Basic, followed by the API key alone in base64"
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`id` is the same from call to call; `actor` is for the audit trail."""

    id: str
    actor: str
    scope: Scope


def authenticate(world: World, call: Call, *, needs_key: bool = False) -> Caller:
    """401 without a key that we know; 403 with one that was revoked or has expired."""
    header = call.headers.get("authorization")
    if header is None:
        raise Unauthenticated("no_api_key", f"there is no API key; {_REMEDY}")
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return _token_holder(world, call, rest.strip(), needs_key=needs_key)
    secret = _secret(header)
    key = keys.verify(world, secret) if secret else None
    if key is None:
        raise Unauthenticated("wrong_api_key", f"the API key is not known; {_REMEDY}")
    return caller_of(key)


def recognise(world: World, call: Call) -> Caller | None:
    """A key that was good a moment ago, without looking it up; None for any other."""
    secret = _secret(call.headers.get("authorization", ""))
    key = keys.remembered(world, secret) if secret else None
    return None if key is None else caller_of(key)


def caller_of(key: ApiKey) -> Caller:
    return Caller(key.id, f"api:{key.name}", key.scope)


def check_scope(caller: Caller, method: str, *, is_administration: bool) -> None:
    """Reading needs `read` and changing `write`; what belongs to the whole institution is changed by `admin` only."""
    needed = Scope.read if method in _READING else Scope.admin if is_administration else Scope.write
    if not caller.scope.covers(needed):
        raise Forbidden(
            "key_scope", f"this API key may {caller.scope.value} only; this takes one that may {needed.value}"
        )


def _token_holder(world: World, call: Call, token: str, *, needs_key: bool) -> Caller:
    company_id = company_token.company_of(world, token)
    if company_id is None:
        raise Unauthenticated("wrong_token", "the access token is not known or has expired; ask for a new one")
    if needs_key or call.method not in _READING or call.path.get("company_id") != company_id:
        raise Forbidden("token_scope", "a company's access token reads that company only; use an API key")
    return Caller(f"token:{company_id}", f"token:{company_id}", Scope.read)


def _secret(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
