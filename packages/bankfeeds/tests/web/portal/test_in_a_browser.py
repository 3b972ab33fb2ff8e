"""Signing in and setting up in a real browser, in both languages: every page wide and on a phone, none needs scripts."""

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from browsers import Album, chromium
from playwright.sync_api import Browser, Page, expect

from bankfeeds.domain.operator import Role
from bankfeeds.domain.outcome import Deferred
from bankfeeds.flows import branding, integration, keys, listings, operators
from bankfeeds.web.portal import cookies, phrases
from bankfeeds.web.portal.words import LANGUAGES

from ... import consent, pictures, worlds
from ...flows import test_home as deliveries
from . import portal_site
from .portal_site import PASSWORD, PortalSite
from .test_integrations import NEW, Sage

pytestmark = pytest.mark.slow
ANN = "ann@bank.example"
NOT_TAKEN = "Sage refuses our credentials (401)"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def site(server, world) -> Generator[PortalSite]:
    sage = Sage(Deferred(NOT_TAKEN))
    world = replace(world, destinations=sage)
    operators.add(world, "test", ANN, Role.administrator, PASSWORD)
    with portal_site.serving(server, world, registrar=sage) as running:
        yield running


class Person:
    """In front of one page after another, in one language, with a camera where scripts are on."""

    def __init__(self, browser: Browser, site: PortalSite, album: Album, language: str, **options) -> None:
        self.words = LANGUAGES[language]
        self._site, self._album, self._language = site, album, language
        self._context = browser.new_context(locale=language, reduced_motion="reduce", **options)
        self.page: Page = self._context.new_page()

    def see(self, path: str, name: str) -> None:
        self.open(path)
        self.shoot(name)

    def open(self, path: str) -> None:
        self.page.goto(f"{self._site.url}/portal/{path}")

    def shoot(self, name: str) -> None:
        self._album.shoot(self.page, f"portal-{name}-{self._language}")

    def sign_in(self, password: str = PASSWORD) -> None:
        self.page.locator("#name").fill(ANN)
        self.page.locator("#password").fill(password)
        self.press("sign_in_submit")

    def carry(self, session: str) -> None:
        """As one who signed in before."""
        self._context.add_cookies([{"name": cookies.SESSION, "value": session, "url": self._site.url}])

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words[key], exact=True).first.click()

    def unfold(self, key: str) -> None:
        self.page.locator("summary").get_by_text(self.words[key], exact=True).click()

    def is_told(self, key: str, **values: str) -> None:
        expect(self.page.get_by_text(self.words[key].format(**values))).to_be_visible()

    def close(self) -> None:
        self._context.close()


def fill_platform(world) -> None:
    """A day's work, and one listing that is set up."""
    listings.add(world, "test", consent.listing(), consent.SECRETS)
    integration.change(
        world,
        "test",
        "uk",
        {"call_to_action_text": "Where are my codes?", "call_to_action_url": "https://bank.example/codes"},
    )
    branding.change(world, "test", {"name": "Harbour Bank", "colour": "#0b3b71"})
    branding.change_logo(world, "test", pictures.SVG)
    keys.create(world, "test", "ledger export")
    operators.add(world, "test", "bob@bank.example", Role.developer, None)
    worlds.link(world, worlds.make_account(world))
    for hours in range(24):
        lines = (hours * 37) % 97 * 11 + (900 if hours in {3, 9} else 0)
        deliveries.finish(world, world.clock() - timedelta(hours=hours), lines=lines if hours % 7 else 0)
    deliveries.finish(world, world.clock() - timedelta(hours=2), "refused", lines=1)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_setting_up_is_for_everybody(site: PortalSite, browser: Browser, tmp_path: Path, language: str) -> None:
    """Wide and on a phone, with nothing that axe finds wrong."""
    ann = Person(browser, site, Album(tmp_path), language, color_scheme="light")
    ann.see("", "sign-in")
    ann.sign_in("a wrong password")
    ann.shoot("sign-in-wrong")
    ann.sign_in()
    ann.shoot("home-empty")
    ann.see("integrations", "integrations-empty")
    fill_platform(site.world)
    for path, name in (
        ("", "home"), ("integrations", "integrations"),
        ("integrations/new", "listing-new"), ("integrations/uk/remove", "listing-remove"), ("branding", "branding"),
        ("first-run", "first-run"), ("developers", "developers"), ("audit", "audit"), ("nowhere", "nowhere"),
        ("operators", "operators"), ("password", "own-password"), ("operators/2", "operator"),
    ):  # fmt: skip
        ann.see(path, name)
    ann.press("operator_hand_out_submit")
    ann.shoot("operator-password")
    ann.open("integrations/uk")
    for key in ("header_drop", "listing_secrets_rotate"):
        ann.unfold(key)
    ann.shoot("listing")
    ann.press("listing_try")
    ann.is_told("listing_answers_not", reason=phrases.told(language, NOT_TAKEN))
    ann.open("integrations/new")
    for name in ("client_secret", "api_key", "header_value"):
        ann.page.locator(f"#{name}").fill("x")
    for name in ("id", "name", "region", "country", "provider_url", "token_url", "url", "client_id", "audience"):
        ann.page.locator(f"#{name}").fill("Not This!")
    ann.page.locator("#header_name").fill("a b")
    ann.press("listing_new")
    ann.shoot("listing-new-wrong")
    ann.close()
    eve = Person(browser, site, Album(tmp_path), language, color_scheme="light")
    site.sign_in_as("viewer")
    eve.carry(site.token)
    eve.see("integrations/uk", "listing-read")
    eve.close()


def test_the_dark_side_is_readable_too(site: PortalSite, browser: Browser, tmp_path: Path) -> None:
    """Contrasts are looked at in the dark colours too."""
    fill_platform(site.world)
    ann = Person(browser, site, Album(tmp_path), "en", color_scheme="dark")
    ann.open("")
    ann.sign_in()
    ann.shoot("home-dark")
    ann.see("integrations/uk", "listing-dark")
    ann.close()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_without_scripts_a_bank_is_set_up_from_nothing(
    site: PortalSite, browser: Browser, tmp_path: Path, language: str
) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_bytes(pictures.SVG)
    ann = Person(browser, site, Album(tmp_path), language, java_script_enabled=False)
    ann.open("integrations/new")
    ann.sign_in()
    expect(ann.page.locator("#id")).to_be_visible()
    for name, text in NEW.items():
        if name != "amount_unit":
            ann.page.locator(f"#{name}").fill(text)
    ann.press("listing_new")
    ann.is_told("listing_added")
    ann.page.locator("#enabled").uncheck()
    ann.press("save")
    ann.is_told("done_saved")
    assert not integration.get(site.world, "us").enabled
    ann.open("branding")
    ann.page.locator("#colour").fill("#0b3b71")
    ann.press("save")
    ann.page.locator("#logo").set_input_files(logo)
    ann.press("branding_logo_save")
    ann.is_told("done_saved")
    assert branding.get(site.world).logo_type == "image/svg+xml"
    ann.page.get_by_role("link", name={"en": "Français", "fr": "English"}[language]).click()
    expect(ann.page.locator("html")).to_have_attribute("lang", {"en": "fr", "fr": "en"}[language])
    ann.page.get_by_role("button", name=LANGUAGES[{"en": "fr", "fr": "en"}[language]]["sign_out"]).click()
    expect(ann.page.locator("#password")).to_be_visible()
    ann.close()
