"""Is this a token of Sage's? Checked against the public keys that Sage's token service publishes.

Keys are kept for a while and fetched again when a token names one that is not among them; how often, how long and how
much is bounded, so that forged tokens cost Sage nothing and us little.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import httpx2
import jwt
from jwt.algorithms import RSAAlgorithm
from jwt.types import Options

from bankfeeds.domain.listing import Listing

UNAVAILABLE = "unavailable"
"""The reason when Sage's keys could not be fetched: says nothing of the token, so it may be sent again."""

KEYS_TTL_S = 600.0
REFETCH_S = 30.0
STALE_MAX_S = 3600.0
"""Keys fetched longer ago than this are not used even if Sage's token service cannot be reached."""
FETCH_TIMEOUT_S = 3.0
FETCH_BYTES_MAX = 256 * 1024
KEYS_MAX = 50
KEY_BITS_MIN = 2048
TOKEN_LENGTH_MAX = 16_384
LEEWAY_S = 60
_UNCHECKED_TIMES: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}

Keys = Mapping[str, Any]


@dataclass(slots=True)
class _Cached:
    """Of one address. Times are of the monotonic clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: Keys = field(default_factory=dict[str, Any])
    fetched_at: float | None = None
    tried_at: float | None = None


class JwksVerifier:
    """`ports.TokenVerifier`. No database transaction may be open while it is called: it may go out to Sage."""

    def __init__(self, client: httpx2.Client | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client or httpx2.Client(timeout=FETCH_TIMEOUT_S, follow_redirects=False)
        self._monotonic = monotonic
        self._cached: dict[str, _Cached] = {}
        self._guard = threading.Lock()

    def __call__(self, listing: Listing, token: str, now: datetime) -> str | None:
        """Why this is no valid token of Sage's, UNAVAILABLE if that cannot be told; None if it is one."""
        if len(token) > TOKEN_LENGTH_MAX:
            return "the token is too long"
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            return "this is no JSON web token"
        if header.get("alg") != "RS256":
            return "the token is not signed with RS256"
        kid = header.get("kid")
        key = self._key(listing.jwks_url, kid if isinstance(kid, str) else None)
        if isinstance(key, str):
            return key
        return _flaw(token, key, listing, now)

    def close(self) -> None:
        self._client.close()

    def _key(self, url: str, kid: str | None) -> Any:
        """The key, or the reason why there is none."""
        with self._guard:
            cached = self._cached.setdefault(url, _Cached())
        with cached.lock:
            at = self._monotonic()
            if cached.fetched_at is None or at - cached.fetched_at > KEYS_TTL_S or _find(cached.keys, kid) is None:
                self._refresh(url, cached, at)
            if cached.fetched_at is None or at - cached.fetched_at > STALE_MAX_S:
                return UNAVAILABLE
            found = _find(cached.keys, kid)
            return "the token names a key that Sage does not publish" if found is None else found

    def _refresh(self, url: str, cached: _Cached, at: float) -> None:
        if cached.tried_at is not None and at - cached.tried_at < REFETCH_S:
            return
        cached.tried_at = at
        keys = self._fetch(url)
        if keys is not None:
            cached.keys, cached.fetched_at = keys, at

    def _fetch(self, url: str) -> Keys | None:
        deadline = self._monotonic() + FETCH_TIMEOUT_S
        body = b""
        try:
            with self._client.stream("GET", url, headers={"accept": "application/json"}) as response:
                if not response.is_success:
                    return None
                for part in response.iter_bytes():
                    body += part
                    if len(body) > FETCH_BYTES_MAX or self._monotonic() > deadline:
                        return None
            return _read_keys(body)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
            return None


def _read_keys(body: bytes) -> Keys | None:
    """RSA keys for signatures, by id; others are passed over. None if this is no key set."""
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(cast("dict[str, Any]", document).get("keys"), list):
        return None
    entries = cast("list[Any]", document["keys"])[:KEYS_MAX]
    keys: dict[str, Any] = {}
    for number, entry in enumerate(entries):
        key = _read_key(entry)
        if key is not None:
            keys[str(entry.get("kid") or f"#{number}")] = key
    return keys


def _read_key(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return None
    members = cast("dict[str, Any]", entry)
    if members.get("kty") != "RSA" or members.get("use", "sig") != "sig":
        return None
    try:
        key: Any = RSAAlgorithm.from_jwk(members)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError):
        return None
    return key if key.key_size >= KEY_BITS_MIN else None


def _find(keys: Keys, kid: str | None) -> Any:
    """By its id; a token that names none can only mean the one key there is."""
    if kid is not None:
        return keys.get(kid)
    return next(iter(keys.values())) if len(keys) == 1 else None


def _flaw(token: str, key: Any, listing: Listing, now: datetime) -> str | None:
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=_UNCHECKED_TIMES)
    except jwt.PyJWTError:
        return "the token's signature is not Sage's"
    return _time_flaw(claims, now.timestamp()) or _party_flaw(claims, listing)


def _time_flaw(claims: Mapping[str, Any], now: float) -> str | None:
    expires: Any = claims.get("exp")
    starts: list[Any] = [claims.get("iat"), claims.get("nbf")]
    if not _is_time(expires) or not all(value is None or _is_time(value) for value in starts):
        return "the token does not say when it expires"
    if expires <= now - LEEWAY_S:
        return "the token has expired"
    if any(value is not None and value > now + LEEWAY_S for value in starts):
        return "the token is not valid yet"
    return None


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _party_flaw(claims: Mapping[str, Any], listing: Listing) -> str | None:
    if listing.connector_issuer is not None and claims.get("iss") != listing.connector_issuer:
        return "the token is from another issuer"
    audience: Any = claims.get("aud")
    named = cast("list[Any]", audience) if isinstance(audience, list) else [audience]
    if listing.connector_audience is not None and listing.connector_audience not in named:
        return "the token is for another audience"
    return None
