"""HTTP to Sage: a token and a key on every call, bounded answers, and no exception for what Sage said.

A reply is bytes with a status. `NoReply.sent` tells whether the request may have reached Sage: if the connection was
never made it did not; if it broke later, nobody knows.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
import msgspec

from bankfeeds.domain.listing import Listing, ListingSecrets

REPLY_BYTES_MAX = 4 * 1024 * 1024
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 20.0
TOKEN_MARGIN = timedelta(seconds=60)
TOKEN_LIFETIME_DEFAULT_S = 28_800
TOKEN_LIFETIME_MIN_S = 30
RETRY_AFTER_MAX_S = 300.0
RETRY_AFTER_DIGITS_MAX = 6
UNAUTHORIZED, FORBIDDEN = 401, 403


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoReply:
    reason: str
    sent: bool


class _TokenReply(msgspec.Struct):
    access_token: str
    token_type: str = "Bearer"
    expires_in: float = TOKEN_LIFETIME_DEFAULT_S


@dataclass(slots=True)
class _Token:
    header: str
    expires_at: datetime


class Client:
    """One listing's calls. Thread-safe; the token is fetched once and shared until it runs out or is refused."""

    def __init__(
        self,
        listing: Listing,
        secrets: Callable[[], ListingSecrets],
        http: httpx2.Client,
        clock: Callable[[], datetime],
        secrets_anew: Callable[[], ListingSecrets] | None = None,
    ) -> None:
        """`secrets_anew` are asked for where Sage refuses those before: they may have been rotated elsewhere."""
        self._listing = listing
        self._secrets = secrets
        self._secrets_anew = secrets_anew or secrets
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def call(self, method: str, path: str, body: bytes | None, timeout_s: float = READ_TIMEOUT_S) -> Reply | NoReply:
        """One call; a 401 fetches a new token and repeats it once, since a refused call was not carried out."""
        ends_at = self._clock() + timedelta(seconds=timeout_s)
        token = self._current(None, timeout_s)
        if isinstance(token, NoReply):
            return token
        reply = self._send(method, path, body, token, self._left(ends_at))
        if not isinstance(reply, Reply) or reply.status != UNAUTHORIZED:
            return reply
        token = self._current(token, self._left(ends_at))
        return token if isinstance(token, NoReply) else self._send(method, path, body, token, self._left(ends_at))

    def _left(self, ends_at: datetime) -> float:
        return max((ends_at - self._clock()).total_seconds(), 0.1)

    def _send(self, method: str, path: str, body: bytes | None, token: _Token, timeout_s: float) -> Reply | NoReply:
        ends_at = self._clock() + timedelta(seconds=timeout_s)
        headers = {"authorization": token.header, "x-api-key": self._secrets().api_key}
        if body is not None:
            headers["content-type"] = "application/json"
        url = f"{self._listing.provider_url}{path}"
        reply = _exchange(self._http, method, url, headers, body, timeout_s)
        if not isinstance(reply, Reply) or reply.status != FORBIDDEN:
            return reply
        fresh = self._secrets_anew().api_key
        if fresh == headers["x-api-key"]:
            return reply
        return _exchange(self._http, method, url, {**headers, "x-api-key": fresh}, body, self._left(ends_at))

    def _current(self, refused: _Token | None, timeout_s: float) -> _Token | NoReply:
        """The shared token; a new one if there is none, it is about to run out, or it is the one just refused."""
        if not self._lock.acquire(timeout=timeout_s):
            return NoReply("no token: another call is still waiting for one", sent=False)
        try:
            held = self._token
            if held is not None and held is not refused and self._clock() < held.expires_at - TOKEN_MARGIN:
                return held
            fetched = self._fetch(timeout_s)
            if isinstance(fetched, _Token):
                self._token = fetched
            return fetched
        finally:
            self._lock.release()

    def _fetch(self, timeout_s: float) -> _Token | NoReply:
        ends_at = self._clock() + timedelta(seconds=timeout_s)
        secret = self._secrets().client_secret
        reply = self._ask_token(secret, timeout_s)
        if isinstance(reply, Reply) and reply.status in {UNAUTHORIZED, FORBIDDEN}:
            fresh = self._secrets_anew().client_secret
            if fresh != secret:
                reply = self._ask_token(fresh, self._left(ends_at))
        if isinstance(reply, NoReply):
            return NoReply(f"no token: {reply.reason}", sent=False)
        if not httpx2.codes.is_success(reply.status):
            return NoReply(f"no token: {self._listing.token_url} answered {reply.status}", sent=False)
        try:
            token = msgspec.json.decode(reply.body, type=_TokenReply)
        except msgspec.MsgspecError as error:
            return NoReply(f"no token: {error}", sent=False)
        lifetime = max(token.expires_in, TOKEN_LIFETIME_MIN_S + TOKEN_MARGIN.total_seconds())
        return _Token(f"{token.token_type} {token.access_token}", self._clock() + timedelta(seconds=lifetime))

    def _ask_token(self, client_secret: str, timeout_s: float) -> Reply | NoReply:
        listing = self._listing
        form = httpx2.QueryParams(
            {
                "grant_type": "client_credentials",
                "client_id": listing.client_id,
                "client_secret": client_secret,
                "audience": listing.audience,
            }
        )
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return _exchange(self._http, "POST", listing.token_url, headers, str(form).encode(), timeout_s)


def _exchange(
    http: httpx2.Client, method: str, url: str, headers: dict[str, str], body: bytes | None, timeout_s: float
) -> Reply | NoReply:
    timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
    ends_at = time.monotonic() + timeout_s
    try:
        with http.stream(method, url, headers=headers, content=body, timeout=timeout) as response:
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > REPLY_BYTES_MAX:
                    return NoReply(f"{url} answered more than {REPLY_BYTES_MAX} bytes", sent=True)
                if time.monotonic() > ends_at:
                    return NoReply(f"{url} did not end its answer within {timeout_s:g} s", sent=True)
            return Reply(response.status_code, content, _retry_after(response.headers.get("retry-after")))
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol) as error:
        return NoReply(f"{url} is out of reach: {_told(error)}", sent=False)
    except (UnicodeError, httpx2.InvalidURL) as error:
        return NoReply(f"{url} cannot be called as the listing is set: {type(error).__name__}", sent=False)
    except httpx2.HTTPError as error:
        return NoReply(f"{url} gave no answer: {_told(error)}", sent=True)


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


def _retry_after(header: str | None) -> float | None:
    """Seconds only: an HTTP date is not worth trusting two clocks. Bounded: nobody's word stops us for hours."""
    text = (header or "").strip()
    if not text.isascii() or not text.isdigit():
        return None
    return RETRY_AFTER_MAX_S if len(text) > RETRY_AFTER_DIGITS_MAX else min(float(text), RETRY_AFTER_MAX_S)
