"""A Sage product and the playground bank in a real browser, with nothing else running: the whole of a first try."""

import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.slow
QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    assert path, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="module")
def town(make):
    running = make.sandbox(playground=True)
    running.settings(requestsPerSecond=0, processingMs=0)
    yield running
    running.close()


@pytest.fixture
def page(browser, tmp_path):
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert problems == []


def test_a_first_try_on_a_phone_by_keyboard_from_nothing_to_lines(page, town, tmp_path):
    page.goto(town.details["uiUrl"])
    page.get_by_role("button", name="Sage Accounting, United Kingdom").click()
    page.get_by_role("link", name=re.compile("^Connect bank")).first.click()
    page.get_by_role("link", name=re.compile("Playground Bank")).first.click()
    page.get_by_role("button", name="Agree and connect").click()

    bank = page.frame_locator("iframe")
    expect(bank.get_by_role("heading", name="Sign in")).to_be_visible()
    framed = page.frames[-1]
    assert framed.url.startswith("http://playground.localhost:")
    assert framed.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=tmp_path / "sign-in.png", full_page=True)
    bank.get_by_label("Customer name").focus()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(bank.get_by_text("Signed in as Ada")).to_be_visible()
    page.screenshot(path=tmp_path / "consent.png", full_page=True)
    bank.get_by_role("button", name="Allow").press("Enter")

    bank.get_by_role("button", name="OK").press("Enter")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**?said=connected")  # in words only while no line has come, which may be no time at all
    lines = page.locator("tr[data-number]")
    for _ in range(20):
        if lines.count() > 14:
            break
        page.reload()
    assert 14 < lines.count() <= 28
    assert town.verdict()["clean"]


def test_behind_the_counter_in_french(browser, town, tmp_path):
    bank_id = next(b["bankId"] for b in town.admin("GET", "/banks") if b["name"].startswith("Playground"))
    page = browser.new_page(locale="fr-FR", viewport={"width": 390, "height": 844})
    page.goto(f"{town.details['adminUrl']}/playground")
    page.get_by_label("Banque").select_option(bank_id)
    page.get_by_label("Nom du client").fill("Zoé")
    page.get_by_label("Nom du compte").fill("Épargne")
    page.get_by_role("button", name="Ouvrir un compte").press("Enter")
    card = page.get_by_role("region", name=re.compile("Épargne"))
    expect(card).to_contain_text("non relié")
    assert re.search(r"\d,\d\d", card.inner_text())
    before = int(re.search(r"Lignes\s+(\d+)", card.inner_text())[1])
    card.get_by_role("button", name="Envoyer des lignes").press("Enter")
    expect(card.get_by_text(str(before + 5), exact=True)).to_be_visible()
    page.screenshot(path=tmp_path / "guichet.png", full_page=True)
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Behind the counter")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()
