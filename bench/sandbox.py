"""The Sage sandbox with bank accounts that are linked already: its own application, started with more in its memory.

`python -m bench.sandbox ACCOUNTS MIN_MS MAX_MS REQUESTS_PER_SECOND` keeps nothing on disk, prints where it answers and
with which credentials, and tells at `/bench/counts` what was asked of it. Statements take MIN_MS to MAX_MS, drawn
anew several times between two requests.
"""

import asyncio
import contextlib
import json
import random
import socket
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.seeding import bank_account_id
from sage_sandbox.app import make_app, open_store, open_world
from sage_sandbox.records import BankAccount
from sage_sandbox.world import Addresses, World

_DRAW_S = 0.02
_START = datetime(2020, 1, 1, tzinfo=UTC)


class Counted:
    """Counts the calls of the Provider API, by what was asked and what was answered."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.app = app
        self.world = world
        self.calls: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/bench/counts":
            await self._tell(send)
        elif not scope["path"].startswith("/papi/"):
            await self.app(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        what = f"{scope['method']} {scope['path'].split('/')[3]}"

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                name = f"{what} {message['status']}"
                self.calls[name] = self.calls.get(name, 0) + 1
            await send(message)

        await self.app(scope, receive, noted)

    async def _tell(self, send: Send) -> None:
        done = [s for s in self.world.book.statements.values() if s.status == "completed"]
        lines = sum(s.stored_count for s in done)
        failed = sum(s.status == "failed" for s in self.world.book.statements.values())
        body = json.dumps({"calls": self.calls, "statements": len(done), "lines": lines, "failed": failed}).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _link(world: World, accounts: int) -> None:
    bank_id = next(iter(world.book.banks))
    for number in range(1, accounts + 1):
        world.keep(
            BankAccount(
                bank_account_id=bank_account_id(number), organisation_id="bench", company_id="bench", bank_id=bank_id,
                candidate_id="", external_id=f"ext-{number:08d}", account_type="DEBIT", account_name=f"A {number}",
                bank_identifier="bench", account_identifier=f"{number:08d}", default_currency="GBP",
                requested_start_date=_START, created_at=_START, status="active",
            )
        )  # fmt: skip


def _told(world: World) -> str:
    provider = next(iter(world.book.providers.values()))
    at = world.addresses
    return json.dumps({
        "provider_url": at.provider, "token_url": f"{at.cloud_id}/oauth/token", "jwks_url": at.jwks,
        "client_id": provider.client_id, "client_secret": provider.client_secret, "audience": provider.audience,
        "api_key": provider.api_key, "bank_id": next(iter(world.book.banks)),
    })  # fmt: skip


async def _draw(world: World, low_ms: int, high_ms: int) -> None:
    while True:
        chosen = random.randint(low_ms, high_ms)  # noqa: S311
        world.settings = msgspec.structs.replace(world.settings, processing_ms=chosen)
        await asyncio.sleep(_DRAW_S)


async def _serve(accounts: int, low_ms: int, high_ms: int, per_second: int) -> None:
    world = open_world(open_store(None))
    world.settings = msgspec.structs.replace(world.settings, processing_ms=low_ms, requests_per_second=per_second)
    _link(world, accounts)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world.addresses = Addresses(origin)
    config = uvicorn.Config(
        Counted(make_app(world), world), log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=3, lifespan="on",
    )  # fmt: skip
    drawing = asyncio.create_task(_draw(world, low_ms, high_ms)) if high_ms > low_ms else None
    print(_told(world).replace(" ", ""), origin, flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])
    if drawing is not None:
        drawing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drawing


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:5])))
