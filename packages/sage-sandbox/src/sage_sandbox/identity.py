"""Cloud ID: the token endpoint, the keys behind it, and every token that the sandbox signs or checks."""

import functools
import hashlib
import hmac
import secrets
from typing import Any, cast

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.exchange import answer, read_form, refused, world_of
from sage_sandbox.records import Bank, Identity, Organisation, Provider, Region
from sage_sandbox.refusals import NOT_JSON, Problem
from sage_sandbox.world import World

AUDIENCE = "sfdsbanking/sfdsBankingProvider-Pre"
_KEY_BITS = 2048
_CHECKED_MAX = 1024
_PAST_S = 86_400


def new_identity(make_id: str) -> Identity:
    """Keys and secrets for a new installation."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(
        private_key_pem=pem.decode(),
        key_id=make_id,
        poll_secret=secrets.token_hex(32),
        application="sage.sandbox.product",
        application_signing_key=secrets.token_hex(32),
    )


def application_key(world: World, region: Region) -> str:
    """The application signing key of a region; each cluster has its own."""
    first = world.identity.application_signing_key
    return first if region == "eu" else hmac.new(first.encode(), region.encode(), hashlib.sha256).hexdigest()


@functools.lru_cache(maxsize=4)
def _private_key(pem: str) -> RSAPrivateKey:
    return cast("RSAPrivateKey", serialization.load_pem_private_key(pem.encode(), None))


@functools.lru_cache(maxsize=_CHECKED_MAX)
def _claims(token: str, pem: str) -> dict[str, Any] | None:
    """The claims of a token signed by our key, whatever its times; none if it is not ours."""
    options: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
        "verify_iss": False,
    }
    try:
        return jwt.decode(token, _private_key(pem).public_key(), algorithms=["RS256"], options=options)
    except jwt.InvalidTokenError:
        return None


def _sign(world: World, claims: dict[str, Any]) -> str:
    identity = world.identity
    return jwt.encode(claims, _private_key(identity.private_key_pem), "RS256", headers={"kid": identity.key_id})


def _live_claims(world: World, token: str) -> dict[str, Any] | None:
    claims = _claims(token, world.identity.private_key_pem)
    if claims is None or claims.get("exp", 0) <= world.clock.now().timestamp():
        return None
    return claims


def provider_token(world: World, provider: Provider) -> str:
    now_s = int(world.clock.now().timestamp())
    return _sign(
        world,
        {
            "iss": f"{world.addresses.cloud_id}/",
            "sub": f"{provider.client_id}@clients",
            "aud": provider.audience,
            "azp": provider.client_id,
            "iat": now_s,
            "exp": now_s + world.settings.token_seconds,
            "jti": world.new_id(),
            "gty": "client-credentials",
        },
    )


def provider_of(world: World, token: str) -> Provider | None:
    """Whose live Provider API token this is."""
    claims = _live_claims(world, token)
    if claims is None or claims.get("gty") != "client-credentials":
        return None
    for provider in world.book.providers.values():
        if provider.client_id == claims.get("azp") and provider.audience == claims.get("aud"):
            return provider
    return None


def connector_token(world: World, bank: Bank, flaw: str | None = None) -> str:
    """Sage's token on calls to the provider; its times are the machine's, which the provider's clock shares."""
    now_s = int(world.clock.actual().timestamp()) - (_PAST_S if flaw == "expired_token" else 0)
    settings = world.settings
    claims = {
        "iss": settings.notification_issuer or f"{world.addresses.cloud_id}/",
        "aud": settings.notification_audience or world.book.providers[bank.provider_id].audience,
        "sub": "banking-service",
        "iat": now_s,
        "exp": now_s + 300,
        "jti": world.new_id(),
    }
    if flaw == "wrong_token":
        return jwt.encode(claims, _strangers_key(), "RS256", headers={"kid": world.identity.key_id})
    return _sign(world, claims)


@functools.lru_cache(maxsize=1)
def _strangers_key() -> RSAPrivateKey:
    """A key that no JWKS names, for tokens that a provider must refuse."""
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)


def company_token(world: World, organisation: Organisation, company_id: str, ip: str) -> str:
    now_s = int(world.clock.now().timestamp())
    return _sign(
        world,
        {
            "ccVersion": "1",
            "organisationId": organisation.organisation_id,
            "companyId": company_id,
            "sourceProduct": organisation.application,
            "kid": world.identity.key_id,
            "ip": ip,
            "iss": "wpb-auth",
            "channel": "sandbox",
            "serviceId": "banking",
            "iat": now_s,
            "exp": now_s + world.settings.consumer_token_seconds,
        },
    )


def company_claims(world: World, token: str) -> dict[str, Any] | None:
    claims = _live_claims(world, token)
    return claims if claims is not None and claims.get("iss") == "wpb-auth" else None


class _TokenRequest(msgspec.Struct):
    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    audience: str = ""


def _denied(request: Request, status: int, error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return refused(request, status, body, Problem(error, description))


async def _token_request(request: Request) -> _TokenRequest | None:
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.body()
        try:
            asked = msgspec.json.decode(body, type=_TokenRequest)
        except NOT_JSON:
            return None
        return asked if wire.is_text(body, asked) else None
    return msgspec.convert(await read_form(request), _TokenRequest)


async def post_token(request: Request) -> Response:
    world = world_of(request)
    asked = await _token_request(request)
    if asked is None:
        return _denied(request, 400, "invalid_request", "The body is neither a form nor a JSON object of strings")
    if asked.grant_type != "client_credentials":
        return _denied(request, 400, "unsupported_grant_type", "grant_type must be client_credentials")
    for provider in world.book.providers.values():
        if provider.client_id == asked.client_id and secrets.compare_digest(
            provider.client_secret.encode(), asked.client_secret.encode()
        ):
            break
    else:
        return _denied(request, 401, "access_denied", "Unauthorized")
    if asked.audience != provider.audience:
        return _denied(request, 403, "access_denied", f"Service not enabled within domain: {asked.audience}")
    token = provider_token(world, provider)
    return answer({"access_token": token, "token_type": "Bearer", "expires_in": world.settings.token_seconds})


async def get_jwks(request: Request) -> Response:
    identity = world_of(request).identity
    public = _private_key(identity.private_key_pem).public_key()
    key = dict(RSAAlgorithm.to_jwk(public, as_dict=True))
    key |= {"kid": identity.key_id, "use": "sig", "alg": "RS256"}
    key.pop("key_ops", None)
    return answer({"keys": [key]})
