"""One HTTP exchange: bounded bytes in, a plain synchronous function, bytes out.

`Endpoint` is the only place that touches ASGI for request bodies: it reads at most `body_bytes_max`, runs the
handler in a worker thread (or, where the request has one and it will do, `begin` in none), and turns a Refusal or a bug
into the surface's own error answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bankfeeds.domain.errors import Invalid, Refusal, Unavailable

QUERY_FIELDS_MAX = 200
BODY_S = 30.0
"""From the end of a request's head to the end of its body."""
BEGUN_BODY_BYTES_MAX = 20_000
"""A larger body is read in a thread: nothing else is answered while the event loop reads."""

_JOINED_BY = {"cookie": "; "}
"""A header that is there twice is read as one list (RFC 9110, 5.3): of two credentials neither counts, whatever a proxy
before us made of them.
"""

log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web")


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets. `path` parameters are percent-decoded; header names are lower-case. `route` has the names of
    those parameters, and none of their values: it is what may be logged.
    """

    method: str
    url_path: str
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    address: str
    correlation_id: str
    route: str = ""

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """No content type is sent for an empty body: a 204 with one breaks clients."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class TooLarge(Refusal):
    """The body is over the limit; it was not read to its end."""


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer on its way: what `future` brings, `end` makes the answer of, or None: the handler has to be asked."""

    future: "Future[Any]"
    end: Callable[[Any], Answer | None]


Begin = Callable[[Call], Begun | None]
"""Answers at once, waiting for nothing. None, or a Refusal: nothing was begun, the handler has to be asked."""


class ErrorAnswer(Protocol):
    def __call__(self, error: Exception, call: Call) -> Answer:
        """The surface's own words for a Refusal, or for a bug (anything else: a 500 that tells nothing)."""
        ...


class TooSlow(TooLarge):
    """The body did not come to its end in time: for most surfaces one that is too large."""


class BodyTooLargeError(Exception):
    """Raised while reading; becomes TooLarge with the call it belongs to."""


class Disconnected(Exception):
    """The client went away while sending."""


class Endpoint:
    """One route. `pool` runs the handlers; `new_id` makes correlation ids."""

    def __init__(
        self,
        handler: Handler,
        on_error: ErrorAnswer,
        pool: Executor,
        new_id: Callable[[], str],
        body_bytes_max: int,
        begin: Begin | None = None,
        body_s: float = BODY_S,
    ) -> None:
        self.handler = handler
        self.on_error = on_error
        self.pool = pool
        self.new_id = new_id
        self.body_bytes_max = body_bytes_max
        self.begin = begin
        self.body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = _call(scope, self.new_id())
        try:
            async with asyncio.timeout(self.body_s):
                body = await _read(scope, receive, self.body_bytes_max)
        except Disconnected:
            return
        except BodyTooLargeError:
            refusal = TooLarge("too_large", f"the body is over {self.body_bytes_max} bytes; send it in parts")
            answer = self.on_error(refusal, call)
        except TimeoutError:
            answer = self.on_error(TooSlow("too_slow", f"the body took longer than {self.body_s:g} s"), call)
        else:
            answer = await self._awaited(call, body, scope["query_string"])
            if answer is None:
                loop = asyncio.get_running_loop()
                answer = await loop.run_in_executor(self.pool, self._answer, call, body, scope["query_string"])
        await _send(send, answer, call)

    async def _awaited(self, call: Call, body: bytes, query_string: bytes) -> Answer | None:
        """Without a thread that waits, which costs more than all else about a small request."""
        if self.begin is None or len(body) > BEGUN_BODY_BYTES_MAX:
            return None
        try:
            begun = self.begin(_complete(call, body, query_string))
            return None if begun is None else begun.end(await asyncio.wrap_future(begun.future))
        except Unavailable as refusal:
            return self.on_error(refusal, call)
        except Refusal:
            return None  # the handler words it
        except Exception as error:  # noqa: BLE001 - logged whole
            return self._bug(error, call)

    def _answer(self, call: Call, body: bytes, query_string: bytes) -> Answer:
        try:
            return self.handler(_complete(call, body, query_string))
        except Refusal as refusal:
            return self.on_error(refusal, call)
        except Exception as error:  # noqa: BLE001 - logged whole
            return self._bug(error, call)

    def _bug(self, error: Exception, call: Call) -> Answer:
        log.error("bug", method=call.method, route=call.route, correlation_id=call.correlation_id, exc_info=error)
        return self.on_error(error, call)


def _call(scope: Scope, correlation_id: str) -> Call:
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1"), value.decode("latin-1")
        headers[name] = f"{headers[name]}{_JOINED_BY.get(name, ', ')}{text}" if name in headers else text
    path = {key: unquote(value) for key, value in scope.get("path_params", {}).items()}
    client = scope.get("client")
    address = client[0] if client else ""
    route = getattr(scope.get("route"), "path", "(none)")
    return Call(scope["method"], scope["path"], path, (), headers, b"", address, correlation_id, route)


def _complete(call: Call, body: bytes, query_string: bytes) -> Call:
    """With what the client may have got wrong: a refusal of it needs the call it belongs to."""
    try:
        query = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError as error:
        raise Invalid("query", f"the query string has more than {QUERY_FIELDS_MAX} parameters") from error
    return replace(call, query=tuple(query), body=body)


async def _read(scope: Scope, receive: Receive, body_bytes_max: int) -> bytes:
    declared = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
    if declared.isdigit() and int(declared) > body_bytes_max:
        raise BodyTooLargeError
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > body_bytes_max:
            raise BodyTooLargeError
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _send(send: Send, answer: Answer, call: Call) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.body:
        headers.append((b"content-type", answer.content_type.encode()))
    headers += [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in answer.headers.items()]
    headers.append((b"x-correlation-id", call.correlation_id.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if call.method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


class RawPath:
    """Middleware: routes see the path still percent-encoded (an account id may hold a slash), `//` read as `/`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            path = raw.split(b"?", 1)[0].decode("latin-1")
            while "//" in path:
                path = path.replace("//", "/")
            scope = {**scope, "path": path}
        await self.app(scope, receive, send)
