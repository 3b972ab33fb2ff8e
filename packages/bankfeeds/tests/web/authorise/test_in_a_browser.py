"""The page in a real browser: framed by another origin, without scripts or cookies, and on a small screen."""

import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from bankfeeds.flows import authorise
from bankfeeds.flows.context import World

from ... import consent, worlds
from .. import served

pytestmark = pytest.mark.slow
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


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
    path = shutil.which("chromium")
    if path is None:
        raise AssertionError("this test needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()


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
        frame.get_by_role("button").click()
        expect(frame.get_by_role("alert")).to_be_visible()
        frame.get_by_label("One-time password").fill(f" {password.lower()} ")
        frame.get_by_role("button").click()

        expect(frame.get_by_role("heading", name="Choose an account")).to_be_visible()
        assert page.frames[1].url == f"{sage.url}/back?state={consent.STATE}"
        assert context.cookies() == []
        context.close()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_sticks_out_of_a_small_screen_and_every_control_is_large_enough(site, browser, language):
    started = consent.start(site.world)
    context = browser.new_context(viewport={"width": 320, "height": 640}, locale=language)
    page = context.new_page()
    page.goto(f"{site.url}/authorise/{started.handle}")
    for _ in range(2):
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for control in page.locator("input, button, a").all():
            assert (control.bounding_box() or {"height": 0})["height"] >= 44
        page.locator("#connectionId").fill("wrong")
        page.locator("#otp").fill("wrong")
        page.locator("button").click()
        expect(page.get_by_role("alert")).to_be_focused()
    context.close()


def test_a_stranger_may_not_frame_it(site, browser):
    started = consent.start(site.world)
    context = browser.new_context()
    page = context.new_page()
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.set_content(f'<iframe src="{site.url}/authorise/{started.handle}"></iframe>')
    expect(page.frame_locator("iframe").get_by_label("Connection ID")).to_have_count(0)
    context.close()
