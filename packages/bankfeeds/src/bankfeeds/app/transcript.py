"""`bankfeeds record`: each call to Sage and each call of Sage's, redacted, one JSON object a line."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx2
import msgspec
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bankfeeds.app import facts
from bankfeeds.app.refusals import NotStarted
from bankfeeds.domain.ports import Clock
from bankfeeds.domain.redaction import Json, Redactor

TRANSCRIPT_VERSION = 1
TRANSCRIPT_BYTES_MAX = 256 * 2**20
BODY_BYTES_MAX = 4 * 2**20
"""More of one body is not kept, only how long it was."""
WORDS = frozenset(
    [
        "v1",
        "v2",
        "banks",
        "authorisations",
        "statements",
        "accountqueries",
        "bankaccounts",
        "oauth",
        "token",
        "sync",
        ".well-known",
        "jwks.json",
        "sage",
        "notification",
        "auth",
        "authrefresh",
        "availableaccounts",
    ]
)
"""Of paths: the segments that are no ids."""
FROM_US, FROM_SAGE = "provider", "sage"
_SAGE_PREFIX = "/sage/"
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.app")
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class NoTranscript(NotStarted):
    """The file cannot be written, or is there already."""


@dataclass(frozen=True, slots=True)
class Said:
    """One half of a call: what went over the wire, as it was."""

    headers: dict[str, str]
    body: bytes


class Transcript:
    """An open file. Thread-safe; it says once that it is full, and keeps nothing more then."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """NoTranscript if there is such a file, or none can be made."""
        try:
            self._file: BinaryIO = path.open("xb")
        except FileExistsError:
            raise NoTranscript(f"{path}: there is such a file already; name another") from None
        except OSError as error:
            raise NoTranscript(f"{path}: {error.strerror}") from None
        self._clock = clock
        self._redactor = Redactor(facts.random_key())
        self._lock = threading.Lock()
        self._left = TRANSCRIPT_BYTES_MAX
        self._write({"transcript": TRANSCRIPT_VERSION, "at": self._clock().isoformat()})

    def keep(
        self, by: str, method: str, url: httpx2.URL, asked: Said, answered: tuple[int, Said] | str, ms: int
    ) -> None:
        """`answered` is a status with what came, or why nothing did."""
        with self._lock:
            hide = self._redactor
            entry: dict[str, Json] = {
                "at": self._clock().isoformat(),
                "by": by,
                "host": url.host,
                "method": method,
                "path": hide.path(url.path, WORDS),
                "query": hide.pairs(url.query.decode("ascii", "replace")),
                "request": self._half(asked),
            }
            if isinstance(answered, str):
                entry["lost"] = answered
            else:
                entry |= {"status": answered[0], "answer": self._half(answered[1])}
            self._write(entry | {"ms": ms})

    def _half(self, said: Said) -> dict[str, Json]:
        return {"headers": self._redactor.headers(said.headers), **self._body(said)}

    def _body(self, said: Said) -> dict[str, Json]:
        if not said.body:
            return {}
        if len(said.body) <= BODY_BYTES_MAX:
            if "form" in said.headers.get("content-type", ""):
                return {"form": self._redactor.pairs(said.body.decode("utf-8", "replace"))}
            try:
                return {"json": self._redactor.json(_decoder.decode(said.body))}
            except (msgspec.DecodeError, UnicodeError):
                pass
        return {"bytes": len(said.body)}

    def _write(self, entry: dict[str, Json]) -> None:
        line = _encoder.encode(entry) + b"\n"
        if len(line) > self._left:
            if self._left:
                log.warning("the transcript is full; nothing more is recorded", bytes_max=TRANSCRIPT_BYTES_MAX)
            self._left = 0
            return
        self._left -= len(line)
        self._file.write(line)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class RecordingClient(httpx2.Client):
    """Sends as any client does, and keeps each call once its answer has been read, or did not come."""

    def __init__(self, transcript: Transcript, **options: Any) -> None:
        super().__init__(**options)
        self._transcript = transcript

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        began = time.monotonic()
        asked = Said(dict(request.headers), request.read())

        def keep(answered: tuple[int, Said] | str) -> None:
            ms = round((time.monotonic() - began) * 1000)
            self._transcript.keep(FROM_US, request.method, request.url, asked, answered, ms)

        try:
            response = super().send(request, **options)
        except httpx2.HTTPError as error:
            keep(type(error).__name__)
            raise
        if response.is_closed:
            keep((response.status_code, Said(dict(response.headers), response.content)))
        else:
            response.stream = _Kept(response, keep)
        return response


class _Kept(httpx2.SyncByteStream):
    """An answer's bytes on their way; `keep` learns them when they have ended, whole or not."""

    def __init__(self, response: httpx2.Response, keep: Callable[[tuple[int, Said] | str], None]) -> None:
        self._stream = cast("httpx2.SyncByteStream", response.stream)
        self._status, self._headers = response.status_code, response.headers
        self._keep = keep
        self._body = b""

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if len(self._body) <= BODY_BYTES_MAX:
                self._body += chunk
            yield chunk

    def close(self) -> None:
        self._stream.close()
        self._keep((self._status, Said(dict(self._headers), self._decoded())))

    def _decoded(self) -> bytes:
        try:
            return httpx2.Response(self._status, headers=self._headers, content=self._body).content
        except httpx2.DecodingError:
            return self._body


class Recorded:
    """Passes Sage's calls on as they are, and keeps them once they have been answered."""

    def __init__(self, transcript: Transcript, app: ASGIApp) -> None:
        self._transcript = transcript
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_SAGE_PREFIX):
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        asked = Said(_texts(scope["headers"]), b"")
        told = Said({}, b"")
        status = 0
        bodies = {"asked": b"", "told": b""}

        async def receive_kept() -> Message:
            message = await receive()
            bodies["asked"] += message.get("body", b"")[: BODY_BYTES_MAX + 1]
            return message

        async def send_kept(message: Message) -> None:
            nonlocal status, told
            if message["type"] == "http.response.start":
                status, told = message["status"], Said(_texts(message["headers"]), b"")
            bodies["told"] += message.get("body", b"")[: BODY_BYTES_MAX + 1]
            await send(message)

        try:
            await self._app(scope, receive_kept, send_kept)
        finally:
            url = httpx2.URL(scheme="http", host="here", path=scope["path"], query=scope["query_string"])
            answered = (status, Said(told.headers, bodies["told"])) if status else "no answer"
            ms = round((time.monotonic() - began) * 1000)
            self._transcript.keep(FROM_SAGE, scope["method"], url, Said(asked.headers, bodies["asked"]), answered, ms)


def _texts(headers: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
