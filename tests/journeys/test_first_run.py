"""A new operator's first run in a real browser: from signing in to a line that Sage's product has, and a first key."""

import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browsers import Album, chromium
from playwright.sync_api import Browser, Page, expect
from processes import clean_environment
from systems import System, running
from visitors import Person

from bankfeeds.web.portal.words import LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
NAME, PASSWORD = "ann@bank.example", "a long enough password"
LOOKS, LOOK_MS = 40, 500


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[System]:
    """A database of its own: the walk goes by the oldest company there is."""
    with running(tmp_path, request.param) as made:
        made.fresh(pollPeriodMs=300)
        command = [sys.executable, "-m", "bankfeeds", "operators", "add", NAME]
        subprocess.run(
            command, env=clean_environment(made.settings), input=f"{PASSWORD}\n", text=True, check=True, timeout=60
        )
        yield made


class Operator:
    """In front of the portal, in one language; finds what the catalogue calls things."""

    def __init__(self, browser: Browser, system: System, album: Album, language: str) -> None:
        self.words = LANGUAGES[language]
        self.language = language
        has_scripts = language == "en"  # axe needs them, the pages do not
        self.context = browser.new_context(locale=language, java_script_enabled=has_scripts, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self._album = album
        self.page.goto(f"{system.api_url}/portal/")

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words[key], exact=True).click()

    def follow(self, key: str) -> None:
        self.page.get_by_role("link", name=self.words[key], exact=True).first.click()

    def shoot(self, name: str) -> None:
        self._album.shoot(self.page, f"first-run-{self.language}-{name}")

    def look_until(self, key: str) -> None:
        """Presses Look again, as a person would, until these words are there."""
        for _ in range(LOOKS):
            if self.page.get_by_text(self.words[key].partition("{")[0]).count():
                return
            self.page.wait_for_timeout(LOOK_MS)
            self.page.goto(self.page.url.partition("/first-run")[0] + "/first-run")
        raise AssertionError(f"{key} did not come")

    def fact(self, key: str) -> str:
        term = self.page.locator("dt", has_text=re.compile(f"^{re.escape(self.words[key])}$"))
        return str(term.locator("xpath=following-sibling::dd").inner_text()).strip()


@pytest.mark.parametrize(("system", "language"), [("sqlite", "en"), ("postgresql", "fr")], indirect=["system"])
def test_a_new_operator_gets_to_a_delivered_line_with_nothing_but_the_page(
    system: System, browser: Browser, tmp_path: Any, language: str
) -> None:
    ann = Operator(browser, system, Album(tmp_path), language)
    ann.page.get_by_label(ann.words["sign_in_name"]).fill(NAME)
    ann.page.get_by_label(ann.words["sign_in_password"]).fill(PASSWORD)
    ann.press("sign_in_submit")
    ann.follow("nav_first_run")
    ann.press("first_run_check")
    expect(ann.page.get_by_role("status")).to_have_text(ann.words["first_run_checked"])
    ann.shoot("1-listing")

    ann.press("first_run_account_submit")
    ann.press("first_run_password_submit")
    ann.shoot("2-link")
    shown = SimpleNamespace(
        connection_id=ann.fact("first_run_connection_id"), otp=lambda: ann.fact("first_run_password")
    )

    customer = Person(browser, system, "en", scripts=True)
    expect(ann.page.get_by_role("link", name=ann.words["first_run_link_open"])).to_have_attribute(
        "href", system.details["uiUrl"]
    )
    customer.choose("Sage Accounting, United Kingdom: UK")
    customer.page.get_by_role("link", name="Connect bank Current account").click()
    customer.page.get_by_role("link", name=re.compile("Default bank")).click()
    customer.page.get_by_role("button", name="Agree and connect").click()
    customer.sign_in(shown)  # pyright: ignore[reportArgumentType] - what it needs of a customer
    customer.take(ann.words["first_run_account_example"])
    customer.page.get_by_role("button", name="Continue").click()
    customer.page.get_by_role("button", name="Confirm").click()
    expect(customer.page.get_by_role("status")).to_contain_text("is connected")

    ann.follow("first_run_look_again")
    ann.look_until("first_run_linked")
    ann.press("first_run_push_submit")
    ann.look_until("first_run_over")
    ann.shoot("3-done")

    (account,) = [each for each in system.judge.get("/bankaccounts") if each["status"] == "active"]
    stored = system.judge.stored(account["bankAccountId"])
    assert [line.rpartition("-")[2] for line in stored] == ["takings", "flour", "charges"]
    customer.leave()

    ann.follow("first_run_next")
    ann.page.get_by_label(ann.words["key_name"]).fill("nightly")
    ann.press("key_new_submit")
    expect(ann.page.locator("code.secret")).to_contain_text("bf_")
    ann.shoot("4-key")
    ann.follow("key_made_done")
    ann.shoot("5-keys")
    ann.page.get_by_role("link", name=re.compile(f"^{ann.words['key_revoke_submit']}")).first.click()
    ann.shoot("6-revoke")
    ann.press("key_revoke_submit")
    expect(ann.page.get_by_role("status")).to_have_text(ann.words["key_revoked_said"])
    ann.follow("nav_audit")
    expect(ann.page.get_by_role("row").filter(has_text="api_key.revoke")).to_have_count(1)
    ann.shoot("7-audit")
    ann.follow("nav_home")
    expect(ann.page.get_by_role("img").first).to_be_visible()
    ann.shoot("8-home")
    ann.page.set_viewport_size({"width": 320, "height": 720})
    now = ann.page.locator("svg .bar").last.bounding_box()
    assert now is not None
    assert now["x"] + now["width"] <= 320, "the latest hour is what is seen first"
    ann.context.close()
