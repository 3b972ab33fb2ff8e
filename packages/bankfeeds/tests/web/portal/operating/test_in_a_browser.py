"""An operator's day in a real browser, in both languages: a company, its account, its pushes, a feed that is parked."""

from collections.abc import Generator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsers import Album, chromium
from playwright.sync_api import Browser, Page, expect

from bankfeeds.domain.company import Company
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import operate, quarantine
from bankfeeds.store import companies
from bankfeeds.web.portal import cookies
from bankfeeds.web.portal.words import LANGUAGES

from ....flows.delivery.conftest import COMPANY, NOON
from ....flows.delivery.operators import ANN, WHY, park
from ....flows.delivery.test_interim_files import take
from ....flows.delivery.test_late_lines import document
from ....readers import swift
from ....readers.documents import Booked

pytestmark = pytest.mark.slow
on_one_database = pytest.mark.parametrize("make_platform", ["sqlite"], indirect=True)
"""How pages look does not hang on it; what they say is tested on both in the files beside this one."""
EXTERNAL = "ext-acc-001"
IBAN = "GB00DEMO11223310203041"
SOLD = [
    Booked(date(2026, 2, 1), Decimal("-42.10"), "Timber yard, invoice 2201"),
    Booked(date(2026, 2, 2), Decimal("1250.00"), "Kitchen fitted, Mrs Okafor"),
]
NAMES = ("Atelier Lumière & Fils", "Northwind Joinery Ltd", "Café du Vieux-Port", "Ó Briain Motors")


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as running:
        yield running


class Operator:
    """In front of one page after another, in one language, with a camera."""

    def __init__(self, browser: Browser, site: Any, album: Album, language: str, *, has_scripts: bool) -> None:
        self.words = LANGUAGES[language]
        self._site, self._album, self._language = site, album, language
        self._context = browser.new_context(
            locale=language, reduced_motion="reduce", java_script_enabled=has_scripts, color_scheme="light"
        )
        session = {"name": cookies.SESSION, "value": site.token, "domain": urlsplit(site.url).hostname, "path": "/"}
        self._context.add_cookies([session])
        self.page: Page = self._context.new_page()

    def see(self, path: str, name: str) -> None:
        self.page.goto(f"{self._site.url}/portal/{path}")
        self.shoot(name)

    def shoot(self, name: str) -> None:
        self._album.shoot(self.page, f"portal-{name}-{self._language}")

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words[key]).first.click()

    def close(self) -> None:
        self._context.close()


@on_one_database
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_page_is_for_everybody(
    site: Any, platform: Any, make_lines: Any, browser: Browser, tmp_path: Path, language: str
) -> None:
    """Wide and on a phone, with nothing that axe finds wrong."""
    for n, name in enumerate(NAMES):
        company = Company(f"33333333-3333-4333-8333-{n:012d}", name, None, {}, NOON)
        platform.world.db.write(lambda tx, company=company: companies.insert(tx, company))
    done = park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = {"t-7"}
    platform.run()
    held = platform.push(*make_lines("2026-02-20", "2026-02-21", start=21))
    quarantine.hold(platform.world, ANN, held.key, "looks as if it was sent twice")
    site.sign_in_as("administrator")
    ann = Operator(browser, site, Album(tmp_path), language, has_scripts=True)
    for path, name in (
        ("companies", "companies"), ("companies?q=nobody", "companies-none"), (f"companies/{COMPANY}", "company"),
        (f"accounts/{EXTERNAL}", "account"), (f"accounts/{EXTERNAL}/reconciliation", "reconciliation"),
        ("pushes", "pushes"), (f"pushes/{done.key}", "push"),
        ("feeds", "feeds"), ("feeds?show=parked", "feeds-parked"), ("feeds/1", "feed"),
        (f"companies/{COMPANY}/delete", "delete"), ("quarantine", "quarantine"), (f"pushes/{held.key}", "push-held"),
    ):  # fmt: skip
        ann.see(path, name)
    ann.page.goto(f"{site.url}/portal/companies/{COMPANY}")
    ann.press("connection_otp_submit")
    ann.shoot("otp")
    ann.close()


@on_one_database
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_statement_file_is_uploaded_looked_at_and_taken_without_scripts(
    site: Any, platform: Any, browser: Browser, tmp_path: Path, language: str
) -> None:
    """One that proves itself, one that cannot be taken, and CSV, which proves nothing and needs a reason."""
    platform.link()
    site.sign_in_as("administrator")
    ann = Operator(browser, site, Album(tmp_path), language, has_scripts=False)
    page, words = ann.page, ann.words
    page.goto(f"{site.url}/portal/statement-files")
    for name, text, shot in (
        ("january.sta", swift.message(SOLD, account=IBAN), "file-proved"),
        ("february.sta", swift.message(SOLD, account=IBAN).replace("GBP", "EUR"), "file-unread"),
        ("march.csv", "Date,Amount,Text\n2026-02-03,-4.20,Tea\n2026-02-03,5.00,Till\n", "file-csv"),
    ):
        page.goto(f"{site.url}/portal/statement-files")
        page.get_by_text(words["files_more"]).click()
        page.locator("#account").fill(EXTERNAL)
        page.locator("#file").set_input_files([{"name": name, "mimeType": "text/plain", "buffer": text.encode()}])
        ann.shoot("files")
        ann.press("files_look_at_it")
        ann.shoot(shot)
        if shot == "file-unread":
            ann.press("files_discard")
            continue
        if shot == "file-csv":
            page.locator("#reason").fill(WHY)
        page.locator('button[value="take"]').click()
        expect(page.get_by_role("status")).to_have_text(words["done_file_taken"])
        ann.shoot(f"{shot}-taken")
    ann.see("statement-files", "files-taken")
    ann.close()


@on_one_database
@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_late_lines_are_decided_on_without_scripts(
    site: Any, platform: Any, browser: Browser, tmp_path: Path, language: str
) -> None:
    """From the menu to one line presented, another dropped, and the account set to present what comes."""
    platform.link()
    a, b = (4, "-1.00", "A"), (9, "-2.00", "B")
    take(platform, document("100.00", a))
    take(platform, document("88.00", b))
    take(platform, document("100.00", a, (5, "-4.00", "Card payment, tea room"), (6, "-7.00", "Flour"), b))
    site.sign_in_as("administrator")
    bob = Operator(browser, site, Album(tmp_path), language, has_scripts=True)
    bob.see("quarantine", "quarantine-late")
    bob.see(f"accounts/{EXTERNAL}/late-lines", "late-waiting")
    ann = Operator(browser, site, Album(tmp_path), language, has_scripts=False)
    page, words = ann.page, ann.words
    page.goto(f"{site.url}/portal/quarantine")
    page.get_by_role("link", name=EXTERNAL).click()
    ann.shoot("late")
    for value in ("present", "drop"):
        page.locator('input[name="line-1"]').check()
        page.locator("#decide-reason").fill(WHY)
        page.locator(f'button[value="{value}"]').click()
        expect(page.get_by_role("status")).to_have_text(words[f"done_late_{value}"])
        ann.shoot(f"late-{value}")
    page.get_by_text(words["late_set_present"], exact=True).click()
    page.locator("#setting-reason").fill(WHY)
    page.get_by_role("button", name=words["late_set_submit"]).click()
    expect(page.get_by_role("status")).to_have_text(words["done_late_set_present"])
    ann.close()
    bob.see(f"accounts/{EXTERNAL}/late-lines", "late-decided")
    bob.see(f"accounts/{EXTERNAL}/reconciliation", "reconciliation-late")
    bob.close()


def test_a_parked_feed_is_put_right_without_scripts(
    site: Any, platform: Any, make_lines: Any, browser: Browser, tmp_path: Path
) -> None:
    """From the menu to the line, skipped with a reason; then deliveries are paused and go on."""
    push = park(platform, make_lines)
    site.sign_in_as("administrator")
    ann = Operator(browser, site, Album(tmp_path), "en", has_scripts=False)
    page, words = ann.page, ann.words
    page.goto(f"{site.url}/portal/")
    page.get_by_role("navigation", name=words["nav"], exact=True).get_by_role(
        "link", name=words["nav_feeds"], exact=True
    ).click()
    page.get_by_role("link", name=words["feeds_parked"], exact=True).click()
    page.get_by_role("link", name=words["feeds_decide"]).click()
    expect(page.get_by_text(words["trouble_form"])).to_be_visible()
    page.locator("#skip-reason").fill(WHY)
    ann.press("skip_submit")
    expect(page.get_by_role("status")).to_have_text(words["done_feed_skip"].format(line="t-3"))
    page.get_by_role("navigation", name=words["nav"], exact=True).get_by_role(
        "link", name=words["nav_feeds"], exact=True
    ).click()
    page.get_by_text(words["pause_submit"]).first.click()
    page.locator("#pause-reason").fill(WHY)
    ann.press("pause_submit")
    expect(page.get_by_role("status")).to_contain_text("1")
    page.get_by_text(words["unpause_submit"]).first.click()
    page.locator("#end-1").fill(WHY)
    ann.press("unpause_submit")
    expect(page.get_by_text(words["pause_none"])).to_be_visible()
    ann.close()
    platform.sage.unwanted = set()
    platform.run()
    assert platform.operation(push).status is PushStatus.failed
    assert platform.sage.stored["ba-1"] == [f"t-{n}" for n in (1, 2, *range(4, 11))]
