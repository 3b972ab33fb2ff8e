"""Who calls: `Authorization: Basic base64(key)`, the key alone, without a colon (contract 1.1)."""

import base64
import binascii

from bankfeeds.domain.api_key import ApiKey
from bankfeeds.flows import keys
from bankfeeds.flows.context import World
from bankfeeds.web.codat.errors import Unauthenticated
from bankfeeds.web.endpoint import Call

_REMEDY = "send the header Authorization: Basic, followed by the API key alone in base64"


def authenticate(world: World, call: Call) -> ApiKey:
    """401 without a key that we know; 403 with one that was revoked or has expired."""
    header = call.headers.get("authorization")
    if header is None:
        raise Unauthenticated("no_api_key", f"there is no API key; {_REMEDY}")
    secret = _secret(header)
    key = keys.verify(world, secret) if secret else None
    if key is None:
        raise Unauthenticated("wrong_api_key", f"the API key is not known; {_REMEDY}")
    return key


def recognise(world: World, call: Call) -> ApiKey | None:
    """A key that was good a moment ago, without looking it up; None for any other."""
    secret = _secret(call.headers.get("authorization", ""))
    return keys.remembered(world, secret) if secret else None


def _secret(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
