"""A Sage product and the playground bank in a real browser, with nothing else running: the flows of section 10.

Screenshots of each page are the tests' output: in the directory that `BANKFEEDS_TEST_SCREENSHOTS` names, else in the
test's own.
"""

import re

import pytest
from browsers import Album, chromium, enter_on
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def running_town(make):
    running = make.sandbox(playground=True)
    yield running
    running.close()


@pytest.fixture
def town(running_town):
    running_town.admin("POST", "/reset")
    running_town.settings(requestsPerSecond=0, processingMs=0, pollPeriodMs=300)
    return running_town


@pytest.fixture
def album(tmp_path):
    return Album(tmp_path)


@pytest.fixture
def opening(browser):
    """Opens pages whose scripts make no mistake; a page that is refused is none."""
    problems, contexts = [], []

    def note(said):
        if said.type == "error" and "Failed to load resource" not in said.text:
            problems.append(said.text)

    def opened(locale="en", **more):
        context = browser.new_context(locale=locale, reduced_motion="reduce", **more)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", note)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def sign_in(page, customer, decision="Allow"):
    """At the bank's pages, in the frame, by keyboard."""
    bank = page.frame_locator("iframe")
    expect(bank.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.frames[-1].url.startswith("http://playground.localhost:")
    assert page.frames[-1].evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    name = bank.get_by_label("Customer name")
    if name.count():
        name.press_sequentially(customer)
        enter_on(name)
    else:
        enter_on(bank.get_by_role("button", name="Sign in"))
    expect(bank.get_by_text(f"Signed in as {customer}")).to_be_visible()
    return bank.get_by_role("button", name=decision)


def agree(page):
    page.get_by_role("link", name=re.compile("Playground Bank")).first.click()
    page.get_by_role("button", name="Agree and connect").click()


def wait_for_lines(page, count):
    """Reloads until that many are there: a product asks Sage when it is looked at."""
    lines = page.locator("tr[data-number]")
    for _ in range(40):
        if lines.count() >= count:
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(lines).to_have_count(count)


def test_a_first_try_on_a_phone_by_keyboard_from_nothing_to_lines(opening, town):
    page = opening(viewport={"width": 390, "height": 844})
    page.goto(town.details["uiUrl"])
    page.get_by_role("button", name="Sage Accounting, United Kingdom").click()
    page.get_by_role("link", name=re.compile("^Connect bank")).first.click()
    agree(page)
    enter_on(sign_in(page, "Ada"))

    enter_on(page.frame_locator("iframe").get_by_role("button", name="OK"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**?said=connected")  # in words only while no line has come, which may be no time at all
    (account, *_) = town.http.get(f"{town.details['adminUrl']}/playground/accounts").json()
    assert 14 < account["lines"] <= 28
    wait_for_lines(page, account["lines"])
    assert town.verdict()["clean"]


def test_intacct_from_a_refusal_over_several_accounts_and_a_renewal_to_offboarding(opening, town, album):
    page = opening()
    page.goto(town.details["uiUrl"])
    page.get_by_role("button", name="Sage Intacct, United States: US", exact=True).click()
    home = page.url
    page.get_by_role("link", name="Connect Checking account").click()
    agree(page)
    expect(page.frame_locator("iframe").get_by_role("heading", name="Sign in")).to_be_visible()
    album.shoot(page, "playground-1-sign-in")
    refuse = sign_in(page, "Grace", "Refuse")
    album.shoot(page, "playground-2-consent")
    enter_on(refuse)
    expect(page.get_by_role("heading", name="No account was connected")).to_be_visible()
    album.shoot(page, "playground-3-failed")

    page.get_by_role("link", name="Try again").click()
    agree(page)
    enter_on(sign_in(page, "Grace"))
    picker = page.frame_locator("iframe")
    expect(picker.get_by_role("radio")).to_have_count(4)
    enter_on(picker.get_by_role("button", name="OK"))
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".tiles .status")).to_have_text("Pending confirmation")
    page.get_by_role("button", name="Confirm").click()
    desk = Desk(opening(), town)
    wait_for_lines(page, desk.count("Current account"))
    expect(page.locator(".tiles .status")).to_have_text("Connected")

    # multi-account linking
    page.get_by_role("link", name="Map accounts").click()
    page.get_by_role("main").get_by_role("link", name=re.compile("Playground Bank")).click()
    for theirs, ours in (("Savings account", "1210 Savings account"), ("Credit card", "1240 Company card")):
        row = page.get_by_role("row", name=re.compile(theirs))
        row.get_by_label("Account in your books").select_option(label=ours, timeout=20_000)
    album.shoot(page, "playground-4-map")
    page.get_by_role("button", name="Map", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("mapped")
    page.get_by_role("link", name="Open Company card").click()
    wait_for_lines(page, desk.count("Credit card"))
    page.goto(home)
    page.get_by_role("link", name="Open Savings account").click()
    savings = page.url
    wait_for_lines(page, desk.count("Savings account"))

    # lines sent from the desk
    desk.press("Savings account", "Send lines", "How many", "7")
    sent = desk.count("Savings account")
    desk.until("Savings account", f"{sent} of {sent} delivered")
    album.shoot(desk.page, "playground-5-desk")
    refresh = page.get_by_role("button", name="Refresh now")
    refresh.click()
    wait_for_lines(page, sent)
    balance = desk.balance("Savings account")
    expect(page.locator("tr[data-number]").first).to_contain_text(balance)
    expect(page.locator(".tiles .big")).to_have_text(f"{balance} USD")

    # re-authorisation
    desk.press("Savings account", "Ask for a new login")
    desk.until("Savings account", "waits for a new login")
    desk.press("Savings account", "Send lines", "How many", "2")
    refresh.click()
    expect(page.locator(".tiles .status")).to_have_text("Auth required")
    expect(page.locator("tr[data-number]")).to_have_count(sent)
    page.get_by_role("button", name="Reauthorize").click()
    expect(page.frame_locator("iframe").get_by_text("needs to be renewed")).to_be_visible()
    album.shoot(page, "playground-6-renew")
    enter_on(sign_in(page, "Grace"))
    page.wait_for_url(re.compile("said=renewed"))
    expect(page.locator(".tiles .status")).to_have_text("Connected")
    page.goto(savings)
    refresh.click()
    wait_for_lines(page, sent + 2)

    # offboarding, of one of the three
    page.get_by_role("link", name="Disconnect").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator(".tiles .status")).to_have_text("Disconnected")
    desk.until("Savings account", "not linked")
    desk.press("Savings account", "Send lines")
    desk.press("Credit card", "Send lines")
    page.goto(home)
    page.get_by_role("link", name="Open Company card").click()
    page.get_by_role("button", name="Refresh now").click()
    wait_for_lines(page, desk.count("Credit card"))
    page.goto(savings)
    expect(page.locator("tr[data-number]")).to_have_count(sent + 2)
    assert sorted(each["status"] for each in town.admin("GET", "/bankaccounts")) == ["active", "active", "cancelled"]
    assert town.verdict()["clean"]


class Desk:
    """The page behind the counter: a card for each account."""

    def __init__(self, page, town):
        self.page = page
        self.url = f"{town.details['adminUrl']}/playground"
        page.goto(self.url)

    def card(self, account):
        return self.page.get_by_role("region", name=re.compile(f"^{account}"))

    def _shown(self, account, label):
        self.page.goto(self.url)
        return re.search(rf"^{label}\s+(.+)$", self.card(account).inner_text(), re.MULTILINE)[1]

    def count(self, account):
        return int(self._shown(account, "Lines"))

    def balance(self, account):
        """As the product writes it: an overdrawn account has a minus there, no hyphen."""
        return self._shown(account, "Balance").replace("-", "\N{MINUS SIGN}")

    def press(self, account, button, label="", value=""):
        if label:
            self.card(account).get_by_label(label).fill(value)
        self.card(account).get_by_role("button", name=button).press("Enter")
        self.page.wait_for_load_state()

    def until(self, account, words):
        """Reloads: the bank tells Sage, or hears from it, in its own time."""
        for _ in range(40):
            if words in self.card(account).inner_text():
                break
            self.page.wait_for_timeout(100)
            self.page.goto(self.url)
        expect(self.card(account)).to_contain_text(words)


def test_behind_the_counter_in_french(opening, town, album):
    bank_id = next(b["bankId"] for b in town.admin("GET", "/banks") if b["name"].startswith("Playground"))
    page = opening("fr-FR")
    page.goto(f"{town.details['adminUrl']}/playground")
    page.get_by_label("Banque", exact=True).select_option(bank_id)
    page.get_by_label("Nom du client").fill("Zoé")
    page.get_by_label("Nom du compte").fill("Épargne")
    page.get_by_role("button", name="Ouvrir un compte").press("Enter")
    card = page.get_by_role("region", name=re.compile("Épargne"))
    expect(card).to_contain_text("non relié")
    assert re.search(r"\d,\d\d", card.inner_text())
    before = int(re.search(r"Lignes\s+(\d+)", card.inner_text())[1])
    card.get_by_role("button", name="Envoyer des lignes").press("Enter")
    expect(card.get_by_text(str(before + 5), exact=True)).to_be_visible()
    album.shoot(page, "playground-7-guichet")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Behind the counter")).to_be_visible()


def test_a_bank_listed_behind_the_counter_is_found_renamed_and_gone_in_the_product(opening, town, album):
    """Bank sync (10.6), in French; what the product shows to whoever comes too late."""
    desk = opening("fr")
    desk.goto(f"{town.details['adminUrl']}/playground")
    made = desk.locator("form").filter(has=desk.get_by_role("button", name="Inscrire une banque"))
    made.get_by_label("Nom de la banque").fill("Banque du Port")
    made.get_by_label("Pays").select_option("Royaume-Uni")
    made.get_by_role("button").press("Enter")
    expect(desk.locator("summary", has_text="Banque du Port, Royaume-Uni")).to_be_visible()

    page = opening("fr")
    page.goto(town.details["uiUrl"])
    page.get_by_role("button", name="Sage Active, Royaume-Uni: UK", exact=True).click()
    page.get_by_role("link", name=re.compile("^Connecter")).first.click()
    searched = page.url

    def search(name, count):
        page.goto(searched)
        page.get_by_role("searchbox").fill(name)
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("link", name=re.compile(name))).to_have_count(count)

    def change(bank, button, name):
        desk.locator("summary", has_text=f"{bank}, Royaume-Uni").click()
        card = desk.locator("details[open]")
        card.get_by_label("Nom de la banque").fill(name)
        album.shoot(desk, f"playground-8-{button}")
        card.get_by_role("button", name=button).press("Enter")
        desk.wait_for_load_state()

    search("Banque du Port", 1)
    change("Banque du Port", "Renommer", "Banque du Vieux-Port")
    search("Banque du Port", 0)
    search("Banque du Vieux-Port", 1)
    page.get_by_role("link", name=re.compile("Vieux-Port")).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    terms = page.url
    change("Banque du Vieux-Port", "Retirer", "")
    search("Banque du Vieux-Port", 0)
    album.shoot(page, "playground-9-none-found")

    page.goto(terms)
    expect(page.get_by_role("alert")).to_be_visible()
    album.shoot(page, "fr-16-message")
    page.goto(terms.replace("/ui/c/", "/ui/c/x"))
    album.shoot(page, "fr-17-outside")
    page.goto(f"{town.details['uiUrl']}/calls")
    page.locator("#calls summary").first.click()
    album.shoot(page, "calls")
