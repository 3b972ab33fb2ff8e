"""Somebody in front of the sandbox's Sage product in a real browser, and what their work costs them."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from browsers import PRESS_MS, PRESSES, click_on, enter_on
from institutions import Customer
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, Request, expect
from playwright.sync_api import Error as PlaywrightError
from systems import System


class Person:
    """With scripts or without; inside the frame they use the keyboard. What the browser asks for is remembered."""

    def __init__(
        self, browser: Browser, system: System, language: str, *, scripts: bool, permissions: Sequence[str] = ()
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            java_script_enabled=scripts, locale=language, reduced_motion="reduce", permissions=list(permissions)
        )
        self.asked: list[Request] = []
        self.blocked: list[str] = []
        self.context.on("request", self._remember)
        self.context.on("console", lambda said: self._hear(said.text))
        self.page: Page = self.context.new_page()
        self.scripts = scripts
        self._start = system.details["uiUrl"]

    def _remember(self, request: Request) -> None:
        self.asked.append(request)

    def _hear(self, said: str) -> None:
        if "Content Security Policy" in said:
            self.blocked.append(said)

    def choose(self, name: str) -> None:
        """The product's button on the first page; its site is its own."""
        self.page.goto(self._start)
        self.page.get_by_role("button", name=name, exact=True).click()
        expect(self.page.get_by_role("table")).to_be_visible()

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def sign_in(self, customer: Customer) -> None:
        """What the bank's page asks for; the page is a site of its own, in a frame."""
        self.follow_embedded("#otp")
        self.frame.locator("#connectionId").fill(customer.connection_id)
        self.frame.locator("#otp").fill(customer.otp())
        product, bank = (urlsplit(frame.url) for frame in self.page.frames[:2])
        assert (product.hostname or "").endswith(".localhost")
        assert bank.hostname == "127.0.0.1"
        assert bank.port != product.port
        enter_on(self.frame.locator("#otp"))

    def follow_embedded(self, awaited: str) -> None:
        """Without scripts, by the link that the provider's `auth` answered, until this is there."""
        if not self.scripts:
            self.press(self.frame.get_by_role("link").first, self.frame.locator(awaited).is_visible)
        expect(self.frame.locator(awaited)).to_be_visible()

    def take(self, account_name: str) -> None:
        """The account, on Sage's list of them; the answer is for the whole window."""
        self.frame.get_by_label(account_name).check()
        self.press(self.frame.get_by_role("button", name="OK"), lambda: self.page.url.endswith("/start-date"))

    def sent(self, path: str) -> None:
        """On to a page whose address ends like this; without scripts, by the link that the frame ends with."""
        if not self.scripts:
            self.press(self.frame.locator("a.button"), lambda: path in self.page.url)
        self.page.wait_for_url(re.compile(path))

    def press(self, control: Locator, is_done: Callable[[], bool]) -> None:
        """Enter, until it has had its effect: what a key does to a frame that then changes its process may get lost."""
        for _ in range(PRESSES):
            with suppress(PlaywrightError):
                control.press("Enter", timeout=PRESS_MS)
            deadline = time.monotonic() + PRESS_MS / 1000
            while time.monotonic() < deadline:
                if is_done():
                    return
                self.page.wait_for_timeout(50)
        raise AssertionError(f"{PRESSES} times Enter on {control} had no effect; the page is {self.page.url}")

    def leave(self) -> None:
        """Nothing was asked of any other machine, and no page held what its own policy forbids."""
        hosts = {urlsplit(request.url).hostname or "" for request in self.asked}
        assert {host for host in hosts if host != "127.0.0.1" and not host.endswith("localhost")} == set()
        assert self.blocked == []
        self.context.close()


class Hands:
    """Does what a person does, and adds up its steps and its seconds, the machine's own time apart.

    By the keystroke-level model (Card, Moran and Newell, 1980), for somebody who types slowly.
    """

    _DECIDE_S, _POINT_S, _CLICK_S, _KEY_S, _TO_KEYBOARD_S = 1.35, 1.1, 0.2, 0.28, 0.4

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = 0.0

    def _add(self, *parts_s: float) -> None:
        self.steps += 1
        self.seconds += sum(parts_s)

    def click(self, control: Locator) -> None:
        control.click()
        self._add(self._DECIDE_S, self._POINT_S, self._CLICK_S)

    def follow(self, control: Locator) -> None:
        click_on(control)
        self._add(self._DECIDE_S, self._POINT_S, self._CLICK_S)

    def turn_to(self, page: Page) -> None:
        """Another tab."""
        page.bring_to_front()
        self._add(self._POINT_S, self._CLICK_S)

    def paste(self, field: Locator) -> None:
        field.click()
        field.press("Control+V")
        self._add(self._DECIDE_S, self._POINT_S, self._CLICK_S, self._TO_KEYBOARD_S, 2 * self._KEY_S)
