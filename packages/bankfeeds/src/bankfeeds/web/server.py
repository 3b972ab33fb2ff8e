"""The web application: every surface's routes, health, security headers, and one log line a request."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bankfeeds.web.endpoint import RawPath

log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web")

_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}
_HSTS = {b"strict-transport-security": b"max-age=31536000; includeSubDomains"}
_UNLOGGED = frozenset({"/livez", "/readyz"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
Measure = Callable[[str, str, int, float, str], None]
"""Of an answer: the method, the route, the status, the seconds it took, the correlation id."""


def _unmeasured(_method: str, _route: str, _status: int, _took_s: float, _correlation_id: str) -> None:
    """Nobody wants to know."""


def make_app(
    routes: Sequence[BaseRoute],
    unready_cause: Callable[[], str | None],
    unrouted: ASGIApp,
    *,
    is_https: bool,
    measure: Measure = _unmeasured,
) -> ASGIApp:
    """`unready_cause` answers why this process should get no requests, or None; `unrouted` answers the rest."""

    def readyz(_request: Request) -> Response:
        cause = unready_cause()
        return PlainTextResponse(cause or "ready", 503 if cause else 200)

    every = [*routes, Route("/livez", _livez), Route("/readyz", readyz)]
    router = Router(every, default=unrouted, redirect_slashes=False)  # endpoints answer their own errors
    headers = {**_HEADERS, **_HSTS} if is_https else _HEADERS
    return RawPath(_Guarded(router, headers, measure))


async def _livez(_request: Request) -> Response:
    return PlainTextResponse("alive")


class _Guarded:
    """Adds the headers a surface did not set itself, and logs what was answered: the route, never the path's values."""

    def __init__(self, app: ASGIApp, headers: dict[bytes, bytes], measure: Measure) -> None:
        self.app = app
        self.headers = headers
        self.measure = measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        seen: dict[str, Any] = {}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower(): value for name, value in message["headers"]}
                missing = [(name, value) for name, value in self.headers.items() if name not in present]
                message = {**message, "headers": [*message["headers"], *missing]}
                seen["status"] = message["status"]
                seen["correlation_id"] = present.get(b"x-correlation-id", b"").decode("latin-1")
            await send(message)

        try:
            await self.app(scope, receive, send_guarded)
        finally:
            if scope["path"] not in _UNLOGGED:
                took_s = time.perf_counter() - started
                route = getattr(scope.get("route"), "path", "(none)")
                method = scope["method"] if scope["method"] in _METHODS else "(other)"
                self.measure(method, route, seen.get("status", 0), took_s, seen.get("correlation_id", ""))
                log.info("request", method=method, route=route, took_ms=round(took_s * 1000, 1), **seen)
