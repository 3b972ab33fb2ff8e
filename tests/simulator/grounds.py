"""Where simulations take place: the real sandbox on a clock that stands still, served from a thread together with the
platform's callbacks, and a wire between the two that can lose, repeat and delay a call.
"""

import asyncio
import socket
import threading
import time
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx2
import uvicorn
from judges import Judge

from sage_sandbox.app import make_app, open_world
from sage_sandbox.clock import Clock
from sage_sandbox.store import NoStore
from sage_sandbox.wiring import details_of
from sage_sandbox.world import Addresses, World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STARTED_WITHIN_S = 60.0
TASKS_END_WITHIN_S = 60.0
CALLBACKS = "/sage/"


class Died(BaseException):
    """A process of the platform ends here."""


class StandingClock(Clock):
    """Moves only when it is told to; whoever signs or throttles by it sees the same time."""

    def now(self) -> datetime:
        return NOON + self.advanced

    actual = now

    def monotonic_s(self) -> float:
        return self.advanced.total_seconds()


class Wire(httpx2.BaseTransport):
    """Between the platform and Sage. `troubles` says what befalls the next calls; `late` are those still under way.

    A PATCH is never carried twice: Sage says "used" to the second, and the platform then takes the session for somebody
    else's, as it is meant to. A statement without lines is lost rather than late: nothing makes Sage refuse it then, and
    the documentation promises nothing.
    """

    def __init__(self) -> None:
        self._inner = httpx2.HTTPTransport(verify=False)  # nothing here is encrypted
        self.troubles: list[str] = []
        self.late: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        trouble = self.troubles.pop(0) if self.troubles and "/v1/" in request.url.path else ""
        if trouble == "unreachable":
            raise httpx2.ConnectError("nobody answers", request=request)
        if trouble == "late" and not _has_no_lines(request):
            self.late.append(_copy(request))
        if trouble in {"late", "lost"}:
            raise httpx2.ReadTimeout("no answer in time", request=request)
        if trouble == "twice" and request.method != "PATCH":
            self.carry(_copy(request))
        response = self._inner.handle_request(request)
        if trouble == "no answer":
            response.read()
            response.close()
            raise httpx2.ReadError("the connection broke", request=request)
        return response

    def carry(self, request: httpx2.Request) -> None:
        """A call whose answer nobody hears."""
        with suppress(httpx2.TransportError):
            response = self._inner.handle_request(request)
            response.read()
            response.close()

    def deliver_late(self) -> None:
        while self.late:
            self.carry(self.late.pop(0))

    def close(self) -> None:
        self._inner.close()


def _has_no_lines(request: httpx2.Request) -> bool:
    return request.url.path.endswith("/statements") and b'"transactionDetails":[]' in request.read()


def _copy(request: httpx2.Request) -> httpx2.Request:
    request.read()
    return httpx2.Request(request.method, request.url, headers=request.headers, content=request.content)


class Grounds:
    """`details` and `judge` as in the other tests; `platform` answers Sage's calls, nobody does while it is None."""

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.chance = Random(0)
        self.world: World = open_world(NoStore())
        self.world.clock = StandingClock()
        self.world.timers._clock = self.world.clock
        self.world.new_id = lambda: str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        self.world.addresses = Addresses(self.url)
        self.details = details_of(self.world)["sandbox"]
        self.platform: Any = None
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="callbacks")
        self.http = httpx2.Client(timeout=30, trust_env=False, verify=False)
        self.judge = Judge(self.http, self.url)
        self.wire = Wire()
        self._sandbox = make_app(self.world)
        self.loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.loop = asyncio.get_running_loop()
        if scope["type"] != "http" or not scope["path"].startswith(CALLBACKS):
            await self._sandbox(scope, receive, send)
        elif self.platform is None:
            await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        else:
            with suppress(Died):
                await self.platform(scope, receive, send)
                return
            send.__self__.transport.abort()

    def begin(self, seed: int) -> None:
        """An empty sandbox whose ids follow from the seed."""
        self.platform = None
        self.chance.seed(seed)
        self.wire.troubles.clear()
        self.wire.late.clear()
        self.judge.reset()

    def advance(self, seconds: float) -> None:
        """As the admin API does it, until the sandbox has told everybody what it had to tell by now."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(self._advance(seconds), self.loop).result(TASKS_END_WITHIN_S)

    def rest(self) -> None:
        self.advance(0)

    async def _advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        self.world.timers.fire_due()
        while self.world._tasks:
            await asyncio.wait(set(self.world._tasks))
            await asyncio.sleep(0)


@contextmanager
def prepared() -> Generator[Grounds]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    grounds = Grounds(listener)
    config = uvicorn.Config(grounds, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    try:
        _wait(lambda: server.started)
        yield grounds
    finally:
        grounds.http.close()
        grounds.wire.close()
        server.should_exit = True
        thread.join(STARTED_WITHIN_S)
        grounds.pool.shutdown()
        listener.close()


def _wait(probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while not probe():
        assert time.monotonic() < deadline, "the sandbox does not start"
        time.sleep(0.01)
