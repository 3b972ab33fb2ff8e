"""The portal behind a real server, with somebody signed in."""

import itertools
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx2

from bankfeeds.domain.operator import Role
from bankfeeds.domain.ports import Registrar, SignOn
from bankfeeds.flows import operators
from bankfeeds.flows.context import World
from bankfeeds.web.codat.routes import unrouted
from bankfeeds.web.portal import cookies
from bankfeeds.web.portal.routes import routes
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from ... import worlds

PASSWORD = "a long enough password"


class NoSage:
    """`ports.Registrar` for tests in which nothing may reach Sage."""

    def register(self, *_: object) -> NoReturn:
        raise AssertionError("nothing is registered in this test")

    unregister = register


class PortalSite:
    """Paths are below /portal. `post` carries the form token of whoever is signed in."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        self.client = httpx2.Client(base_url=f"{url}/portal/", timeout=20)
        self.token = ""

    def sign_in_as(self, role: Role | str) -> None:
        """By a session of its own: passwords take their time, and are tested where they belong."""
        name = f"ann-{Role(role).value}"
        known = {each.name: each for each in operators.every(self.world)}
        operator = known.get(name) or operators.add(self.world, "test", name, Role(role), None)
        self.token = operators.begin_session(self.world, operator)
        self.client.cookies.set(cookies.SESSION, self.token)

    def sign_out(self) -> None:
        self.client.cookies.delete(cookies.SESSION)

    def get(self, path: str = "", language: str = "en", **options: Any) -> httpx2.Response:
        return self.client.get(path, headers={"accept-language": language}, **options)

    def post(self, path: str, data: Any = None, language: str = "en", **options: Any) -> httpx2.Response:
        fields = {"csrf": operators.form_token(self.world, self.token), **(data or {})}
        return self.client.post(path, data=fields, headers={"accept-language": language}, **options)


def said_in(answer: httpx2.Response) -> str:
    """The page's words without its tags, spaces made one."""
    without = re.sub(r"<(head|style)[\s\S]*?</\1>|<[^>]*>", " ", answer.text)
    return " ".join(without.split())


@contextmanager
def serving(
    server: worlds.Server,
    world: World,
    *,
    public_url: str | None = None,
    registrar: Registrar | None = None,
    sign_on: SignOn | None = None,
    settings_listing: str | None = None,
) -> Generator[PortalSite]:
    """`registrar`: None where nothing may be registered at Sage."""
    numbers = itertools.count(1)
    surface = Surface(
        server.pool,
        lambda: f"{next(numbers):032x}",
        public_url or server.url,
        worlds.BODY_BYTES_MAX,
        settings_listing=settings_listing,
    )
    is_https = surface.public_url.startswith("https://")
    server.app = make_app(
        routes(world, surface, registrar or NoSage(), sign_on), lambda: None, unrouted(surface), is_https=is_https
    )
    site = PortalSite(world, server.url)
    yield site
    site.client.close()
    server.app = None
