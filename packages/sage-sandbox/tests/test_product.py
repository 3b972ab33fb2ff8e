"""The Sage product: its profiles, its words, who may post to it, what it shows of a feed and when."""

import re
import string
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from sage_sandbox.app import open_world
from sage_sandbox.product.profiles import PRODUCTS, all_profiles
from sage_sandbox.product.tenancy import ProductCompany
from sage_sandbox.product.words import WORDS
from sage_sandbox.store import FileStore
from sage_sandbox.world import Addresses

GLOBAL = "AU CA ES IE NZ UK US ZA"
TABLE = {
    "Sage Accounting": "AE AU CA IE MY UK US ZA",
    "Sage 50c Accounts": "CA ES IE MY UK US ZA",
    "Sage 100 Contractor": "CA US",
    "Sage 100c Accounts": "US",
    "Sage 200c Accounts": "ES IE UK",
    "Sage 300 Accounts": GLOBAL,
    "Sage Evolution": "ZA",
    "Sage Intacct": GLOBAL,
    "Sage Intacct SIG": GLOBAL,
    "Sage Active": GLOBAL,
}


class User:
    """Somebody at one company's pages; the provider is played by the test."""

    def __init__(self, sandbox, profile="accounting.UK", language="en", **form):
        self.sandbox, self.http = sandbox, sandbox.http
        self.site = sandbox.details["adminUrl"]
        self.home = self.post("/ui/companies", profile=profile, language=language, **form).url.path

    def get(self, path):
        return self.http.get(self.site + path, follow_redirects=True)

    def post(self, path, headers=None, **form):
        return self.http.post(self.site + path, data=form, headers=headers, follow_redirects=True)

    def accounts(self):
        found = re.findall(r"/accounts/[^/\"]+", self.get(self.home).text)
        return [self.home + path for path in dict.fromkeys(found)]

    def agree(self, account, **form):
        return self.post(f"{account}/connect/{self.sandbox.details['bankId']}", **form)

    def connect(self, start="2026-01-01"):
        """With `autoReturn` and `autoPickAccount`: no page of the bank is needed."""
        account = self.accounts()[0]
        attempt = self.agree(account).url.path
        authorisation = self.sandbox.admin("GET", "/authorisations")[-1]
        patch = {"data": {"status": "success", "bankAccounts": [self.granted()]}}
        self.sandbox.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
        assert self.get(f"{attempt}/done").url.path == f"{attempt}/start-date"
        self.post(f"{attempt}/start-date", startDate=start)
        done = self.post(f"{attempt}/confirm")
        assert done.url.path == account, done.text
        return account

    def granted(self):
        return {
            "bankAccountExternalId": "ext-1",
            "accountName": "Current <b>1</b>",
            "bankIdentifier": "cust-1",
            "accountIdentifier": "number-1",
        }

    def at_sage(self):
        """The bank account as the provider needs it for a statement, whose token may have run out meanwhile."""
        self.sandbox.token = None
        return self.sandbox.admin("GET", "/bankaccounts")[-1]

    def lines(self, account):
        """Days, amounts and balances as they are shown."""
        return lines_of(self.get(account))


def lines_of(page):
    found = re.findall(r'<tr role="row" data-number="\d+">(.*?)</tr>', page.text, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found]
    return [
        (re.findall(r'datetime="([^"]*)"', row[0])[0], row[2] or "-" + row[3], unescape(row[4]))
        for row in cells
    ]  # fmt: skip


def status_of(page):
    return unescape(re.findall(r'<dd><span class="status [a-z]+">([^<]*)<', page.text)[0])


@pytest.fixture(autouse=True)
def _as_registered_first(sandbox):
    """A reset leaves registrations alone: the first cluster's bank is the provider's, the other's nobody's."""
    sandbox.world.first_of("us")[1].callbacks = None
    first = sandbox.world.first_of("eu")[1]
    first.name, first.country_code = "Default bank (powered by your provider)", "GBR"


@pytest.fixture
def user(wired):
    return User(wired)


# --- what there is to choose ------------------------------------------------------------------------------------------


def test_products_and_regions_are_those_of_sages_table():
    assert {product.name: " ".join(product.regions) for product in PRODUCTS.values()} == TABLE
    assert len(all_profiles()) == 54


def test_every_profile_has_a_zone_of_its_own_country_and_an_application():
    for profile in all_profiles():
        assert profile.zone.utcoffset(datetime.now(UTC)) is not None
        assert re.fullmatch(r"sage\.[a-z]{2}\.[a-z0-9-]+", profile.application)
    zones = {profile.region.key: profile.region.zone for profile in all_profiles()}
    assert zones["US"] == "America/Los_Angeles"
    assert zones["NZ"] == "Pacific/Auckland"


def test_both_languages_say_the_same_things_with_the_same_values():
    def fields(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, french = WORDS["en"].texts, WORDS["fr"].texts
    assert set(french) <= set(english)
    missing = set(english) - set(french)
    assert {re.sub(r"\.(accounting|intacct|active|desktop)(\.[A-Z]{2})?$", "", key) for key in missing} <= set(french)
    differing = {key for key in french if key != "bank.unreachable" and fields(french[key]) != fields(english[key])}
    assert differing == set()


@pytest.mark.parametrize(("language", "title"), [("en", "Choose a Sage product"), ("fr", "Choisissez un produit Sage")])
def test_the_first_page_offers_every_product_and_region(sandbox, language, title):
    page = sandbox.http.get(sandbox.details["uiUrl"], headers={"accept-language": f"{language}-XX,en;q=0.5"})
    assert page.headers["content-language"] == language
    assert title in page.text
    offered = set(re.findall(r'name="profile" value="([^"]+)"', page.text))
    assert offered == {f"{profile.product.key}.{profile.region.key}" for profile in all_profiles()}


@pytest.mark.parametrize("profile", ["accounting.NZ", "nothing.UK", "accounting", "", "100c.UK"])
def test_a_product_that_is_not_sold_there_is_not_opened(sandbox, profile):
    answer = sandbox.http.post(f"{sandbox.details['uiUrl']}/companies", data={"profile": profile})
    assert answer.status_code == 400
    assert sandbox.world.book.product_companies == {}


# --- whose pages they are -----------------------------------------------------------------------------------------------


def test_pages_bring_nothing_from_elsewhere_and_may_not_be_framed(user):
    page = user.get(user.home)
    policy = page.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"):
        assert rule in policy
    assert page.headers["cache-control"] == "no-store"
    outside = re.findall(r'(?:src|href|action)="((?:https?:)?//[^"]*)"', page.text)
    assert outside == []


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "null", "http://localhost.evil.example"]
)
def test_a_form_of_another_sites_is_refused_and_changes_nothing(user, origin):
    before = user.get(user.home).text
    answer = user.post(f"{user.home}/accounts", {"origin": origin}, name="X", kind="current", currency="GBP")
    assert answer.status_code == 403
    assert user.get(user.home).text == before


def test_a_form_of_the_products_own_site_is_taken(user):
    port = user.site.rsplit(":", 1)[1]
    headers = {"origin": f"http://intacct.localhost:{port}"}
    answer = user.post(f"{user.home}/accounts", headers, name="Till <1>", kind="current", currency="gbp")
    assert answer.status_code == 200
    assert "Till &lt;1&gt;" in answer.text


def test_behind_a_proxy_the_browsers_own_origin_is_the_public_one(user):
    world, own = user.sandbox.world, user.sandbox.world.addresses
    world.addresses = Addresses("https://sage.example")
    try:
        form = {"language": "fr"}
        for origin, status in (("https://sage.example", 303), ("https://evil.example", 403)):
            headers = {"origin": origin, "host": "sage.example"}
            assert user.http.post(f"{user.site}{user.home}/language", data=form, headers=headers).status_code == status
    finally:
        world.addresses = own


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "kind": "current", "currency": "GBP"},
        {"name": "A", "kind": "other", "currency": "GBP"},
        {"name": "A", "kind": "current", "currency": "G1P"},
    ],
)
def test_an_account_needs_a_name_a_type_and_a_currency(user, form):
    assert user.post(f"{user.home}/accounts", **form).status_code == 400
    assert len(user.accounts()) == 3


def test_a_company_that_is_gone_is_told_so(user):
    user.sandbox.admin("POST", "/reset")
    assert user.get(user.home).status_code == 404
    assert "This company is gone" in user.get(user.home).text


def test_the_language_changes_and_one_stays_where_one_is(user):
    account = user.accounts()[0]
    page = user.post(f"{user.home}/language", language="fr", here=account)
    assert page.url.path == account
    assert "Opérations bancaires reçues" in page.text
    assert user.post(f"{user.home}/language", language="en", here="//evil.example/").url.path == user.home


# --- connecting -----------------------------------------------------------------------------------------------------------


def test_the_bank_hears_what_was_chosen_and_the_calls_are_the_consumer_apis(user):
    account = user.connect(start="2026-02-03")
    linked = user.at_sage()
    assert linked["requestedStartDate"].startswith("2026-02-03T00:00:00")
    assert (linked["defaultCurrency"], linked["externalId"]) == ("GBP", "ext-1")
    assert "Current &lt;b&gt;1&lt;/b&gt;" in user.get(account).text
    seen = {
        (call["method"], call["url"].split("?")[0].rsplit("/", 1)[-1]) for call in user.sandbox.admin("GET", "/calls")
    }
    wanted = {
        ("POST", "organisations"),
        ("GET", "accesstoken"),
        ("GET", "indirectlinkaccount"),
        ("POST", "bankaccounts"),
    }
    assert wanted | {("GET", "transactions")} <= seen


def test_a_beta_bank_asks_for_its_six_digits(user):
    beta = {"name": "Beta bank", "countryCode": "GBR", "inviteCode": "123456"}
    user.sandbox.admin("POST", "/banks", beta | {"inviteCode": "12345"}, 400)
    bank_id = user.sandbox.admin("POST", "/banks", beta)["bankId"]
    account = user.accounts()[0]
    for code in ("", "654321"):
        assert user.post(f"{account}/connect/{bank_id}", code=code).status_code == 400
    assert user.sandbox.admin("GET", "/authorisations") == []
    assert user.post(f"{account}/connect/{bank_id}", code="123 456").status_code == 200
    assert len(user.sandbox.admin("GET", "/authorisations")) == 1


@pytest.mark.parametrize("country", ["", "GBR"])
def test_institutions_are_found_by_country_and_name(user, country):
    account = user.accounts()[0]
    assert "Default bank (" in user.get(f"{account}/connect?country={country}&name=FAULT+bank").text
    assert "No institution is found" in user.get(f"{account}/connect?country={country}&name=nothing").text
    assert "No institution is found" in user.get(f"{account}/connect?country=ZAF").text


def test_an_account_that_is_not_listed_ends_without_one(wired):
    wired.settings(autoPickAccount=False)
    user = User(wired)
    attempt = user.agree(user.accounts()[0]).url.path
    authorisation = wired.admin("GET", "/authorisations")[-1]
    patch = {"data": {"status": "success", "bankAccounts": [user.granted()]}}
    wired.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
    assert user.http.get(f"{user.site}{attempt}/state").json()["next"] is None
    address = f"{authorisation['redirectUri']}?state={authorisation['state']}"
    picker = user.http.get(address)
    assert 'target="_top"' in picker.text
    assert f"frame-ancestors {user.site}" in picker.headers["content-security-policy"]
    ended = user.http.post(address, data={"account": "not-listed"}, follow_redirects=True)
    assert "No account was connected" in ended.text
    assert user.http.get(f"{user.site}{attempt}/state").json()["next"] == f"{attempt}/done"
    assert user.get(f"{attempt}/start-date").url.path == f"{attempt}/done"


@pytest.mark.parametrize("start", ["", "soon", "2999-01-01"])
def test_a_start_date_is_a_day_that_has_come(user, start):
    attempt = user.agree(user.accounts()[0]).url.path
    authorisation = user.sandbox.admin("GET", "/authorisations")[-1]
    patch = {"data": {"status": "success", "bankAccounts": [user.granted()]}}
    user.sandbox.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
    user.get(f"{attempt}/done")
    assert user.post(f"{attempt}/start-date", startDate=start).status_code == 400
    assert user.sandbox.admin("GET", "/bankaccounts") == []


@pytest.mark.parametrize(("profile", "days"), [("accounting.UK", 90), ("active.UK", 30)])
def test_the_start_date_proposed_is_the_products_usual_history(wired, profile, days):
    user = User(wired, profile)
    attempt = user.agree(user.accounts()[0]).url.path
    authorisation = wired.admin("GET", "/authorisations")[-1]
    patch = {"data": {"status": "success", "bankAccounts": [user.granted()]}}
    wired.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
    proposed = re.findall(r'name="startDate" value="([^"]*)"', user.get(f"{attempt}/done").text)
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).date()
    assert proposed == [(today - timedelta(days=days)).isoformat()]


def test_intacct_tells_the_bank_when_the_user_has_confirmed(wired, make):
    user = User(wired, "intacct.UK")
    account = user.accounts()[0]
    attempt = user.agree(account).url.path
    authorisation = wired.admin("GET", "/authorisations")[-1]
    assert status_of(user.get(account)) == "Connection requested"
    patch = {"data": {"status": "success", "bankAccounts": [user.granted()]}}
    wired.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
    user.get(f"{attempt}/done")
    page = user.post(f"{attempt}/start-date", startDate="2026-01-01")
    assert (page.url.path, status_of(page)) == (account, "Pending confirmation")
    assert wired.admin("GET", "/bankaccounts") == []
    assert status_of(user.post(f"{attempt}/confirm")) == "Pending"
    wired.deliver(user.at_sage(), [make.line("a")], balance=100)
    assert status_of(user.get(account)) == "Connected"


def test_where_the_banking_service_waits_for_a_confirm_there_is_one(wired):
    wired.settings(pendingConfirmation=True)
    user = User(wired)
    account = user.connect()
    assert status_of(user.get(account)) == "Waiting for you"
    assert user.sandbox.admin("GET", "/bankaccounts")[0]["status"] == "pendingConfirmation"
    assert status_of(user.post(f"{account}/confirm")) == "Waiting for first transactions"
    assert user.sandbox.admin("GET", "/bankaccounts")[0]["status"] == "pending"


def test_the_same_account_is_not_connected_twice_and_the_user_is_told(user):
    user.connect()
    second = user.accounts()[1]
    attempt = user.agree(second).url.path
    authorisation = user.sandbox.admin("GET", "/authorisations")[-1]
    patch = {"data": {"status": "success", "bankAccounts": [user.granted()]}}
    user.sandbox.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", patch)
    user.get(f"{attempt}/done")
    user.post(f"{attempt}/start-date", startDate="2026-01-01")
    refused = user.post(f"{attempt}/confirm")
    assert refused.status_code == 502
    assert "409: The account is connected already" in refused.text
    assert len(user.sandbox.admin("GET", "/bankaccounts")) == 1


# --- what is shown ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["accounting.US", "accounting.UK", "accounting.ZA", "intacct.NZ"])
def test_business_dates_are_the_same_days_everywhere(wired, make, profile):
    user = User(wired, profile)
    account = user.connect()
    days = ["2026-01-01", "2026-03-29", "2026-06-30", "2026-12-31"]
    wired.advance(400 * 86_400)
    wired.token = None
    wired.deliver(user.at_sage(), [make.line(on, on=on) for on in days], balance=400)
    assert [on for on, _, _ in user.lines(account)] == days[::-1]


@pytest.mark.parametrize(("profile", "on"), [("accounting.US", "2026-03-01"), ("intacct.NZ", "2026-03-02")])
def test_an_instant_late_in_the_day_is_another_day_in_the_products_zone(wired, make, profile, on):
    user = User(wired, profile)
    account = user.connect()
    late = "2026-03-02T02:00:00Z" if profile.endswith("US") else "2026-03-01T13:00:00Z"
    wired.deliver(user.at_sage(), [make.line("a", datePosted=late)], balance=100)
    assert [shown for shown, _, _ in user.lines(account)] == [on]


def test_balances_run_from_what_the_bank_said_after_each_statement(user, make):
    account = user.connect()
    at_sage = user.at_sage()
    user.sandbox.deliver(at_sage, [make.line("a", 500), make.line("b", -123_456)], balance=77_044)
    user.sandbox.deliver(at_sage, [make.line("c", 1)], balance=77_045)
    page = user.get(account)
    shown = [(amount, balance) for _, amount, balance in lines_of(page)]
    assert shown == [("0.01", "770.45"), ("-1,234.56", "770.44"), ("5.00", "2,005.00")]
    assert "770.45 GBP" in page.text


def test_pages_of_transactions_follow_each_other_without_a_gap(user, make):
    account = user.connect()
    user.sandbox.settings(transactionIdGap=7)
    at_sage = user.at_sage()
    for part in range(3):
        lines = [make.line(f"{part}-{n}", 100) for n in range(40)]
        user.sandbox.deliver(at_sage, lines, balance=4000 * (part + 1))
    balances, path = [], account
    while path:
        page = user.get(path)
        balances += [balance for _, _, balance in lines_of(page)]
        older = re.findall(r'href="([^"]*\?before=\d+)" rel="next"', page.text)
        path = older[0] if older else ""
    assert balances == [f"{n}.00" for n in range(120, 0, -1)]


def test_new_lines_come_with_the_products_rhythm_or_when_asked_for(wired, make):
    user = User(wired, "intacct.UK")
    account = user.connect()
    wired.deliver(user.at_sage(), [make.line("a")], balance=100)
    assert len(user.lines(account)) == 1
    wired.deliver(user.at_sage(), [make.line("b")], balance=200)
    wired.advance(3 * 3600)
    assert len(user.lines(account)) == 1
    wired.advance(3700)
    assert len(user.lines(account)) == 2
    wired.deliver(user.at_sage(), [make.line("c")], balance=300)
    assert len(lines_of(user.post(f"{account}/refresh"))) == 3


@pytest.mark.parametrize(("profile", "at_once"), [("50c.UK", False), ("accounting.UK", True)])
def test_todays_lines_show_at_once_or_tomorrow(wired, make, profile, at_once):
    user = User(wired, profile)
    account = user.connect()
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/London")).date().isoformat()
    wired.deliver(user.at_sage(), [make.line("a", on=today)], balance=100)
    assert bool(user.lines(account)) is at_once
    wired.advance(86_400)
    assert len(user.lines(account)) == 1


def test_a_banking_service_in_trouble_leaves_the_page_as_it_was(user, make):
    account = user.connect()
    user.sandbox.deliver(user.at_sage(), [make.line("a")], balance=100)
    assert len(user.lines(account)) == 1
    user.sandbox.advance(86_401)
    user.sandbox.fault("GET /organisations/{o}/companies/{c}/bankaccounts/{b}/transactions", "status", status=503)
    page = user.get(account)
    assert page.status_code == 200
    assert "answered 503" in page.text
    assert len(lines_of(page)) == 1


def test_a_token_that_has_run_out_is_renewed_unnoticed(user):
    account = user.connect()
    user.sandbox.advance(1201)
    page = user.get(account)
    assert 'role="alert"' not in page.text
    assert status_of(page) == "Waiting for first transactions"


@pytest.mark.parametrize(("profile", "left"), [("accounting.UK", 0), ("intacct.UK", 1)])
def test_disconnecting_ends_the_feed_for_good(wired, make, profile, left):
    user = User(wired, profile)
    account = user.connect()
    wired.deliver(user.at_sage(), [make.line("a")], balance=100)
    user.get(account)
    page = user.post(f"{account}/disconnect")
    assert status_of(page) == "Disconnected"
    assert len(lines_of(page)) == left
    assert user.at_sage()["status"] == "cancelled"
    assert [n["type"] for n in wired.admin("GET", "/notifications")][-1] == "resourceDeleted"
    again = user.post(f"{account}/disconnect")
    assert again.status_code == 200


def test_a_bank_that_asks_for_a_new_sign_in_is_told_of_until_it_has_one(user, make):
    account = user.connect()
    user.sandbox.deliver(user.at_sage(), [make.line("a")], balance=100)
    user.get(account)
    user.sandbox.deliver(user.at_sage(), [], status="authRequired", balance=None)
    user.sandbox.advance(86_401)
    assert "Your bank asks you to sign in again" in user.get(user.home).text
    attempt = user.post(f"{account}/reauthorise").url.path
    assert status_of(user.get(account)) == "Checking sign-in"
    authorisation = user.sandbox.admin("GET", "/authorisations")[-1]
    assert authorisation["kind"] == "reauth"
    user.sandbox.token = None
    user.sandbox.papi(
        "PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", {"data": {"status": "success"}}
    )
    done = user.get(f"{attempt}/done")
    assert (done.url.path, status_of(done)) == (account, "Connected")


@pytest.mark.parametrize("profile", ["accounting.UK", "active.ES"])
def test_only_intacct_maps_accounts(wired, profile):
    user = User(wired, profile)
    assert "Map accounts" not in user.get(user.home).text
    assert user.get(f"{user.home}/map").status_code == 404


def test_companies_are_there_again_after_a_restart(tmp_path):
    world = open_world(FileStore(tmp_path / "sandbox.db"))
    company = ProductCompany(
        company_key="c", product="intacct", region="NZ", cluster="eu", language="fr", name="Kiwi", organisation_id="o",
        company_id="p", signing_key="s", created_at=datetime.now(UTC),
    )  # fmt: skip
    world.keep(company)
    world.store.commit()
    world.store.close()
    again = open_world(FileStore(tmp_path / "sandbox.db"))
    assert again.book.product_companies == {"c": company}
    again.store.close()
