"""Every incoming call passes here: bounded, struck by faults, logged; what it changed is kept before it is answered."""

import asyncio
import http
import time
from collections.abc import Iterable
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sage_sandbox import faults, wire
from sage_sandbox.calls.log import BODY_KEPT
from sage_sandbox.calls.log import Message as Said
from sage_sandbox.calls.rules import Rule
from sage_sandbox.exchange import RULE
from sage_sandbox.faults import Strike
from sage_sandbox.world import World

BODY_BYTES_MAX = 10 * 1024 * 1024
_SEEN = 2 * BODY_KEPT
_CUTS = frozenset({"cut_before", "cut_after"})
_AFTER = frozenset({"cut_after", "status_after", "delay_after"})
_UNSEEN = ("/admin", "/ui", "/static", "/playground", "/favicon.ico")


class _Gone(Exception):
    """The client went away before its request was whole."""


class _TooLarge(Exception):
    """The body is over the limit."""


class _Answer:
    """Passes an answer on, having kept what changed; or holds it back; remembers its beginning."""

    def __init__(self, world: World, send: Send, *, hold: bool) -> None:
        self._world, self._send, self._hold = world, send, hold
        self._held: list[Message] = []
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.size = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._world.store.commit()
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
        else:
            chunk = cast("bytes", message.get("body", b""))
            self.size += len(chunk)
            if len(self.body) < _SEEN:
                self.body += chunk[:_SEEN]
        if self._hold:
            self._held.append(message)
        else:
            await self._send(message)

    async def release(self) -> None:
        for message in self._held:
            await self._send(message)


class Tap:
    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except _Gone:
            return
        except _TooLarge:
            await self._too_large(scope, send)
            return
        if scope["path"].startswith(_UNSEEN):
            await self._app(scope, _replay(body, receive), _Answer(self._world, send, hold=False).send)
            return
        await self._watch(scope, receive, send, body)

    async def _watch(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        began = time.perf_counter()
        struck: list[Strike] = []
        if self._world.book.faults:
            text = body + b" " + scope["query_string"]
            struck = faults.draw_for_call(self._world, scope["method"], scope["path"], text)
        last = struck[-1] if struck else None
        reply = _Answer(self._world, send, hold=last is not None and last.action in _AFTER)
        for strike in struck:
            if strike.action == "delay":
                await asyncio.sleep(strike.delay_ms / 1000)
        if last is not None and last.action in faults.OF_STATEMENTS:
            scope[faults.SCRIPTED] = last
        if last is not None and last.action == "status":
            await _plain(reply.send, last.status)
        elif last is None or last.action != "cut_before":
            await self._app(scope, _replay(body, receive), reply.send)
        if last is not None and last.action == "status_after":
            reply = _Answer(self._world, send, hold=False)
            await _plain(reply.send, last.status)
        if last is not None and last.action == "delay_after":
            await asyncio.sleep(last.delay_ms / 1000)
            await reply.release()
        self._log(scope, body, reply, began, last)
        if last is not None and last.action in _CUTS:
            self._world.store.commit()
            await _hang_up(receive, send)

    async def _too_large(self, scope: Scope, send: Send) -> None:
        reply = _Answer(self._world, send, hold=False)
        message = f"A body has at most {BODY_BYTES_MAX} bytes"
        scope[RULE] = Rule("BODY_TOO_LARGE", "sandbox", message)
        await _plain(reply.send, 413, scope[RULE].header())
        self._log(scope, b"", reply, time.perf_counter(), None)

    def _log(self, scope: Scope, body: bytes, reply: _Answer, began: float, strike: Strike | None) -> None:
        query = scope["query_string"].decode("latin-1")
        world = self._world
        world.log.add(
            "in",
            world.clock.now(),
            scope["method"],
            scope["path"] + (f"?{query}" if query else ""),
            Said(_texts(scope["headers"]), body),
            Said(_texts(reply.headers), reply.body, reply.size),
            status=reply.status,
            duration_s=time.perf_counter() - began,
            secrets=world.known_secrets(),
            rule=scope.get(RULE),
            fault_id=strike.fault_id if strike else None,
        )


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


async def _read(receive: Receive) -> bytes:
    """The whole body; every call of the sandbox is small or refused."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = cast("bytes", message.get("body", b""))
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise _TooLarge
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again


async def _plain(send: Send, status: int, rule: str = "") -> None:
    """What a gateway says by itself."""
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = str(status)
    body = b"" if status in {204, 304} else wire.encode({"message": phrase})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if rule:
        headers.append((b"x-sandbox-rule", rule.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _hang_up(receive: Receive, send: Send) -> None:
    """Close the connection without an answer; uvicorn's `send` is a method of the object that has it."""
    connection: Any = getattr(send, "__self__", None)
    transport = getattr(connection, "transport", None)
    if transport is None:
        raise RuntimeError("this server gives no access to its connections")
    transport.abort()
    async with asyncio.timeout(5):
        while (await receive())["type"] != "http.disconnect":
            continue
