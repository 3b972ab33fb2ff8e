"""The example as a browser sees it: real requests against the app, and Bankfeeds' API by a script of its answers."""

import asyncio
import html
import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest

from bank_app.app import make_app
from bank_app.config import SAGE_HOSTS, Config

FOLDER = Path(__file__).parents[1]
STATE = "5e55104e-2222-4000-8000-00000000000a"
BANK = "0b7f3c0e-1111-4000-8000-00000000000b"
DRIVE = "https://snd01eu.sagebankdrive.com/api/v1/indirectredirect/77?e2e=a%2Fb%26c&x=1"
MONEY = "https://money.sage.com/api/v1/indirectredirect/77"
HARBOUR = {"customer": " Harbour ", "pin": "1234"}


class Bankfeeds:
    """Its HTTP API in a few lines; `authorization` is what it answers to PUT authorization, one after the other."""

    def __init__(self):
        self.asked = []
        self.accounts = []
        self.authorization = [200]
        self.refusal = 204
        self.is_reachable, self.is_broken = True, False

    def __call__(self, request):
        if not self.is_reachable:
            raise httpx2.ConnectError("refused")
        path, body = request.url.path, json.loads(request.content, parse_float=Decimal) if request.content else None
        self.asked.append((request.method, path, body))
        assert request.headers["authorization"] == "Basic a2V5"
        if request.method == "DELETE":
            return httpx2.Response(self.refusal)
        if path.endswith("/authorization"):
            status = self.authorization.pop(0) if len(self.authorization) > 1 else self.authorization[0]
            return httpx2.Response(status, json={"id": "x"})
        if path.endswith("/bankFeedAccounts"):
            if request.method == "POST":
                self.accounts.append(body)
                return httpx2.Response(200, json={"id": body["id"]})
            return httpx2.Response(200, json=[{"id": each["id"]} for each in self.accounts])
        if path.endswith("/otp") and self.is_broken:
            return httpx2.Response(200, json={})
        if path.endswith("/otp"):
            return httpx2.Response(200, json={"otp": "K7QMAB", "expiry": "2026-02-03T13:00:00Z"})
        return httpx2.Response(200, json={"id": "c" if path == "/companies" else "x"})

    def made(self, path):
        return [body for method, asked, body in self.asked if (method, asked) == ("POST", path)]


class Browser:
    """Without scripts; `cookies` are kept only where a test says so."""

    def __init__(self, app):
        self._app = app
        self.cookies = {}

    def get(self, path):
        return self._send("GET", path)

    def post(self, path, **form):
        return self._send("POST", path, data=form)

    def _send(self, method, path, **more):
        async def send():
            transport = httpx2.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(
                transport=transport, base_url="https://bank.example", cookies=self.cookies
            ) as http:
                return await http.request(method, path, **more)

        return asyncio.run(send())


class Clock:
    def __init__(self):
        self.now = datetime.fromisoformat("2026-02-03T12:03:00Z").timestamp()

    def __call__(self):
        return self.now


@pytest.fixture
def bankfeeds():
    return Bankfeeds()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def browser(bankfeeds, clock, tmp_path):
    config = Config("https://feeds.example", "Basic a2V5", tmp_path / "links.json")
    return Browser(make_app(config, clock, httpx2.MockTransport(bankfeeds)))


def arrive(browser, redirect_uri=DRIVE):
    return browser.get(f"/link?authorizationId={STATE}&redirectUri={quote(redirect_uri, safe='')}&bankId={BANK}")


def secret_in(response):
    return re.search(r'name="session" value="([^"]+)"', response.text)[1]


def agreed(browser, redirect_uri=DRIVE):
    """Through the sign-in, up to the consent."""
    return browser.post("/link/sign-in", session=secret_in(arrive(browser, redirect_uri)), **HARBOUR)


@pytest.mark.parametrize(
    ("redirect_uri", "back"), [(DRIVE, f"{DRIVE}&state={STATE}"), (MONEY, f"{MONEY}?state={STATE}")]
)
def test_a_customer_goes_back_to_either_host_of_sages_exactly_as_supplied(browser, bankfeeds, redirect_uri, back):
    consent = agreed(browser, redirect_uri)
    assert "Trading account" in consent.text
    assert bankfeeds.asked == []

    answer = browser.post("/link/consent", session=secret_in(consent))

    assert (answer.status_code, answer.headers["location"]) == (303, back)
    assert bankfeeds.asked[-1] == (
        "PUT",
        "/companies/c/connections/x/authorization",
        {"authorizationId": STATE, "bankId": BANK},
    )
    assert [each["id"] for each in bankfeeds.accounts] == ["acc-001", "acc-002"]


def test_company_connection_and_accounts_are_made_once_and_new_accounts_are_added(browser, bankfeeds):
    for _ in range(2):
        browser.post("/link/consent", session=secret_in(agreed(browser)))
        bankfeeds.accounts.pop()

    assert len(bankfeeds.made("/companies")) == 1
    assert bankfeeds.made("/companies/c/connections") == [{"platformKey": "olpr"}]
    assert [each["id"] for each in bankfeeds.accounts] == ["acc-001"]
    assert len(bankfeeds.made("/companies/c/connections/x/connectionInfo/bankFeedAccounts")) == 3


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://evil.example/?x=.sage.com",
        "https://sage.com.evil.example/",
        "http://money.sage.com/",
        "https://money.sage.com@evil.example/",
        "https://money.sage.com:8443/",
        "https://evil.example\\@money.sage.com/",
        "https:money.sage.com",
        "javascript:alert(1)",
        "https://[",
        "",
    ],
)
def test_nobody_else_is_returned_to(browser, redirect_uri):
    response = arrive(browser, redirect_uri)

    assert response.status_code == 400
    assert "evil" not in response.text
    assert "<form" not in response.text


def test_a_session_that_ends_midway_is_told_and_the_customer_may_sign_in_again(browser, bankfeeds, clock):
    arrived, consent = arrive(browser), agreed(browser)
    clock.now += 600

    answers = [
        browser.post("/link/sign-in", session=secret_in(arrived), **HARBOUR),
        browser.post("/link/consent", session=secret_in(consent)),
        browser.post("/link/consent", session="guessed"),
        browser.post("/link/consent"),
    ]

    assert [answer.status_code for answer in answers] == [410] * 4
    assert ["Sign in again" in answer.text for answer in answers] == [True, True, False, False]
    assert bankfeeds.asked == []
    again = browser.get(html.unescape(re.search('href="(/link[^"]+)"', answers[0].text)[1]))
    consent = browser.post("/link/sign-in", session=secret_in(again), **HARBOUR)
    assert browser.post("/link/consent", session=secret_in(consent)).headers["location"] == f"{DRIVE}&state={STATE}"


def test_consent_needs_a_sign_in_and_the_secret_changes_with_it(browser, bankfeeds):
    before = secret_in(arrive(browser))
    assert browser.post("/link/consent", session=before).status_code == 410
    consent = browser.post("/link/sign-in", session=before, **HARBOUR)

    assert secret_in(consent) != before
    assert browser.post("/link/sign-in", session=before, **HARBOUR).status_code == 410
    assert bankfeeds.asked == []


def test_a_wrong_pin_is_the_form_again(browser):
    arrived = arrive(browser)

    answer = browser.post("/link/sign-in", session=secret_in(arrived), customer="harbour", pin="9999")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert secret_in(answer) == secret_in(arrived)


def test_who_cancels_is_sent_back_to_sage_which_has_been_told_and_the_session_is_over(browser, bankfeeds):
    consent = agreed(browser)
    assert 'formaction="/link/cancel" formnovalidate' in consent.text

    answer = browser.post("/link/cancel", session=secret_in(consent))

    assert (answer.status_code, answer.headers["location"]) == (303, f"{DRIVE}&state={STATE}")
    assert bankfeeds.asked == [("DELETE", f"/authorizations/{STATE}", None)]
    assert browser.post("/link/consent", session=secret_in(consent)).status_code == 410


@pytest.mark.parametrize(("status", "is_reachable"), [(404, True), (409, True), (503, True), (204, False)])
def test_who_cancels_when_sage_cannot_be_told_is_told_to_close_the_page_there(browser, bankfeeds, status, is_reachable):
    consent = agreed(browser)
    bankfeeds.refusal, bankfeeds.is_reachable = status, is_reachable

    answer = browser.post("/link/cancel", session=secret_in(consent))

    assert (answer.status_code, "Close this page in Sage" in answer.text) == (200, True)


def test_a_cancel_of_a_session_that_is_not_there_asks_nobody(browser, bankfeeds):
    assert browser.post("/link/cancel", session="guessed").status_code == 200
    assert bankfeeds.asked == []


def test_sages_own_session_that_ended_meanwhile_is_told_too(browser, bankfeeds):
    bankfeeds.authorization = [404]

    answer = browser.post("/link/consent", session=secret_in(agreed(browser)))

    assert (answer.status_code, "location" in answer.headers) == (410, False)


@pytest.mark.parametrize(("status", "offers_another_sign_in"), [(403, True), (409, False)])
def test_an_authorisation_that_is_declined_is_told(browser, bankfeeds, status, offers_another_sign_in):
    bankfeeds.authorization = [status]

    answer = browser.post("/link/consent", session=secret_in(agreed(browser)))

    assert (answer.status_code, "Nothing was linked" in answer.text) == (status, True)
    assert ("Sign in again" in answer.text) == offers_another_sign_in


def test_a_second_click_is_answered_like_the_first(browser, bankfeeds):
    consent = agreed(browser)

    answers = [browser.post("/link/consent", session=secret_in(consent)) for _ in range(2)]

    assert [answer.headers["location"] for answer in answers] == [f"{DRIVE}&state={STATE}"] * 2
    assert len(bankfeeds.made("/companies")) == 1


@pytest.mark.parametrize("status", [503, 500, 429, 502])
def test_a_sage_that_does_not_answer_leaves_the_button_and_the_next_press_goes_on(browser, bankfeeds, status):
    bankfeeds.authorization = [status, 200]

    again = browser.post("/link/consent", session=secret_in(agreed(browser)))
    assert (again.status_code, "Sage has not answered yet" in again.text) == (503, True)

    assert browser.post("/link/consent", session=secret_in(again)).status_code == 303


def test_only_sage_may_frame_the_pages_of_linking_and_nobody_the_others(browser):
    framed, own = arrive(browser), browser.get("/")
    policies = [
        dict(part.split(" ", 1) for part in each.headers["content-security-policy"].split("; "))
        for each in (framed, own)
    ]
    sage = " ".join(f"https://{host}" for host in SAGE_HOSTS)

    assert policies[0]["frame-ancestors"] == policies[0]["form-action"] == f"'self' {sage}"
    assert (policies[1]["frame-ancestors"], policies[1]["form-action"]) == ("'none'", "'self'")
    for page in (framed, own):
        assert "x-frame-options" not in page.headers
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "<style" not in page.text
        assert "style=" not in page.text


def test_no_cookie_is_set_in_the_frame_and_no_secret_stands_in_an_address(browser):
    for page in (arrive(browser), agreed(browser)):
        assert "set-cookie" not in page.headers
        for address in re.findall(r'(?:href|action|src)="([^"]+)"', page.text):
            assert secret_in(page) not in address
            assert set(parse_qs(urlsplit(address).query)) <= {"e2e", "x", "amp;x", "state", "amp;state"}


def test_the_codes_are_shown_to_who_is_signed_in_and_a_password_only_when_asked_for(browser, bankfeeds):
    assert "K7QMAB" not in browser.post("/codes").text
    signed = browser.post("/sign-in", **HARBOUR)
    cookie = signed.headers["set-cookie"]
    assert all(word in cookie.lower() for word in ("httponly", "secure", "samesite=strict"))
    browser.cookies = {"bank_session": re.search("bank_session=([^;]+)", cookie)[1]}

    home = browser.get("/")
    assert "readonly>x</textarea>" in home.text
    assert not [path for _, path, _ in bankfeeds.asked if path.endswith("/otp")]

    shown = browser.post("/codes")
    assert 'value="K7QMAB"' in shown.text
    assert "for the next 57 minutes (until 13:00 UTC)" in shown.text
    assert "K7QMAB" not in browser.get("/").text
    for product in ("Sage Accounting", "Sage Intacct"):
        assert product in shown.text

    browser.post("/sign-out")
    assert "Sign in to your bank" in browser.get("/").text


def test_bankfeeds_out_of_reach_is_told(browser, bankfeeds):
    bankfeeds.is_reachable = False

    answer = browser.post("/link/consent", session=secret_in(agreed(browser)))

    assert (answer.status_code, "press the button again" in answer.text) == (503, True)


def test_a_mistake_of_ours_is_a_page_too_and_shows_nothing_of_it(browser, bankfeeds):
    bankfeeds.is_broken = True
    browser.cookies = {
        "bank_session": re.search("bank_session=([^;]+)", browser.post("/sign-in", **HARBOUR).headers["set-cookie"])[1]
    }

    answer = browser.post("/codes")

    assert (answer.status_code, "Please try again in a moment" in answer.text) == (500, True)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "KeyError" not in answer.text


def test_what_is_too_long_is_refused_unread(browser):
    assert browser.post("/link/sign-in", session="x" * 20_000).status_code == 413
    assert browser.post("/link/sign-in", **{f"f{n}": "x" for n in range(50)}).status_code == 410


def test_the_app_knows_nothing_of_bankfeeds_but_its_http_api():
    sources = [file.read_text(encoding="utf-8") for file in FOLDER.rglob("*.py")]

    assert len(sources) > 5
    assert not [
        text for text in sources if re.search(r"^\s*(?:from|import) (?:bankfeeds|sage_sandbox)\b", text, re.MULTILINE)
    ]


def test_balances_are_sent_exactly(browser, bankfeeds):
    browser.post("/link/consent", session=secret_in(agreed(browser)))

    assert [str(each["balance"]) for each in bankfeeds.accounts] == ["1204.50", "8000.00"]
