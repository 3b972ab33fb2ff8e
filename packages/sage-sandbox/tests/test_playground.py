"""The playground bank goes through every flow of section 10 with nothing else running, by API alone."""

import re
from urllib.parse import urlsplit

import pytest


class Bank:
    """A customer of the playground, and who stands behind its counter, over HTTP."""

    def __init__(self, sandbox):
        self.sandbox, self.http = sandbox, sandbox.http
        self.origin = sandbox.details["adminUrl"]
        self.url = f"{self.origin}/playground"

    def call(self, method, path, body=None, status=None):
        response = self.http.request(method, f"{self.url}{path}", json=body)
        assert response.status_code in ({status} if status else {200, 201, 202, 204}), response.text
        return response.json() if response.content else None

    def banks(self, country="GBR"):
        headers = {"x-application": self.sandbox.details["xApplication"]}
        query = {"name": "playground", "country": country}
        return self.http.get(f"{self.sandbox.details['consumerUrl']}/banks", params=query, headers=headers).json()

    def page(self, redirect):
        """What the customer's browser finds: Sage's page, and in its script the way to the bank's own."""
        embedded = self.http.get(redirect)
        assert embedded.status_code == 200, embedded.text
        target = re.search(r'window\.location = "([^"]+)"', embedded.text)[1]
        assert urlsplit(target).hostname == "playground.localhost"
        return self.origin + urlsplit(target).path

    def log_in(self, redirect, customer="", decision="allow", language="en"):
        """Through the pages, back to Sage."""
        page = self.page(redirect)
        assert self.http.get(page, params={"lang": language}).status_code == 200
        consent = self.http.post(page, params={"lang": language}, data={"step": "signIn", "customer": customer})
        assert consent.status_code == 200, consent.text
        chosen = {"decision": decision, "customer": re.search(r'name="customer" value="([^"]*)"', consent.text)[1]}
        back = self.http.post(page.replace("/login/", "/consent/"), data=chosen)
        assert back.status_code == 303, back.text
        assert self.http.get(back.headers["location"]).status_code == 200
        return consent.text

    def accounts(self):
        return self.call("GET", "/accounts")

    def account(self, external_id):
        return next(each for each in self.accounts() if each["externalId"] == external_id)


@pytest.fixture(scope="module")
def town(make):
    running = make.sandbox(playground=True)
    yield running
    running.close()


@pytest.fixture
def sandbox(town):
    town.admin("POST", "/reset")
    town.token = None
    town.settings(requestsPerSecond=0, processingMs=0, autoPickAccount=True)
    return town


@pytest.fixture
def bank(sandbox):
    return Bank(sandbox)


@pytest.fixture
def product(sandbox):
    return sandbox.product()


def status_of(product, account):
    return product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"]


def lines_of(product, account):
    page = product.call("GET", f"/bankaccounts/{account['bankAccountId']}/transactions?startIndex=1").json()
    return page["bankTransactionList"]["transactions"]


def connect(bank, product, start="2026-01-01", customer="", bank_id=None):
    bank_id = bank_id or bank.banks()[0]["bankId"]
    opened = product.connect(bank_id)
    bank.log_in(opened["redirect"], customer)
    picked = product.poll(opened["pollRoute"])
    assert picked["success"] is True
    return product.open_account(picked["account"], start, bankId=bank_id)


@pytest.fixture
def account(bank, product, make):
    linked = connect(bank, product)
    make.eventually(lambda: status_of(product, linked) == "active")
    return linked


def external_id_of(bank, account):
    return next(
        a["externalId"] for a in bank.accounts() for f in a["feeds"] if f["bankAccountId"] == account["bankAccountId"]
    )


def clean(sandbox):
    verdict = sandbox.verdict()
    assert verdict["clean"], verdict
    return True


# --- the flows -------------------------------------------------------------------------------------------------------


def test_onboarding_brings_a_first_statement_by_itself(sandbox, bank, product, make):
    account = connect(bank, product)
    assert account["status"] == "pending"
    make.eventually(lambda: status_of(product, account) == "active")
    lines = make.eventually(lambda: lines_of(product, account))
    assert len(lines) == bank.account(external_id_of(bank, account))["lines"]
    assert [line["datePosted"] for line in lines] == sorted(line["datePosted"] for line in lines)
    assert {n["status"] for n in sandbox.admin("GET", "/notifications")} == {"delivered"}
    assert [s["status"] for s in sandbox.admin("GET", "/statements")] == ["completed"]
    assert clean(sandbox)


def test_asked_for_more_lines_it_posts_them_in_order(sandbox, bank, product, account, make):
    before = lines_of(product, account)
    external_id = external_id_of(bank, account)
    for count in (1, 7):
        bank.call("POST", f"/accounts/{external_id}/lines", {"count": count})
    make.eventually(lambda: len(lines_of(product, account)) == len(before) + 8)
    assert [line["uniqueId"] for line in lines_of(product, account)] == [
        f"{external_id}-{number:05d}" for number in range(1, len(before) + 9)
    ]
    assert clean(sandbox)


def test_asked_for_renewal_it_waits_for_a_new_login(sandbox, bank, product, account, make):
    external_id = external_id_of(bank, account)
    path = f"/bankaccounts/{account['bankAccountId']}"
    bank.call("POST", f"/accounts/{external_id}/reauthorisation")
    make.eventually(lambda: status_of(product, account) == "authRequired")
    bank.call("POST", f"/accounts/{external_id}/lines", {"count": 2})
    stored = len(lines_of(product, account))
    opened = product.call("GET", f"{path}/indirectauth?web=true")
    assert opened.status_code == 302
    shown = bank.log_in(opened.json()["redirect"])
    assert "demo" in shown
    assert product.poll(opened.json()["pollRoute"])["success"] is True
    assert status_of(product, account) == "active"
    make.eventually(lambda: len(lines_of(product, account)) == stored + 2)
    assert bank.account(external_id)["feeds"][0]["needsReauthorisation"] is False
    assert clean(sandbox)


def test_further_accounts_are_linked_and_fed_also_one_opened_since(sandbox, bank, product, account, make):
    path = f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}"
    opened = bank.call("POST", "/accounts", {"bankId": account["bankId"], "accountName": "Holiday savings"}, 201)

    def offered():
        found = product.call("GET", path).json()["availableAccounts"]
        return found if len(found) == 4 else None

    found = make.eventually(offered)
    assert [c["metadata"]["connected"] for c in found] == [True, False, False, False]
    assert found[-1]["bankAccountExternalId"] == opened["externalId"]
    linked = [
        product.call(
            "POST",
            "/linkavailablebankaccount",
            {"bankAccountCandidateId": c["bankAccountCandidateId"], "requestedStartDate": "2026-01-01T00:00:00.000Z"},
        ).json()
        for c in found[1:]
    ]
    for each in linked:
        make.eventually(lambda each=each: status_of(product, each) == "active" and lines_of(product, each))
    assert all(c["metadata"]["connected"] for c in product.call("GET", path).json()["availableAccounts"])
    assert clean(sandbox)


def test_a_disconnected_account_gets_no_more_lines(sandbox, bank, product, account, make):
    external_id = external_id_of(bank, account)
    assert product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}").status_code == 204
    make.eventually(lambda: bank.account(external_id)["feeds"][0]["closed"])
    statements = len(sandbox.admin("GET", "/statements"))
    bank.call("POST", f"/accounts/{external_id}/lines", {"count": 3})
    again = connect(bank, product)
    make.eventually(lambda: status_of(product, again) == "active")
    make.eventually(lambda: len(lines_of(product, again)) == bank.account(external_id)["lines"])
    assert len(sandbox.admin("GET", "/statements")) == statements + 1


def test_bank_sync_lists_renames_and_removes_a_bank_that_works(sandbox, bank, product, make):
    made = bank.call("POST", "/banks", {"name": "Playground Branch", "countryCode": "NZL"}, 201)
    assert [b["name"] for b in bank.banks("NZ")][-1] == "Playground Branch"
    account = connect(bank, product, bank_id=made["bankId"])
    make.eventually(lambda: status_of(product, account) == "active")
    bank.call("PUT", f"/banks/{made['bankId']}", {"name": "Playground Branch, renamed"})
    assert [b["name"] for b in bank.banks("NZ")][-1] == "Playground Branch, renamed"
    bank.call("DELETE", f"/banks/{made['bankId']}")
    assert "Playground Branch, renamed" not in [b["name"] for b in bank.banks("NZ")]
    assert made["bankId"] not in [b["bankId"] for b in bank.call("GET", "/banks")]


# --- what may go wrong -----------------------------------------------------------------------------------------------


def test_a_customer_who_refuses_or_cancels_connects_nothing(bank, product):
    bank_id = bank.banks()[0]["bankId"]
    opened = product.connect(bank_id)
    bank.log_in(opened["redirect"], decision="refuse")
    assert product.poll(opened["pollRoute"]) == {"account": None, "success": False}
    opened = product.connect(bank_id)
    page = bank.page(opened["redirect"])
    assert bank.http.post(page, data={"step": "cancel"}).status_code == 303
    assert product.poll(opened["pollRoute"]) == {"account": None, "success": False}
    assert bank.http.post(page, data={"step": "signIn"}).status_code == 410


def test_without_a_browser_a_decision_is_one_call(sandbox, bank, product, make):
    sandbox.settings(autoReturn=True)
    opened = product.connect(bank.banks()[0]["bankId"])
    session = make.eventually(lambda: [s for s in bank.call("GET", "/authorisations") if s["presented"]])[0]
    answer = bank.call("POST", f"/authorisations/{session['authorisationId']}", {"customer": "Zoë"})
    assert set(answer) == {"redirectUri", "state"}
    assert product.poll(opened["pollRoute"])["success"] is True
    bank.call("POST", f"/authorisations/{session['authorisationId']}", {}, 409)
    bank.call("POST", "/authorisations/unheard-of", {}, 404)


def test_its_callbacks_believe_nobody_but_sage(sandbox, bank):
    record = next(b for b in sandbox.admin("GET", "/banks") if b["bankId"] == bank.banks()[0]["bankId"])
    urls, header = record["callbackURLs"], {record["headerName"]: record["headerValue"]}
    told = {
        "type": "resourceCreated",
        "resource": {"id": "made-up", "type": "authorisation", "url": "NA"},
        "additionalData": {"bankId": record["bankId"]},
    }
    token = {"Authorization": f"Bearer {sandbox.get_token()}"}
    for headers in ({}, header, {**header, "Authorization": "Bearer x"}, {**header, **token}, token):
        assert bank.http.post(urls["notification"], json=told, headers=headers).status_code == 401
    assert bank.call("GET", "/authorisations") == []
    query = {"bank": record["bankId"], "authorisation_id": "made-up", "redirect_uri": "http://x", "state": "y"}
    assert bank.http.get(urls["auth"], params=query).status_code == 403
    assert bank.http.get(urls["reAuth"], params={"authorisation_id": "made-up"}).status_code == 403
    assert bank.http.get(urls["availableAccounts"], params={"externalId": "x"}).status_code == 401
    assert bank.http.get(urls["availableAccounts"], params={"externalId": "x"}, headers=header).status_code == 404


def test_a_page_is_for_its_session_alone_and_for_twenty_minutes(sandbox, bank, product):
    page = bank.page(product.connect(bank.banks()[0]["bankId"])["redirect"])
    shown = bank.http.get(page, params={"lang": "fr"})
    assert 'lang="fr"' in shown.text
    assert "Se connecter" in shown.text
    assert "frame-ancestors 'self' http://localhost:*" in shown.headers["content-security-policy"]
    assert bank.http.post(page, data={"step": "signIn", "customer": "<b>"}).status_code == 400
    sandbox.advance(1201)
    assert bank.http.get(page).status_code == 410
    assert bank.http.get(page + "x").status_code == 410


@pytest.mark.parametrize(
    ("on", "action", "more"),
    [
        ("POST /v1/statements", "status", {"status": 500}),
        ("POST /v1/statements", "cut_before", {}),
        ("POST /v1/statements", "cut_after", {}),
        ("POST /v1/statements", "fail", {}),
        ("POST /v1/statements", "status", {"status": 429}),
        ("GET /v1/statements/{id}", "status", {"status": 503}),
        ("PATCH /v1/authorisations/{id}", "status", {"status": 401}),
    ],
)
def test_it_survives_what_a_provider_has_to_survive(sandbox, bank, product, make, on, action, more):
    sandbox.fault(on, action, times=1, **more)
    account = connect(bank, product)
    make.eventually(lambda: lines_of(product, account))
    assert clean(sandbox)
    stored = len(lines_of(product, account))
    assert stored == bank.account(external_id_of(bank, account))["lines"]


def test_a_missed_notification_is_made_good_when_lines_are_asked_for(sandbox, bank, product, make):
    sandbox.fault("N2", "drop")
    account = connect(bank, product)
    external_id = next(a["externalId"] for a in bank.accounts())
    make.eventually(lambda: sandbox.admin("GET", "/notifications")[-1]["status"] == "dropped")
    bank.call("POST", f"/accounts/{external_id}/lines", {"count": 1})
    make.eventually(lambda: status_of(product, account) == "active" and lines_of(product, account))
    assert clean(sandbox)


def test_amounts_are_in_the_unit_that_the_setting_says(sandbox, bank, product, make):
    sandbox.settings(amountUnit="major")
    account = connect(bank, product)
    major = make.eventually(lambda: lines_of(product, account))
    assert any(line["transactionAmount"] % 1 for line in major)
    assert clean(sandbox)


def test_it_keeps_within_the_rules_also_when_they_are_strict(sandbox, bank, product, make):
    sandbox.settings(strictDates=True, strictOrder=True, beforeStartDate="refuse", textLengthStrict=True)
    account = connect(bank, product)
    make.eventually(lambda: lines_of(product, account))
    sandbox.settings(strictDates=False)
    assert not [w for s in sandbox.admin("GET", "/statements") for w in s["warnings"]]


def test_a_start_date_of_today_brings_lines_of_today(sandbox, bank, product, make):
    today = sandbox.admin("GET", "/clock")["now"][:10]
    account = connect(bank, product, start=today)
    lines = make.eventually(lambda: lines_of(product, account))
    assert {line["datePosted"][:10] for line in lines} == {today}
    assert clean(sandbox)


def test_two_companies_see_the_same_lines_of_one_account(sandbox, bank, make):
    first, second = sandbox.product(), sandbox.product()
    accounts = [(each, connect(bank, each)) for each in (first, second)]
    read = [make.eventually(lambda p=p, a=a: lines_of(p, a)) for p, a in accounts]
    ours, theirs = ([(t["uniqueId"], t["transactionAmount"]) for t in each] for each in read)
    assert ours == theirs
    assert clean(sandbox)


# --- listed, or not --------------------------------------------------------------------------------------------------


def test_it_is_listed_in_the_cluster_of_each_country(sandbox, bank):
    listed = {b["primaryCountry"] for b in bank.banks("")}
    assert listed == {"GBR", "IRL", "ESP", "FRA", "AUS", "NZL", "ZAF", "MYS", "ARE"}
    american = Bank(sandbox)
    american.sandbox = type("S", (), {"details": sandbox.details["regions"]["us"]})
    assert {b["primaryCountry"] for b in american.banks("")} == {"USA", "CAN"}


def test_a_reset_leaves_it_listed_and_empty(sandbox, bank, product, account):
    before = bank.banks()
    sandbox.admin("POST", "/reset")
    assert bank.banks() == before
    assert bank.accounts() == []


def test_switched_off_it_is_not_there(running_sandbox):
    running_sandbox.admin("POST", "/reset")
    bank = Bank(running_sandbox)
    assert bank.banks() == []
    assert bank.http.get(bank.url).status_code == 404
    bank.call("GET", "/accounts", status=404)


# --- behind the counter ----------------------------------------------------------------------------------------------


def test_the_counter_does_by_page_what_the_api_does(sandbox, bank, product, account, make):
    external_id = external_id_of(bank, account)
    stored = len(lines_of(product, account))
    desk = bank.http.get(bank.url, headers={"Accept-Language": "fr-FR,fr;q=0.9"})
    assert "Derrière le guichet" in desk.text
    assert bank.account(external_id)["accountName"] in desk.text

    def press(**fields):
        return bank.http.post(bank.url, data=fields).status_code

    assert press(action="lines", externalId=external_id, count="2") == 303
    make.eventually(lambda: len(lines_of(product, account)) == stored + 2)
    assert press(action="renew", externalId=external_id) == 303
    make.eventually(lambda: status_of(product, account) == "authRequired")
    assert press(action="open", bankId=account["bankId"], customer="demo", accountName="Fourth") == 303
    assert "Fourth" in bank.http.get(bank.url).text
    assert press(action="lines", externalId=external_id, count="many") == 400
    assert press(action="lines", externalId="unheard-of", count="1") == 404
    assert press(action="open", bankId=account["bankId"], customer="<script>") == 400
    assert press(action="close") == 400


def test_the_counter_lists_renames_and_removes_banks(bank):
    def press(status, **fields):
        page = bank.http.post(bank.url, data=fields)
        assert page.status_code == status, page.text
        return page.text

    def named():
        return [each["name"] for each in bank.banks("MY")]

    assert press(303, action="list", name=" Playground, Penang ", countryCode="MYS") == ""
    (made,) = [each for each in bank.banks("MY") if each["name"] == "Playground, Penang"]
    press(303, action="rename", bankId=made["bankId"], name="Playground & Söhne")
    assert min(named()) == "Playground & Söhne"
    for name in ("", "  ", "x" * 81, "a\tb"):
        for action in ("list", "rename"):
            assert "name: Expected" in press(400, action=action, bankId=made["bankId"], name=name, countryCode="MYS")
    assert "Expected one of: GBR" in press(400, action="list", name="Playground", countryCode="XXX")
    press(303, action="remove", bankId=made["bankId"], name="")
    assert len(named()) == 1
    gone = press(404, action="remove", bankId=made["bankId"])
    assert re.search(r'role="alert">This did not work. <span lang="en">The playground has no such bank', gone)


def test_the_counter_tells_what_sage_said_no_to(sandbox, bank):
    sandbox.settings(removeBanks=False)
    refused = bank.http.post(bank.url, data={"action": "remove", "bankId": bank.banks()[0]["bankId"]})
    assert refused.status_code == 502
    assert "Sage answered 403" in refused.text
    assert len(bank.banks()) == 1


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/accounts/{id}/lines", {"count": 0}, "count"),
        ("/accounts/{id}/lines", {"count": 1001}, "count"),
        ("/accounts/{id}/lines", {"size": 1}, "size"),
        ("/accounts", {"bankId": "b", "accountType": "gold"}, "accountType"),
        ("/banks", {"countryCode": "GBR"}, "name"),
    ],
)
def test_wrong_orders_are_refused_by_name(bank, account, path, body, named):
    refused = bank.call("POST", path.replace("{id}", external_id_of(bank, account)), body, 400)
    assert refused["errors"][0]["path"].endswith(named)


def test_an_account_holds_a_bounded_number_of_lines(sandbox, bank, account):
    external_id = external_id_of(bank, account)
    for _ in range(9):
        bank.call("POST", f"/accounts/{external_id}/lines", {"count": 1000})
    refused = bank.call("POST", f"/accounts/{external_id}/lines", {"count": 1000}, 409)
    assert refused["errors"][0]["code"] == "TOO_MANY_LINES"


def test_the_language_follows_the_address_then_the_browser(bank):
    def asked(query, accept):
        page = bank.http.get(f"{bank.url}{query}", headers={"Accept-Language": accept}).text
        return re.search(r'<html lang="(..)">', page)[1]

    assert [asked("", "fr-CA"), asked("", "de, fr;q=0.5"), asked("", "es"), asked("?lang=en", "fr")] == [
        "fr",
        "fr",
        "en",
        "en",
    ]
