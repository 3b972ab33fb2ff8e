"""A client as Sage's public collection of requests makes one: its names, casing, headers and order (6, 7, 15).

The client reads the addresses and credentials of its environment and nothing else of the sandbox; what it asserts is what the
collection asserts. T1 to T20 are the items of the contract's test plan.
"""

import json
import uuid

import httpx2
import pytest

from sage_sandbox.signature import sign


class Collection:
    """Environment variables, and one method for each request of the collection."""

    def __init__(self, http, details):
        self.http, self.env = http, dict(details)

    def signed(self, method, path, key, body=None, **headers):
        url, nonce = self.env["consumerUrl"] + path, str(uuid.uuid4())
        text = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        sent = {
            "X-Application": self.env["xApplication"],
            "X-Nonce": nonce,
            "X-Signature": sign(method, url, text, nonce, key),
            "Content-Type": "application/json" if text else "multipart/form-data",
        }
        return self.http.request(method, url, content=text, headers=sent | headers)

    def post_organisations(self):
        company = {
            "name": "TestCompany",
            "postalCode": "NE139AA",
            "standardIndustrialCode": "99",
            "vatNumber": "123456789",
            "languageCode": "en-GB",
        }
        user = {"emailAddress": "user@example.com", "identity": "1001"}
        body = {"company": company, "crmId": "123456789", "user": user}
        answer = self.signed("POST", "/organisations", self.env["applicationSigningKey"], body)
        made = answer.json()
        self.env |= {"organisation": made["organisationId"], "company": made["companies"][0], "key": made["token"]}
        return answer

    def get_access_token(self):
        names = {"X-Organisation-Id": self.env["organisation"], "X-Company-Id": self.env["company"]}
        answer = self.signed("GET", "/accesstoken", self.env["key"], **names)
        self.env["jwt"] = answer.json()["jwt"]
        return answer

    def consumer(self, method, path, body=None):
        url = (
            f"{self.env['consumerUrl']}/organisations/{self.env['organisation']}/companies/{self.env['company']}{path}"
        )
        headers = {"Authorization": f"Bearer {self.env['jwt']}", "x-application": self.env["xApplication"]}
        return self.http.request(method, url, json=body, headers=headers, follow_redirects=False)

    def get_bank(self):
        url = f"{self.env['consumerUrl']}/banks/{self.env['bankId']}"
        return self.http.get(url, headers={"x-application": self.env["xApplication"]})

    def post_token(self):
        form = {
            "grant_type": "client_credentials",
            "client_id": self.env["clientId"],
            "client_secret": self.env["clientSecret"],
            "audience": self.env["audience"],
        }
        answer = self.http.post(f"{self.env['cloudIdUrl']}/oauth/token", data=form)
        self.env["papi_token"] = f"{answer.json()['token_type']} {answer.json()['access_token']}"
        return answer

    def papi(self, method, path, body=None):
        headers = {"Authorization": self.env["papi_token"], "x-api-key": self.env["providerApiKey"]}
        return self.http.request(method, self.env["providerUrl"] + path, json=body, headers=headers)

    def post_statement(self, status="active", lines=(), balances=None):
        account = self.env["bankAccountId"]
        amounts = [line["transactionAmount"] for line in lines]
        data = {
            "principalId": account,
            "bankId": self.env["bankId"],
            "required": None,
            "expected": {
                "transactionDetailsCount": len(amounts),
                "accountDetailsCount": 1,
                "transactionCreditSum": sum(a for a in amounts if a > 0),
                "transactionDebitSum": sum(a for a in amounts if a < 0),
            },
            "accountDetails": [{"bankAccountId": account, "status": status, "balances": balances or {}}],
            "transactionDetails": [{"bankAccountId": account} | line for line in lines],
        }
        return self.papi("POST", "/v1/statements", {"data": data})


@pytest.fixture
def collection(sandbox, provider):
    sandbox.wire_bank(provider)
    sandbox.settings(processingMs=30)
    running = Collection(sandbox.http, sandbox.details)
    assert running.post_organisations().status_code == 201
    assert running.get_access_token().status_code == 200
    assert running.post_token().status_code == 200
    return running


def return_of(provider, sandbox):
    """What a browser does at the end of the provider's page: it goes to redirect_uri with the state."""
    query = provider.to("/auth")[-1]["query"]
    return sandbox.http.get(f"{query['redirect_uri']}?state={query['state']}")


def granted(number):
    return {
        "bankAccountExternalId": f"MTAwMDox{number}",
        "accountName": f"Current Account {number}",
        "bankIdentifier": "1000",
        "branchIdentifier": "string",
        "accountIdentifier": f"13425{number}",
    }


def onboard(c, sandbox, provider, make):
    """T1 to T8: from the bank to a bank account that is pending."""
    assert (c.get_bank().status_code, c.get_bank().json()["bankId"]) == (200, c.env["bankId"])  # T1
    opened = c.consumer("GET", f"/indirectlinkaccount?bankid={c.env['bankId']}&web=true&e2e=e2e-1")
    assert opened.status_code == 302
    assert isinstance(opened.json()["pollPeriod"], int)
    waiting = c.http.get(opened.json()["pollRoute"])  # T2
    assert (waiting.status_code, set(waiting.json())) == (202, {"pollRoute", "pollPeriod"})
    notified = make.eventually(lambda: provider.to("/notification"))[-1]["body"]  # T3
    session = notified["resource"]["id"]
    assert notified == {
        "type": "resourceCreated",
        "resource": {"id": session, "type": "authorisation", "url": "NA"},
        "additionalData": {"bankId": c.env["bankId"]},
    }
    assert c.http.get(opened.json()["redirect"]).status_code == 200
    query = provider.to("/auth")[-1]["query"]  # T4
    assert set(query) == {"bank", "authorisation_id", "redirect_uri", "state"}
    assert (query["bank"], query["authorisation_id"]) == (c.env["bankId"], session)
    success = {"data": {"status": "success", "bankAccounts": [granted(1), granted(2)]}}
    patched = c.papi("PATCH", f"/v1/authorisations/{session}", success)  # T5
    assert (patched.status_code, patched.json()["data"]) == (200, {"_id": session, "status": "success"})
    sandbox.settings(autoPickAccount=True)
    return_of(provider, sandbox)
    result = c.http.get(waiting.json()["pollRoute"])  # T6
    assert (result.status_code, result.json()["success"]) == (200, True)
    account = result.json()["account"]
    assert account["bankAccountExternalId"] == granted(1)["bankAccountExternalId"]
    body = {
        "accountType": "DEBIT",
        "accountName": account["accountName"],
        "accountKey": "1",
        "accountIdentifier": account["accountIdentifier"],
        "bankIdentifier": account["bankIdentifier"],
        "branchIdentifier": "string",
        "defaultCurrency": "GBP",
        "bankId": c.env["bankId"],
        "requestedStartDate": "2017-06-30T00:00:00.000Z",
    }
    made = c.consumer("POST", "/bankaccounts", body)  # T7
    assert (made.status_code, made.json()["status"]) == (201, "pending")
    c.env["bankAccountId"] = made.json()["bankAccountId"]
    created = make.eventually(
        lambda: [n for n in provider.to("/notification") if "externalId" in n["body"]["additionalData"]]
    )
    assert created[0]["body"]["resource"]["id"] == c.env["bankAccountId"]  # T8
    assert created[0]["body"]["additionalData"] == {
        "externalId": account["bankAccountExternalId"],
        "requestedStartDate": "2017-06-30T00:00:00Z",
        "bankId": c.env["bankId"],
    }


def post_two_lines(c, make):
    """T9 to T13: a credit and a debit, and what is seen of them."""
    first = make.line(str(uuid.uuid4()), 100)
    second = make.line(str(uuid.uuid4()), -100)
    balances = {
        "ledgerBalance": 0,
        "ledgerBalanceDate": "2019-11-24T12:00:00.000Z",
        "availableBalance": 0,
        "availableBalanceDate": "2019-11-24T12:00:00.000Z",
    }
    posted = c.post_statement("active", [first, second], balances)  # T10
    assert posted.status_code == 201
    statement_id = posted.json()["data"]["_id"]
    got = c.papi("GET", f"/v1/statements/{statement_id}")  # T11
    assert (got.status_code, got.json()["data"]["_id"]) == (200, statement_id)
    path = f"/v1/statements/{statement_id}"
    make.eventually(lambda: c.papi("GET", path).json()["data"]["status"] == "completed")
    shown = c.consumer("GET", f"/bankaccounts/{c.env['bankAccountId']}")
    assert (shown.status_code, shown.json()["status"]) == (200, "active")  # T9
    listed = c.consumer("GET", f"/bankaccounts/{c.env['bankAccountId']}/transactions?startIndex=1")
    assert (listed.status_code, set(listed.json())) == (200, {"bankAccount", "bankTransactionList"})
    found = listed.json()["bankTransactionList"]
    assert [t["uniqueId"] for t in found["transactions"]] == [first["uniqueId"], second["uniqueId"]]  # T12
    assert [t["transactionId"] for t in found["transactions"]] == [1, 2]
    query = {"data": {"bankId": c.env["bankId"], "externalId": granted(1)["bankAccountExternalId"]}}
    asked = c.papi("POST", "/v1/accountqueries", query)  # T13
    assert (asked.status_code, asked.json()["data"]["bankAccountId"]) == (200, c.env["bankAccountId"])
    assert asked.json()["data"]["status"] == "active"
    assert asked.json()["data"]["requestedStartDate"].startswith("2017-06-30")


def test_onboarding_and_posting_statements(collection, sandbox, provider, make):
    onboard(collection, sandbox, provider, make)
    post_two_lines(collection, make)


def test_multi_account_linking(collection, sandbox, provider, make):
    c = collection
    onboard(c, sandbox, provider, make)
    post_two_lines(c, make)
    provider.available = [
        {
            "accountType": "business",
            "accountName": f"Account {number}",
            "externalId": f"MTAwMDox{number}",
            "bankIdentifier": "1000",
            "accountIdentifier": f"13425{number}",
            "branchIdentifier": "string",
        }
        for number in (1, 2, 3)
    ]
    path = f"/availablebankaccounts?bankAccountIds={c.env['bankAccountId']}"
    assert c.consumer("GET", path).status_code == 200  # the first call has the list fetched
    found = make.eventually(lambda: c.consumer("GET", path).json()["availableAccounts"])  # T14
    assert [candidate["metadata"]["connected"] for candidate in found] == [True, False, False]
    for candidate in found[1:]:  # T15
        body = {"bankAccountCandidateId": candidate["bankAccountCandidateId"], "requestedStartDate": "2021-06-29"}
        assert c.consumer("POST", "/linkavailablebankaccount", body).status_code == 201
    assert all(candidate["metadata"]["connected"] for candidate in c.consumer("GET", path).json()["availableAccounts"])
    told = make.eventually(lambda: provider.to("/notification")[3:])
    make.eventually(lambda: len(provider.to("/notification")) == 4)
    assert {n["body"]["additionalData"]["externalId"] for n in told + provider.to("/notification")[2:]} == {
        "MTAwMDox2",
        "MTAwMDox3",
    }


def test_reauthorisation(collection, sandbox, provider, make):
    c = collection
    onboard(c, sandbox, provider, make)
    post_two_lines(c, make)
    assert c.post_statement("authRequired").status_code == 201  # T16
    path = f"/bankaccounts/{c.env['bankAccountId']}"
    make.eventually(lambda: c.consumer("GET", path).json()["status"] == "authRequired")
    assert c.consumer("GET", f"{path}/transactions?startIndex=3").json()["bankAccount"]["status"] == "authRequired"
    before = len(provider.to("/notification"))
    opened = c.consumer("GET", f"{path}/indirectauth?web=true")  # T17
    assert opened.status_code == 302
    notified = make.eventually(lambda: provider.to("/notification")[before:])[0]["body"]
    assert (notified["resource"]["type"], notified["additionalData"]) == ("authorisation", {"bankId": c.env["bankId"]})
    assert c.http.get(opened.json()["redirect"]).status_code == 200
    query = provider.to("/authrefresh")[0]["query"]
    assert set(query) == {"bankaccount", "authorisation_id", "redirect_uri", "state", "externalId"}
    assert query["authorisation_id"] == notified["resource"]["id"]
    patched = c.papi("PATCH", f"/v1/authorisations/{query['authorisation_id']}", {"data": {"status": "success"}})
    assert patched.status_code == 200
    assert c.consumer("GET", path).json()["status"] == "active"  # T18


def test_offboarding(collection, sandbox, provider, make):
    c = collection
    onboard(c, sandbox, provider, make)
    path = f"/bankaccounts/{c.env['bankAccountId']}"
    before = len(provider.to("/notification"))
    gone = c.consumer("DELETE", path)  # T19
    assert (gone.status_code, gone.content) == (204, b"")
    notified = make.eventually(lambda: provider.to("/notification")[before:])[0]["body"]
    assert notified == {
        "type": "resourceDeleted",
        "resource": {"id": c.env["bankAccountId"], "type": "bankAccount", "url": "NA"},
        "additionalData": {"externalId": granted(1)["bankAccountExternalId"], "bankId": c.env["bankId"]},
    }
    assert c.consumer("GET", path).json()["status"] == "cancelled"


def test_bank_sync(collection, provider):
    c, reference = collection, str(uuid.uuid4())
    new = {
        "supportiframe": True,
        "countryCode": "USA",
        "name": "Collection Bank",
        "url": "https://bank.example",
        "externalRef": reference,
        "callbackURLs": provider.callbacks,
    }
    created = c.papi("POST", "/v1/banks", {"data": {"toCreate": [new], "toUpdate": [], "toRemove": []}})  # T20
    assert created.status_code == 200
    (entry,) = created.json()["data"]["created"]
    assert entry["externalRef"] == reference
    named = {"principalId": entry["principalId"], "externalRef": reference}
    change = named | {"name": "Renamed", "callbackURLs": provider.callbacks}
    assert (
        c.papi("POST", "/v1/banks", {"data": {"toUpdate": [change]}}).json()["data"]["updated"][0]["name"] == "Renamed"
    )
    assert c.papi("POST", "/v1/banks", {"data": {"toRemove": [named]}}).json()["data"]["removed"] == [
        named | {"name": "Renamed"}
    ]


def test_a_user_who_refuses_ends_the_poll_without_an_account(collection, sandbox, provider, make):
    c = collection
    opened = c.consumer("GET", f"/indirectlinkaccount?bankId={c.env['bankId']}&web=true").json()
    session = make.eventually(lambda: provider.to("/notification"))[0]["body"]["resource"]["id"]
    c.http.get(opened["redirect"])
    assert c.papi("PATCH", f"/v1/authorisations/{session}", {"data": {"status": "failure"}}).status_code == 200
    return_of(provider, sandbox)
    ended = c.http.get(opened["pollRoute"])
    assert (ended.status_code, ended.json()) == (200, {"account": None, "success": False})


def test_a_statement_without_an_answer_is_sent_again_and_arrives_once(collection, sandbox, provider, make):
    c = collection
    onboard(c, sandbox, provider, make)
    sandbox.fault("POST /v1/statements", "cut_after", times=1)
    line = make.line("a")
    with pytest.raises(httpx2.TransportError):
        c.post_statement("active", [line], {"ledgerBalance": 100, "availableBalance": 100})
    again = make.eventually(
        lambda: (
            (r := c.post_statement("active", [line], {"ledgerBalance": 100, "availableBalance": 100})).status_code
            == 201
            and r
        )
    )
    path = f"/v1/statements/{again.json()['data']['_id']}"
    make.eventually(lambda: c.papi("GET", path).json()["data"]["status"] == "failed")
    assert {e["code"] for e in c.papi("GET", path).json()["data"]["errors"]} == {"DUPLICATE_TRANSACTION"}
    assert [t["uniqueId"] for t in sandbox.admin("GET", "/transactions")] == ["a"]


def test_what_an_outage_of_the_provider_made_it_miss_is_found_by_account_queries(collection, sandbox, provider, make):
    c = collection
    sandbox.fault("BankAccountCreated", "status", status=503)
    sandbox.fault("BankAccountDeleted", "status", status=503)
    with pytest.raises(AssertionError, match="it did not come to pass"):
        onboard(c, sandbox, provider, _Impatient(make))
    sandbox.advance(901)
    sandbox.advance(901)
    query = {"data": {"bankId": c.env["bankId"], "externalId": granted(1)["bankAccountExternalId"]}}
    found = c.papi("POST", "/v1/accountqueries", query).json()["data"]
    assert (found["bankAccountId"], found["status"]) == (c.env["bankAccountId"], "pending")
    c.get_access_token()
    assert c.consumer("DELETE", f"/bankaccounts/{c.env['bankAccountId']}").status_code == 204
    assert c.papi("POST", "/v1/accountqueries", query).json()["data"]["status"] == "cancelled"
    told = [n for n in provider.to("/notification") if n["body"]["resource"]["type"] == "bankAccount"]
    assert told == []


class _Impatient:
    """Waits for half a second where others wait for ten."""

    def __init__(self, make):
        self._make = make

    def eventually(self, probe):
        return self._make.eventually(probe, 0.5)
