"""Linking as business customers and their bank meet it, in a real browser, from the sandbox's Sage product.

By the codes that the example web app shows, by the example web app itself in Sage's frame, and by every wrong turn of our
page. `test_product_in_a_browser` has Sage's own side of it; screenshots are the tests' output, as there.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from bank_lines import make_lines
from browsers import Album, Shut, chromium, click_on
from institutions import Customer
from playwright.sync_api import Browser, Page, expect
from processes import wait_until
from sites import BankApp, bank_app, end_sessions, forget_failures
from systems import System, running
from visitors import Hands, Person

pytestmark = pytest.mark.slow
FAILURES_MAX = 6
UK_ACCOUNTING, UK_INTACCT = "Sage Accounting, United Kingdom: UK", "Sage Intacct, Royaume-Uni: UK"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Of these tests alone: they lock addresses out, and change what the institution has set."""
    settings = {"LOGIN_FAILURES_MAX": str(FAILURES_MAX), "OTP_FAILURES_MAX": "3"}
    with running(tmp_path_factory.mktemp(request.param), request.param, **settings) as system:
        system.settings["BANKFEEDS_PUBLIC_URL"] = system.api_url
        system.verb("listings", "register", "default", "--reason", "tests")
        yield system


@pytest.fixture
def system(whole: System) -> Iterator[System]:
    whole.fresh(pollPeriodMs=300)
    forget_failures(whole)
    yield whole
    whole.check_balances()


@pytest.fixture
def app(system: System, tmp_path: Path) -> Iterator[BankApp]:
    with bank_app(system, tmp_path) as started:
        yield started


@pytest.fixture
def album(system: System, tmp_path: Path) -> Album:
    is_first = system.settings["BANKFEEDS_DATABASE_URL"].startswith("sqlite")
    return Album(tmp_path) if is_first else Shut(tmp_path)


def set_integration(system: System, change: str) -> None:
    system.verb("integration", "change", "default", change, "--reason", "tests")


def linked(system: System) -> str:
    (found,) = [each for each in system.judge.get("/bankaccounts") if each["status"] != "cancelled"]
    return str(found["bankAccountId"])


def deliver(system: System, app: BankApp, count: int, prefix: str) -> None:
    """As the bank does: a push for the customer's account, which arrives."""
    customer = Customer(system, "Harbour Bakery Ltd", app.path_of("harbour"))
    customer.wait_account("connected")
    lines = make_lines(count, prefix=prefix, days=1)
    customer.follow(customer.push(lines))
    arrived = system.judge.stored(linked(system))
    assert arrived[-count:] == [line.id for line in lines]


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Customer number").fill("harbour")
    page.get_by_label("PIN").fill("1234")
    page.get_by_role("button", name="Sign in").click()


def to_the_bank(person: Person, account: str = "Current account") -> None:
    """From the product's first page to the bank's in its frame."""
    page = person.page
    page.get_by_role("link", name=f"Connect bank {account}").click()
    page.get_by_role("link", name=re.compile("Bankfeeds")).click()
    page.get_by_role("button", name="Agree and connect").click()


def test_a_customer_links_within_a_minute_with_what_the_example_app_shows(
    system: System, browser: Browser, app: BankApp, album: Album
) -> None:
    person = Person(browser, system, "en", scripts=True, permissions=["clipboard-read", "clipboard-write"])
    page, frame = person.page, person.frame
    bank = person.context.new_page()
    sign_in(bank, app.url)
    album.shoot(bank, "link-en-1-codes")
    person.choose(UK_ACCOUNTING)

    hands = Hands()
    hands.turn_to(bank)
    hands.click(bank.get_by_role("button", name="Get a one-time password"))
    hands.click(bank.get_by_role("button", name="Copy Connection ID"))
    expect(bank.get_by_text("Connection ID copied")).to_be_visible()
    hands.turn_to(page)
    hands.click(page.get_by_role("link", name="Connect bank Current account"))
    hands.click(page.get_by_role("link", name=re.compile("Bankfeeds")))
    hands.click(page.get_by_role("button", name="Agree and connect"))
    hands.paste(frame.get_by_label("Connection ID"))
    hands.turn_to(bank)
    hands.click(bank.get_by_role("button", name="Copy One-time password"))
    expect(bank.get_by_text("One-time password copied")).to_be_visible()
    album.shoot(bank, "link-en-2-password")
    password = bank.locator("#password").input_value()
    hands.turn_to(page)
    hands.paste(frame.get_by_label("One-time password"))
    album.shoot(page, "link-en-3-codes-pasted")
    hands.follow(frame.get_by_role("button", name="Continue"))
    hands.click(frame.get_by_label("Trading account"))
    hands.follow(frame.get_by_role("button", name="OK"))
    hands.click(page.get_by_role("button", name="Continue"))
    hands.click(page.get_by_role("button", name="Confirm"))
    expect(page.get_by_role("status")).to_contain_text("is connected")

    assert (hands.steps, hands.seconds <= 50) == (17, True), hands.seconds  # ten seconds are left for waiting
    deliver(system, app, 5, "first")
    page.get_by_role("link", name="Disconnect bank").click()
    page.get_by_role("button", name="Disconnect bank").click()
    expect(page.get_by_role("status")).to_contain_text("disconnected")
    page.get_by_role("link", name="Banking").first.click()
    to_the_bank(person)
    connection_id = app.path_of("harbour").rpartition("/")[2]
    frame.get_by_label("Connection ID").fill(connection_id)
    frame.get_by_label("One-time password").fill(password)
    click_on(frame.get_by_role("button", name="Continue"))
    expect(frame.get_by_role("alert")).to_contain_text("That did not work")
    bank.get_by_role("button", name="Get a new password").click()
    frame.get_by_label("One-time password").fill(bank.locator("#password").input_value())
    click_on(frame.get_by_role("button", name="Continue"))
    person.take("Trading account")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("is connected")
    deliver(system, app, 4, "again")
    codes = {connection_id, password, bank.locator("#password").input_value()}
    nowhere_but_on_the_pages(system, person, codes)
    person.leave()


def answer(person: Person, connection_id: str, password: str) -> None:
    """Our form, in the frame."""
    person.frame.locator("#connectionId").fill(connection_id)
    person.frame.locator("#otp").fill(password)
    click_on(person.frame.get_by_role("button", name="Continuar"))


def test_every_wrong_turn_at_our_page_is_told_in_spanish_and_leads_on(
    system: System, browser: Browser, album: Album
) -> None:
    customer, bare = Customer(system, "Puerto"), Customer(system, "Vacía")
    customer.open_account()
    person = Person(browser, system, "es", scripts=True)
    page, frame = person.page, person.frame
    person.choose(UK_ACCOUNTING)
    accounts = page.url

    to_the_bank(person)
    voided = customer.otp()
    for password in (*["WRONG2"] * 3, voided, *["WRONG2"] * (FAILURES_MAX - 4)):
        answer(person, customer.connection_id, password)
        expect(frame.get_by_role("alert")).to_contain_text("No ha funcionado")
        expect(frame.locator("#otp")).to_be_empty()
    album.shoot(page, "link-es-1-wrong")
    password = customer.otp()
    answer(person, customer.connection_id, password)
    expect(frame.get_by_role("heading", name="Demasiados intentos")).to_be_visible()
    expect(frame.get_by_role("alert")).to_contain_text("dentro de 15 min")
    album.shoot(page, "link-es-2-too-many")
    forget_failures(system)
    click_on(frame.get_by_role("link", name="Volver a intentarlo"))
    answer(person, customer.connection_id, password)
    expect(frame.get_by_label("Trading account")).to_be_visible()

    page.goto(accounts)
    to_the_bank(person, "Savings account")
    click_on(frame.get_by_role("link", name="Cancelar y volver a Sage"))
    expect(frame.get_by_role("heading", name="¿Dejar de vincular?")).to_be_visible()
    album.shoot(page, "link-es-3-cancel")
    click_on(frame.get_by_role("button", name="Sí, dejarlo"))
    expect(page.get_by_role("heading", name="No account was connected")).to_be_visible()
    assert system.judge.get("/authorisations")[-1]["status"] == "failed"

    page.get_by_role("link", name="Try again").click()
    page.get_by_role("link", name=re.compile("Bankfeeds")).click()
    page.get_by_role("button", name="Agree and connect").click()
    password = bare.otp()
    answer(person, bare.connection_id, password)
    expect(frame.get_by_role("alert")).to_contain_text("Todavía no hay ninguna cuenta")
    album.shoot(page, "link-es-4-no-accounts")
    bare.open_account("acc-009", "Cuenta nueva", "99887766")
    answer(person, bare.connection_id, password)
    person.take("Cuenta nueva")

    page.goto(accounts)
    system.judge.set(pollPeriodMs=60_000)  # else Sage, which is told at once, leads on by itself
    to_the_bank(person, "Company card")
    expect(frame.locator("#otp")).to_be_visible()
    set_integration(system, "enabled=off")
    try:
        answer(person, customer.connection_id, customer.otp())
        expect(frame.get_by_role("heading", name="Este servicio está desactivado")).to_be_visible()
        album.shoot(page, "link-es-5-off")
        click_on(frame.get_by_role("link", name="Volver a Sage"))
        expect(frame.get_by_role("heading", name="Not connected")).to_be_visible()
    finally:
        set_integration(system, "enabled=on")

    system.judge.set(pollPeriodMs=300)
    person.choose("Sage Active, United Kingdom: UK")
    to_the_bank(person)
    expect(frame.locator("#otp")).to_be_visible()
    end_sessions(system)
    answer(person, customer.connection_id, customer.otp())
    expect(frame.get_by_role("heading", name="Esta página ya no es válida")).to_be_visible()
    album.shoot(page, "link-es-6-over")
    expect(frame.get_by_role("link", name="Volver a Sage")).to_be_visible()
    system.judge.advance(21 * 60)
    expect(page.get_by_role("heading", name="No account was connected")).to_be_visible()
    nowhere_but_on_the_pages(system, person, {customer.connection_id, bare.connection_id, voided, password})
    person.leave()


@pytest.fixture
def own_app(system: System, app: BankApp) -> Iterator[BankApp]:
    """Sage's customers are sent there; the address has a query of its own, and so has Sage's."""
    system.judge.set(redirectHost="money.localhost", redirectQuery="e2e=1")
    set_integration(system, f"authorization_redirect_url={app.url}/link?from=sage")
    yield app
    set_integration(system, "authorization_redirect_url=")


def at_the_bank(person: Person, customer: str, pin: str) -> None:
    """Signed in to the example web app in Sage's frame, and agreed, all by the keyboard."""
    frame = person.frame
    if not frame.locator("#customer").is_visible():
        person.follow_embedded("#customer")
    frame.locator("#customer").fill(customer)
    frame.locator("#pin").fill(pin)
    agree = frame.get_by_role("button", name="Agree and go on")
    person.press(frame.get_by_role("button", name="Sign in"), agree.is_visible)
    person.press(agree, lambda: not agree.is_visible())


def test_the_banks_own_app_links_and_renews_in_sages_frame_without_scripts_or_cookies(
    system: System, browser: Browser, own_app: BankApp, album: Album
) -> None:
    person = Person(browser, system, "fr", scripts=False)
    page, frame = person.page, person.frame
    person.choose(UK_INTACCT)
    chosen = page.url
    page.get_by_role("link", name=re.compile("^Connecter Compte courant")).click()
    page.get_by_role("link", name=re.compile("Bankfeeds")).click()
    page.get_by_role("button", name="Accepter et connecter").click()
    person.follow_embedded("#customer")
    album.shoot(page, "link-fr-1-own-app")
    person.press(frame.get_by_role("button", name="Cancel"), lambda: not frame.locator("#customer").is_visible())
    wait_until(lambda: system.judge.get("/authorisations")[-1]["status"] == "failed", "Sage knows of the refusal")
    page.goto(chosen)
    page.get_by_role("link", name=re.compile("^Ouvrir Compte courant")).click()
    page.get_by_role("link", name="Poursuivre").click()
    expect(page.get_by_role("heading", name="Aucun compte n'est connecté")).to_be_visible()
    page.get_by_role("link", name="Réessayer").click()
    page.get_by_role("link", name=re.compile("Bankfeeds")).click()
    page.get_by_role("button", name="Accepter et connecter").click()
    person.follow_embedded("#customer")
    frame.locator("#customer").fill("harbour")
    frame.locator("#pin").fill("9999")
    alert = frame.get_by_role("alert")
    person.press(frame.get_by_role("button", name="Sign in"), alert.is_visible)
    frame.locator("#customer").fill("harbour")
    frame.locator("#pin").fill("1234")
    agree = frame.get_by_role("button", name="Agree and go on")
    person.press(frame.get_by_role("button", name="Sign in"), agree.is_visible)
    album.shoot(page, "link-fr-2-consent")
    person.press(agree, frame.get_by_label("Trading account").is_visible)
    assert "money.localhost" in page.frames[1].url
    assert re.search(r"indirectredirect/[^?]+\?e2e=1&state=", page.frames[1].url)
    person.take("Trading account")
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Confirmer").click()
    deliver(system, own_app, 6, "own")

    connection_id = own_app.path_of("harbour").rpartition("/")[2]
    system.verb("accounts", "reauthorise", f"{connection_id}/acc-001", "--reason", "tests")
    wait_until(lambda: system.judge.status(linked(system)) == "authRequired", "Sage knows that a renewal is needed")
    page.get_by_role("button", name="Actualiser").click()
    page.get_by_role("button", name=re.compile("Renouveler l'autorisation")).click()
    at_the_bank(person, "garage", "4321")
    expect(frame.get_by_role("heading", name="Nothing was linked")).to_be_visible()
    album.shoot(page, "link-fr-3-another-customers")
    person.press(frame.get_by_role("link", name="Sign in again"), frame.locator("#customer").is_visible)
    at_the_bank(person, "harbour", "1234")
    expect(frame.get_by_role("heading", name="Merci")).to_be_visible()
    person.sent("said=renewed")
    expect(page.locator(".tiles .status")).to_have_text("Connecté")

    assert [each for each in person.context.cookies() if each["domain"] == "127.0.0.1"] == []
    assert "1234" not in " ".join(request.url for request in person.asked)
    person.leave()


def nowhere_but_on_the_pages(system: System, person: Person, codes: set[str]) -> None:
    """In no address, in none that a page was come from, and in no line of the log; nor are sessions there, or keys."""
    addresses = " ".join(f"{request.url} {request.headers.get('referer', '')}" for request in person.asked)
    handles = set(re.findall(r"/authorise/([\w-]{20,})", addresses))
    log = system.running.log.read_text(encoding="utf-8")
    secrets = {system.header_value, system.details["clientSecret"], system.authorization}
    assert log
    assert handles
    assert not [code for code in codes | secrets if code in addresses]
    assert not [code for code in codes | handles | secrets if code in log]
