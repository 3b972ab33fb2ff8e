"""The six flows through the product's pages in a real browser, the bank's page in a frame from another site.

Screenshots of each page, wide and as on a phone, are the tests' output: in the directory that
`BANKFEEDS_TEST_SCREENSHOTS` names, else in the test's own.
"""

import re
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import wires
from bank_lines import days_ago, make_lines
from browsers import Album, Shut, chromium
from institutions import Customer
from playwright.sync_api import Browser, expect
from processes import wait_until
from systems import System, running
from visitors import Person

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[System]:
    """The one of all journeys, and one on PostgreSQL."""
    if request.param == "sqlite":
        shared: System = request.getfixturevalue("_shared")
        shared.fresh()
        yield shared
        shared.check_balances()
        return
    with running(tmp_path, request.param) as made:
        made.fresh()
        yield made


@pytest.fixture
def album(system: System, tmp_path: Path) -> Album:
    is_first = system.settings["BANKFEEDS_DATABASE_URL"].startswith("sqlite")
    return Album(tmp_path) if is_first else Shut(tmp_path)


@pytest.fixture
def customer(system: System) -> Customer:
    made = Customer(system, "Harbour Bakery")
    made.open_account()
    made.open_account("acc-002", "Savings account", "50607080")
    return made


def ask_for_renewal(system: System) -> None:
    """As the institution's operator does."""
    accounts = [each for each in system.judge.get("/bankaccounts") if each["status"] == "active"]
    assert accounts
    details = system.details
    body = {
        "grant_type": "client_credentials",
        "client_id": details["clientId"],
        "client_secret": details["clientSecret"],
        "audience": details["audience"],
    }
    token = wires.read(wires.call(system.http, "POST", f"{details['cloudIdUrl']}/oauth/token", body), 200)
    headers = {"authorization": f"Bearer {token['access_token']}", "x-api-key": details["providerApiKey"]}
    for account in accounts:
        sums = {"transactionDetailsCount": 0, "transactionCreditSum": 0, "transactionDebitSum": 0}
        data = {
            "principalId": account["bankAccountId"],
            "bankId": details["bankId"],
            "expected": {**sums, "accountDetailsCount": 1},
            "accountDetails": [{"bankAccountId": account["bankAccountId"], "status": "authRequired"}],
            "transactionDetails": [],
        }
        url = f"{details['providerUrl']}/v1/statements"
        wires.read(wires.call(system.http, "POST", url, {"data": data}, headers), 201)


def linked(system: System) -> str:
    """The one bank account that is not cancelled."""
    (found,) = [each for each in system.judge.get("/bankaccounts") if each["status"] != "cancelled"]
    return str(found["bankAccountId"])


def push_and_wait(system: System, customer: Customer, count: int, first: int = 1) -> None:
    lines = make_lines(count, first=first)
    customer.wait_account("connected")
    customer.follow(customer.push(lines))
    wait_until(lambda: len(system.judge.stored(linked(system))) == first - 1 + count, "the lines arrive")


@pytest.fixture
def invite_code(system: System) -> Generator[str]:
    """The institution is in beta meanwhile; a reset leaves registrations alone."""
    system.judge.send("PUT", f"/banks/{system.details['bankId']}", {"inviteCode": "246810"})
    yield "246 810"
    system.judge.send("PUT", f"/banks/{system.details['bankId']}", {"inviteCode": ""})


@pytest.fixture
def call_institution(system: System, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[str], None]]:
    """Bank sync by the operator: Sage lists the institution by this name; afterwards by its own again."""
    monkeypatch.setitem(system.settings, "BANKFEEDS_PUBLIC_URL", system.api_url)

    def call(name: str) -> None:
        system.verb("listings", "update", "default", f"name={name}", "--reason", "tests")
        assert system.verb("listings", "register", "default", "--reason", "tests").strip() == system.details["bankId"]

    yield call
    call("Default bank")


@pytest.mark.parametrize("system", ["sqlite", "postgresql"], indirect=True)
def test_accounting_in_english_from_bank_sync_over_connect_bank_to_disconnect(
    system: System,
    browser: Browser,
    customer: Customer,
    album: Album,
    invite_code: str,
    call_institution: Callable[[str], None],
) -> None:
    system.judge.set(pollPeriodMs=300)
    person = Person(browser, system, "en", scripts=True)
    page = person.page
    page.goto(system.details["uiUrl"])
    album.shoot(page, "en-1-products")
    person.choose("Sage Accounting, United Kingdom: UK")
    album.shoot(page, "en-2-accounts")

    page.get_by_role("link", name="Connect bank Current account").click()
    expect(page.get_by_role("heading", name="Find your bank")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Default bank"))).to_be_visible()
    call_institution("Harbour Bank")
    page.get_by_label("Name of the institution").fill("harbour")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 institution")).to_be_visible()
    album.shoot(page, "en-3-search")
    page.get_by_role("link", name=re.compile("Harbour Bank")).click()
    page.get_by_label("Invite code").fill("111111")
    page.get_by_role("button", name="Agree and connect").click()
    expect(page.get_by_role("alert")).to_contain_text("not the invite code")
    album.shoot(page, "en-4-terms")
    page.get_by_label("Invite code").fill(invite_code)
    page.get_by_role("button", name="Agree and connect").click()
    expect(person.frame.locator("#otp")).to_be_visible()
    album.shoot(page, "en-5-bank")
    person.sign_in(customer)
    expect(person.frame.get_by_role("radio")).to_have_count(3)
    album.shoot(page, "en-6-picker")
    person.take("Trading account")

    album.shoot(page, "en-7-start-date")
    page.get_by_label("Bring in transactions from").fill(days_ago(60))
    page.get_by_role("button", name="Continue").click()
    album.shoot(page, "en-8-confirm")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("status")).to_contain_text("is connected")
    album.shoot(page, "en-9-connected")

    push_and_wait(system, customer, 60)
    page.reload()
    expect(page.locator("tr[data-number]")).to_have_count(50)
    expect(page.locator(".tiles .status")).to_have_text("Connected")
    album.shoot(page, "en-10-transactions")
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tr[data-number]")).to_have_count(10)

    ask_for_renewal(system)
    page.get_by_role("link", name="Banking").first.click()
    page.get_by_role("link", name="Open Current account").click()
    page.get_by_role("button", name="Refresh now").click()
    expect(page.locator(".tiles .status")).to_have_text("Sign-in needed")
    page.get_by_role("link", name="Banking").first.click()
    album.shoot(page, "en-11-renew")
    page.get_by_role("button", name=re.compile("Sign in with your bank")).click()
    person.sign_in(customer)
    person.sent("said=renewed")
    expect(page.locator(".tiles .status")).to_have_text("Connected")
    album.shoot(page, "en-12-renewed")

    page.get_by_role("link", name="Disconnect bank").click()
    album.shoot(page, "en-13-disconnect")
    bank_account = linked(system)
    page.get_by_role("button", name="Disconnect bank").click()
    expect(page.get_by_role("status")).to_contain_text("disconnected")
    expect(page.locator("tr[data-number]")).to_have_count(0)
    album.shoot(page, "en-14-disconnected")
    assert system.judge.status(bank_account) == "cancelled"
    customer.wait_account("disconnected")
    person.leave()


@pytest.mark.parametrize("system", ["sqlite", "postgresql"], indirect=True)
def test_intacct_in_french_without_scripts_and_with_the_redirect_of_banking_v2(
    system: System, browser: Browser, customer: Customer, album: Album
) -> None:
    """Confirm, several accounts of one login, renewal; `redirect_uri` on another host, with a query of its own."""
    system.judge.set(redirectHost="money.localhost", redirectQuery="e2e=1")
    person = Person(browser, system, "fr", scripts=False)
    page = person.page
    page.goto(system.details["uiUrl"])
    album.shoot(page, "fr-1-products")
    person.choose("Sage Intacct, Royaume-Uni: UK")
    album.shoot(page, "fr-2-accounts")

    page.get_by_role("link", name=re.compile("^Connecter Compte courant")).click()
    album.shoot(page, "fr-3-search")
    page.get_by_role("link", name=re.compile("Default bank")).click()
    album.shoot(page, "fr-4-terms")
    page.get_by_role("button", name="Accepter et connecter").click()
    expect(person.frame.get_by_role("link").first).to_be_visible()
    album.shoot(page, "fr-5-embedded")
    person.sign_in(customer)
    expect(person.frame.get_by_role("radio")).to_have_count(3)
    assert urlsplit(page.frames[1].url).hostname == "money.localhost"
    assert re.search(r"indirectredirect/[^?]+\?e2e=1&state=", page.frames[1].url)
    album.shoot(page, "fr-6-picker")
    person.take("Trading account")
    album.shoot(page, "fr-7-start-date")
    page.get_by_role("button", name="Continuer").click()

    expect(page.locator(".tiles .status")).to_have_text("Confirmation en attente")
    assert system.judge.get("/bankaccounts") == []
    album.shoot(page, "fr-8-pending-confirmation")
    page.get_by_role("button", name="Confirmer").click()
    expect(page.locator(".tiles .status")).to_have_text(re.compile("En attente|Connecté"))
    album.shoot(page, "fr-9-connected")
    push_and_wait(system, customer, 12)
    page.reload()
    expect(page.locator(".tiles .status")).to_have_text("Connecté")
    expect(page.locator("tr[data-number]")).to_have_count(12)
    album.shoot(page, "fr-10-transactions")

    page.get_by_role("link", name="Associer les comptes").click()
    album.shoot(page, "fr-11-institutions")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.get_by_role("row", name=re.compile("Savings account"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("row", name=re.compile("Trading account"))).to_contain_text("Connecté")
    page.get_by_label("Compte dans vos livres: Savings account").select_option(label="1210 Compte d'épargne")
    album.shoot(page, "fr-12-map")
    page.get_by_role("button", name="Associer").click()
    expect(page.get_by_role("status")).to_contain_text("associés")
    customer.wait_account("connected", "acc-002")
    savings = make_lines(7, prefix="s")
    customer.follow(customer.push(savings, "acc-002"))
    page.get_by_role("link", name="Ouvrir Compte d'épargne").click()
    expect(page.locator("tr[data-number]")).to_have_count(7)

    ask_for_renewal(system)
    page.get_by_role("button", name="Actualiser").click()
    expect(page.locator(".tiles .status")).to_have_text("Authentification requise")
    album.shoot(page, "fr-13-renew")
    page.get_by_role("button", name=re.compile("Renouveler l'autorisation")).click()
    person.sign_in(customer)
    expect(person.frame.get_by_role("heading", name="Merci")).to_be_visible()
    album.shoot(page, "fr-14-renewed-in-frame")
    person.sent("said=renewed")
    expect(page.locator(".tiles .status")).to_have_text("Connecté")
    assert {each["status"] for each in system.judge.get("/bankaccounts")} == {"active"}

    page.get_by_role("link", name="Déconnecter").click()
    album.shoot(page, "fr-15-disconnect")
    page.get_by_role("button", name="Déconnecter").click()
    expect(page.locator(".tiles .status")).to_have_text("Déconnecté")
    expect(page.locator("tr[data-number]")).to_have_count(7)
    customer.wait_account("disconnected", "acc-002")
    person.leave()
