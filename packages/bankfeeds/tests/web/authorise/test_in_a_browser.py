"""The page in a real browser: framed by another origin, without scripts or cookies, and on a small screen."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browsers import Album, chromium, click_on, find_barriers
from playwright.sync_api import Browser, expect

from bankfeeds.flows import authorise, branding, connections, integration
from bankfeeds.flows.context import World
from bankfeeds.web.authorise.words import LANGUAGES

from ... import consent, pictures, worlds
from .. import served

pytestmark = pytest.mark.slow
ANN = "operator:ann"


class OtherSite:
    """Sage's page around ours, and the place the person is sent back to, on an origin of its own."""

    def __init__(self) -> None:
        self.framed = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                frame = f'<iframe title="bank" src="{outer.framed}" width="900" height="900"></iframe>'
                html = f"<!doctype html>{frame if self.path == '/' else '<h1>Choose an account</h1>'}".encode()
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(html)))
                self.end_headers()
                self.wfile.write(html)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"


@contextmanager
def other_site() -> Generator[OtherSite]:
    site = OtherSite()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    thread.join(5)
    site.server.server_close()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path)


class Person:
    """In front of one page after another, in one language, with a camera."""

    def __init__(self, browser: Browser, url: str, album: Album, language: str) -> None:
        self._context = browser.new_context(locale=language, reduced_motion="reduce")
        self.page = self._context.new_page()
        self._url, self._album, self._language = url, album, language

    def see(self, name: str, started: consent.Started, path: str = "", *, post: bool = False) -> None:
        self.page.goto(f"{self._url}/authorise/{started.handle}{path}")
        if post:
            self.submit(started.made.connection_id, started.otp)
        self.look(name)

    def submit(self, connection_id: str, otp: str) -> None:
        self.page.locator("#connectionId").fill(connection_id)
        self.page.locator("#otp").fill(otp)
        with self.page.expect_navigation():
            self.page.locator("button").click()

    def look(self, name: str) -> None:
        """Half of the wide screen is what one sees of it at 200 %."""
        assert find_barriers(self.page) == [], name
        self.page.set_viewport_size({"width": 640, "height": 450})
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 640
        self._album.shoot(self.page, f"authorise-{self._language}-{name}")

    def close(self) -> None:
        assert self._context.cookies() == []
        self._context.close()


def nobody(*_):
    raise AssertionError("no token is looked at here")


@pytest.fixture
def site(server: worlds.Server, world: World) -> Generator[served.Served]:
    with served.serving(server, consent.with_sage(world), nobody) as running:
        yield running


def test_a_person_goes_through_it_inside_sages_frame_without_scripts_or_cookies(site, browser):
    with other_site() as sage:
        made = worlds.make_account(site.world)
        password, _ = consent.otp.issue(site.world, "api:test", made.company_id, made.connection_id)
        shown = authorise.present(
            site.world, consent.LISTING, consent.announce(site.world), consent.BANK, f"{sage.url}/back", consent.STATE
        )
        sage.framed = f"{site.url}/authorise/{shown.handle}"
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(sage.url)
        frame = page.frame_locator("iframe")

        frame.get_by_label("Connection ID").fill(made.connection_id)
        frame.get_by_label("One-time password").fill("wrong")
        click_on(frame.get_by_role("button"))
        expect(frame.get_by_role("alert")).to_be_visible()
        frame.get_by_label("One-time password").fill(f" {password.lower()} ")
        click_on(frame.get_by_role("button"))

        expect(frame.get_by_role("heading", name="Choose an account")).to_be_visible()
        assert page.frames[1].url == f"{sage.url}/back?state={consent.STATE}"
        assert context.cookies() == []
        context.close()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_page_can_be_read_and_used_on_any_screen(site, browser, album, language, clock):
    """Each state of the page: no barrier that axe finds, nothing sticking out, every control large enough."""
    world, person = site.world, Person(browser, site.url, album, language)
    branding.change(world, ANN, {"name": "Harbour & Sons", "colour": "#0b3b71"})
    integration.change(world, ANN, "uk", {"call_to_action_text": "Ask Harbour", "call_to_action_url": site.url})
    started = consent.start(world)
    person.see("1-form", started)
    branding.change_logo(world, ANN, pictures.SVG)
    person.submit("nobody's", "wrong")
    expect(person.page.get_by_role("alert")).to_be_focused()
    person.look("2-wrong")
    made = worlds.make_account(world)
    person.see("3-renewal", consent.start(world, made, consent.external_id(world, made)))
    person.see("4-cancel", started, "/cancel")
    started.sage.answers = [consent.SILENT, consent.Done()]
    person.see("5-waiting", started, post=True)
    authorise.report_due(world, clock() + timedelta(minutes=1))
    person.see("6-done", started)
    bare = connections.create(world, "test", made.company_id)
    person.see("7-no-accounts", consent.start(world, worlds.Linked(made.company_id, bare.id, "", 0)), post=True)
    stopped = consent.start(world)
    authorise.refuse(world, stopped.handle)
    person.see("8-cancelled", stopped)
    other = consent.start(world)
    for _ in range(world.limits.login_failures_max):
        other.submit("nobody's", address="127.0.0.1")
    person.see("9-too-many", other, post=True)
    integration.change(world, ANN, "uk", {"enabled": False})
    person.see("10-off", other)
    integration.change(world, ANN, "uk", {"enabled": True})
    last = consent.start(world)
    clock.forward(minutes=20)
    person.see("11-over", last)
    person.close()


def test_another_language_is_chosen_without_scripts(site, browser):
    started = consent.start(site.world)
    context = browser.new_context(java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto(f"{site.url}/authorise/{started.handle}")
    page.get_by_role("link", name="Español").click()
    page.get_by_label("Identificador de conexión").fill("nobody's")
    page.get_by_label("Contraseña").fill("wrong")
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("alert")).to_contain_text("No ha funcionado")
    assert context.cookies() == []
    assert started.otp not in page.url
    context.close()


def test_a_stranger_may_not_frame_it(site, browser):
    started = consent.start(site.world)
    context = browser.new_context()
    page = context.new_page()
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.set_content(f'<iframe src="{site.url}/authorise/{started.handle}"></iframe>')
    expect(page.frame_locator("iframe").get_by_label("Connection ID")).to_have_count(0)
    context.close()
