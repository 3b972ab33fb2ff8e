"""A real Chromium for the tests of pages, and screenshots as their output."""

import os
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Frame, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE, PHONE = (1280, 900), (320, 640)
TARGET_PX = 44
BORDERS_PX = 2
FRAME_WITHIN_S = 5.0
SEEN_WITHIN_MS = 60_000
"""How long a page may take to show what is expected: other tests may have the machine."""
PAINTED_MS = 400
"""Nothing tells when a frame of another process has been painted; it only matters to the picture."""
PRESSES, PRESS_MS = 6, 8000
_NAMELESS = (
    "[...document.querySelectorAll('input:not([type=hidden]), select, button, a, iframe')]"
    ".filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim() || e.title))"
    ".map(e => e.outerHTML)"
)


@contextmanager
def chromium() -> Generator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        raise AssertionError("this test needs Chromium: apt-get install chromium")
    expect.set_options(timeout=SEEN_WITHIN_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()


def _fit(page: Page, width: int, height: int) -> None:
    """Frames from other sites live in processes of their own, and hear of a new size later."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_load_state("load")
    for frame in page.frames[1:]:
        wanted = (frame.frame_element().bounding_box() or {"width": 0})["width"]
        deadline = time.monotonic() + FRAME_WITHIN_S
        while abs(frame.evaluate("innerWidth") - wanted) > BORDERS_PX and time.monotonic() < deadline:
            page.wait_for_timeout(50)
    if len(page.frames) > 1:
        page.wait_for_timeout(PAINTED_MS)


_HAS_SCRIPTS = (  # a parser of a page whose scripts are on takes what is in a noscript for text
    "() => { const made = document.createElement('div'); made.innerHTML = '<noscript><i></i></noscript>';"
    " return made.querySelector('i') === null; }"
)
_RUN_AXE = """async () => {
  const found = await axe.run({ resultTypes: ["violations"] });
  return found.violations.map(v => v.id + " at " + v.nodes.map(n => n.target.join(" ")).join(", "));
}"""


def find_barriers(page: Page | Frame) -> list[str]:
    """What axe-core finds wrong in a page, or in one frame, of a browser context whose scripts are on."""
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(_RUN_AXE)


def click_on(control: Locator) -> None:
    """A click that leads on, until the browser asks for the next page: one on a frame of another site that has just
    been moved may go astray.
    """
    _until_asked(control, control.click)


def enter_on(control: Locator) -> None:
    """Enter, where it leads on. A frame of another site that leaves before the key is let go never says that it was:
    then waiting for that ends, and the page has been asked for all the same.
    """

    def press() -> None:
        with suppress(PlaywrightTimeout):
            control.press("Enter", timeout=PRESS_MS)

    _until_asked(control, press)


def _until_asked(control: Locator, act: Callable[[], None]) -> None:
    for _ in range(PRESSES):
        with (
            suppress(PlaywrightTimeout),
            control.page.expect_request(lambda request: request.is_navigation_request(), timeout=PRESS_MS),
        ):
            act()
            return
    raise AssertionError(f"{PRESSES} times {control} led nowhere; the page is {control.page.url}")


class Album:
    """Each page once wide and once as on a phone: nothing sticks out sideways, every control can be hit, axe is content.

    axe runs where scripts do; in each frame too.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = Path(os.environ.get("BANKFEEDS_TEST_SCREENSHOTS") or directory)
        self._directory.mkdir(parents=True, exist_ok=True)

    def shoot(self, page: Page, name: str) -> None:
        for label, (width, height) in (("phone", PHONE), ("wide", WIDE)):
            _fit(page, width, height)
            sticks_out = page.evaluate("document.documentElement.scrollWidth")
            assert sticks_out <= width, f"{name}: {sticks_out} px on {width} px"
            _fit(page, width, page.evaluate("document.documentElement.scrollHeight"))
            page.screenshot(path=self._directory / f"{name}-{label}.png")
        _fit(page, *WIDE)
        self._check_controls(page, name)
        if page.evaluate(_HAS_SCRIPTS):
            barriers = [barrier for frame in page.frames for barrier in find_barriers(frame)]
            assert not barriers, f"{name}: {barriers}"

    def _check_controls(self, page: Page, name: str) -> None:
        small = [
            (control.inner_text() or control.get_attribute("name"), box)
            for control in page.locator("button:visible, input:visible, select:visible, a.button:visible").all()
            if (box := control.bounding_box())
            and control.get_attribute("type") not in {"radio", "checkbox"}  # their labels can be hit too
            and box["height"] < TARGET_PX
        ]
        assert not small, f"{name}: too small to hit: {small}"
        nameless = page.evaluate(_NAMELESS)
        assert not nameless, f"{name}: no name: {nameless}"


class Shut(Album):
    """Where the same pages were shot on the other database."""

    def shoot(self, page: Page, name: str) -> None:
        pass
