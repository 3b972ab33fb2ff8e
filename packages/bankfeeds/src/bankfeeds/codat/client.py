"""HTTP to a Codat-compatible server: GET only, bounded answers, no faster than it allows, patient while it is busy.

Nothing that the server says or fails to say is an exception here: it is a NoAnswer with the reason and the remedy.
"""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
import msgspec

from bankfeeds.codat.wire import Trouble
from bankfeeds.domain.backoff import retry_after
from bankfeeds.domain.bringing import NoAnswer
from bankfeeds.domain.errors import one_flaw

REPLY_BYTES_MAX = 32 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
ATTEMPTS_MAX = 6
PATIENCE_S = 120.0
"""A server that wants us to wait longer, as one whose daily quota is used up, ends the import for now."""
SECONDS_APART = 0.07
"""Between requests: below the 1,000 a minute that Codat allows one address."""
TOLD_CHARACTERS_MAX = 200
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _THROTTLED = 200, 401, 403, 404, 429
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class _Busy:
    """Worth another try, not before `wait_s` where the server says so."""

    reason: str
    wait_s: float | None = None


def checked_address(url: str) -> str:
    """Invalid unless an address to which a key may be sent: https, or this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.query or parts.fragment or parts.username or parts.scheme not in {"http", "https"}:
        raise one_flaw("source", "write where the server's API answers, such as https://api.codat.io")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise one_flaw("source", "must be https: the API key would travel in the clear")
    return url.rstrip("/")


class Client:
    """`sleep` waits that many seconds, `now` tells the time by which dates in Retry-After are read."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        http: httpx2.Client,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = checked_address(base_url)
        self._headers = {
            "authorization": "Basic " + base64.b64encode(api_key.encode()).decode(),
            "accept": "application/json",
        }
        self._http = http
        self._now = now
        self._sleep = sleep
        self._next_at = 0.0

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes | NoAnswer:
        """The body of a 200."""
        reason = ""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            answer = self._once(path, query or {})
            if not isinstance(answer, _Busy):
                return answer
            wait_s = retry_after(attempt, answer.wait_s).total_seconds()
            reason = answer.reason
            if wait_s > PATIENCE_S:
                return NoAnswer(f"{reason}, and asks us to wait {wait_s:.0f} s; run this again after that")
            if attempt < ATTEMPTS_MAX:
                self._sleep(wait_s)
        return NoAnswer(f"{reason}, {ATTEMPTS_MAX} times; run this again when it answers")

    def _once(self, path: str, query: Mapping[str, str]) -> bytes | NoAnswer | _Busy:
        self._keep_apart()
        url = self.base_url + path
        timeout = httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        ends_at = time.monotonic() + READ_TIMEOUT_S
        try:
            with self._http.stream("GET", url, params=query, headers=self._headers, timeout=timeout) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > REPLY_BYTES_MAX:
                        return NoAnswer(f"{url} answered more than {REPLY_BYTES_MAX} bytes")
                    if time.monotonic() > ends_at:
                        return _Busy(f"{url} did not end its answer within {READ_TIMEOUT_S:.0f} s")
                return self._judged(url, response, bytes(body))
        except httpx2.InvalidURL:
            return NoAnswer(f"{url} is no address that can be called")
        except httpx2.HTTPError as error:
            return _Busy(f"{url} gave no answer: {type(error).__name__}")

    def _keep_apart(self) -> None:
        wait_s = self._next_at - time.monotonic()
        if wait_s > 0:
            self._sleep(wait_s)
        self._next_at = time.monotonic() + SECONDS_APART

    def _judged(self, url: str, response: httpx2.Response, body: bytes) -> bytes | NoAnswer | _Busy:
        status = response.status_code
        if status == _OK:
            return body
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            return NoAnswer(f"{url} answered {status}: the API key is not one that may read there")
        if status == _NOT_FOUND:
            return NoAnswer(f"{url} answered 404{_told(body)}", gone=True)
        if status == _THROTTLED or httpx2.codes.is_server_error(status):
            return _Busy(f"{url} answered {status}", self._asked(response.headers.get("retry-after")))
        return NoAnswer(f"{url} answered {status}{_told(body)}; is it a Codat-compatible server?")

    def _asked(self, header: str | None) -> float | None:
        """Retry-After in seconds, from either of its forms."""
        text = (header or "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return max((until - self._now()).total_seconds(), 0.0)


def _told(body: bytes) -> str:
    """What the error's body says, shortly; nothing if it says nothing that we can read."""
    try:
        told = msgspec.json.decode(body, type=Trouble).error
    except msgspec.MsgspecError:
        return ""
    return f": {told[:TOLD_CHARACTERS_MAX]}" if told else ""
