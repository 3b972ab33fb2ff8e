"""The pages and callbacks behind a real server, with keys published by another."""

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from bankfeeds.domain.ports import TokenVerifier
from bankfeeds.flows.context import World
from bankfeeds.web.authorise import routes as page_routes
from bankfeeds.web.codat.routes import unrouted
from bankfeeds.web.sage import routes as callback_routes
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from .. import worlds


@dataclass
class Served:
    world: World
    url: str
    client: httpx2.Client

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.client.get(path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        return self.client.post(path, **options)


@contextmanager
def serving(server: worlds.Server, world: World, verify: TokenVerifier) -> Generator[Served]:
    numbers = itertools.count(1)
    surface = Surface(server.pool, lambda: f"{next(numbers):032x}", server.url, worlds.BODY_BYTES_MAX)
    routes = [*callback_routes.routes(world, surface, verify), *page_routes.routes(world, surface)]
    server.app = make_app(routes, lambda: None, unrouted(surface), is_https=False)
    with httpx2.Client(base_url=server.url, timeout=20) as client:
        yield Served(world, server.url, client)
    server.app = None
