"""OpenID Connect: the authorization code flow with PKCE, at the one provider that the settings name."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import msgspec

from bankfeeds.domain.errors import SignOnFailed

TIMEOUT_S = 5.0
KNOWN_FOR_S = 3600
"""How long the provider's own description and keys are remembered."""
LEEWAY_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Asymmetric ones only: the client secret signs nothing."""


class OpenIdConnect:
    """`ports.SignOn` over HTTP."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, http: httpx2.Client) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = http
        self._known: tuple[float, dict[str, Any], jwt.PyJWKSet] | None = None

    def address(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        about, _ = self._provider()
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        where = _text(about, "authorization_endpoint")
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"

    def redeem(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> str:
        about, keys = self._provider()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        told = self._call(
            "POST", _text(about, "token_endpoint"), data=form, auth=(self._client_id, self._client_secret)
        )
        claims = self._claims(_text(told, "id_token"), keys)
        if claims.get("nonce") != nonce:
            raise _failed("the token was made for another sign-in")
        if claims.get("email_verified") is not True:
            raise _failed("the provider has not verified the e-mail address")
        return _text(claims, "email")

    def _claims(self, token: str, keys: jwt.PyJWKSet) -> Mapping[str, Any]:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = next((each for each in keys.keys if key_id is None or each.key_id == key_id), None)
            if key is None:
                self._known = None  # it may have new keys: the next attempt asks
                raise _failed("the token is signed with a key that the provider does not publish")
            return jwt.decode(
                token,
                key.key,
                algorithms=list(ALGORITHMS),
                audience=self._client_id,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud"]},
            )
        except (jwt.PyJWTError, TypeError) as error:  # a TypeError: the key is of another kind than the token says
            raise _failed(f"the token is not valid: {error}") from error

    def _provider(self) -> tuple[dict[str, Any], jwt.PyJWKSet]:
        now = time.monotonic()
        if self._known is None or now >= self._known[0]:
            about = self._call("GET", f"{self._issuer}/.well-known/openid-configuration")
            if _text(about, "issuer").rstrip("/") != self._issuer:
                raise _failed("the provider calls itself by another name than BANKFEEDS_OIDC_ISSUER")
            try:
                keys = jwt.PyJWKSet.from_dict(self._call("GET", _text(about, "jwks_uri")))
            except jwt.PyJWTError as error:
                raise _failed(f"the provider's keys cannot be read: {error}") from error
            self._known = (now + KNOWN_FOR_S, about, keys)
        return self._known[1], self._known[2]

    def _call(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            reply = self._http.request(method, url, **options)
            if not httpx2.codes.is_success(reply.status_code):
                raise _failed(f"the provider answered {reply.status_code}")
            return msgspec.json.decode(reply.content, type=dict[str, Any])
        except (httpx2.HTTPError, msgspec.MsgspecError) as error:
            raise _failed(f"the provider did not answer: {error}") from error


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise _failed(f"the provider tells no {name}")
    return value


def _failed(message: str) -> SignOnFailed:
    return SignOnFailed("sign_on", message)
