"""Each field of each body, each parameter and each header, replaced by what it must not be: a 4xx that cites a rule, or it is taken."""

import copy
import json

import pytest

ODD = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\x00",
    "\ud800",
    "\u202e\U0001f600",
    "y" * 70_000,
    [],
    [None],
    {},
    {"a": {"b": []}},
]
ODD_TEXTS = ["", " ", "x", "-1", "%00", "%ff", "%F0%9F%98%80", "y" * 3000, "1,2", "../..", "a&b=c", "1e9", "null"]


def places(body, path=()):
    """Every branch and leaf of a body."""
    if path:
        yield path
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def replaced(body, path, value):
    changed = copy.deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def without(body, path):
    changed = copy.deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def variants(body):
    for path in places(body):
        yield without(body, path)
        for value in ODD:
            yield replaced(body, path, value)


def check(response, what):
    assert response.status_code < 500, (what, response.text)
    if response.status_code >= 400:
        assert "; section=" in response.headers["x-sandbox-rule"], (what, response.text)
        said = response.json()
        assert said.get("errors") or said.get("message") or said.get("error"), what


@pytest.fixture
def world_of_fields(wired, product, account, make, provider):
    """Calls with bodies that are right: (send, body)."""
    wired.deliver(account, [make.line("first")])
    authorised = product.authorise(make.granted("ext-9"))
    product.connect()
    session = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
    everything = make.line(
        "a",
        exchangeCurrency="EUR",
        exchangeAmount=120,
        payee={"payeeDescription": "p", "country": "GBR"},
        coordinates={"lat": 1.5, "long": 2},
        category={"topLevelCategory": "t", "categoryId": 1},
        dateUserInitiated="2026-03-02T10:00:00Z",
    )
    bank = {
        "supportiframe": True,
        "countryCode": "USA",
        "name": "n",
        "url": "https://b.example",
        "externalRef": "r",
        "callbackURLs": provider.callbacks,
    }
    named = {
        "principalId": wired.details["bankId"],
        "externalRef": "r",
        "name": "n",
        "callbackURLs": provider.callbacks,
    }
    new = {
        "accountType": "DEBIT",
        "accountName": "n",
        "accountKey": authorised["accountKey"],
        "accountIdentifier": "i",
        "bankIdentifier": "b",
        "branchIdentifier": "c",
        "defaultCurrency": "GBP",
        "bankId": wired.details["bankId"],
        "requestedStartDate": "2026-01-01",
    }
    patch = {"data": {"status": "success", "bankAccounts": [make.granted("ext-8")]}}
    query = {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    report = {"status": "FAILED", "reason": "r", "timestamp": "2026-01-01T00:00:00Z"}
    candidate = {"bankAccountCandidateId": "c", "requestedStartDate": "2026-01-01"}
    statement = make.statement(account, [everything, make.line("b", -5)])
    raw = lambda body: json.dumps(body).encode("utf-8", "surrogatepass")  # noqa: E731 - short

    def papi(method, path):
        return lambda body: wired.papi(method, path, raw(body))

    def of_company(path):
        base = f"{wired.details['consumerUrl']}/organisations/{product.organisation_id}/companies/{product.company_id}"
        headers = {"x-application": wired.details["xApplication"], "authorization": f"Bearer {product.jwt}"}
        return lambda body: wired.http.post(base + path, content=raw(body), headers=headers)

    return {
        "statements": (papi("POST", "/v1/statements"), statement),
        "authorisations": (papi("PATCH", f"/v1/authorisations/{session}"), patch),
        "banks": (papi("POST", "/v1/banks"), {"data": {"toCreate": [bank], "toUpdate": [named], "toRemove": []}}),
        "accountqueries": (papi("POST", "/v1/accountqueries"), query),
        "sync": (papi("POST", "/v1/sync"), report),
        "bankaccounts": (of_company("/bankaccounts"), new),
        "linkavailablebankaccount": (of_company("/linkavailablebankaccount"), candidate),
    }


@pytest.mark.parametrize(
    "call",
    ["statements", "authorisations", "banks", "accountqueries", "sync", "bankaccounts", "linkavailablebankaccount"],
)
def test_no_field_of_a_body_breaks_the_sandbox(wired, world_of_fields, call):
    wired.settings(processingMs=0)
    send, body = world_of_fields[call]
    refused = 0
    for variant in variants(body):
        response = send(variant)
        check(response, (call, str(variant)[:2000]))
        refused += response.status_code >= 400
    assert refused > len(ODD)
    for account in wired.verdict()["accounts"]:
        assert [account[kind] for kind in ("doubled", "misrouted", "sums")] == [[], [], []]
    assert wired.papi("GET", "/v1/banks").status_code == 200


def test_no_parameter_breaks_the_sandbox(wired, product, account):
    linked = f"/bankaccounts/{account['bankAccountId']}"
    for text in ODD_TEXTS:
        for path in (
            f"/indirectlinkaccount?bankid={text}&web={text}&e2e={text}",
            f"/bankaccounts/{text.replace('/', '')}/transactions",
            f"{linked}/transactions?startIndex={text}",
            f"{linked}/transactions?endIndex={text}",
            f"{linked}/indirectauth?web={text}",
            f"/availablebankaccounts?bankAccountIds={text}",
        ):
            check(product.call("GET", path), path)
        for path in (
            f"/banks?name={text}&country={text}&popularBank={text}",
            f"/banks/{text}",
            f"/poll/x/1?signature={text}",
        ):
            url = wired.details["consumerUrl"] + path
            check(wired.http.get(url, headers={"x-application": "sage.uk.x"}), path)
        for path in (f"/v1/statements/{text}", f"/v1/authorisations/{text}", f"/{text}"):
            check(wired.papi("GET", path), path)
        for path in ("calls?q=", "calls?after=", "calls/export?format=", "transactions?bankAccountId=", "banks?x="):
            check(wired.http.get(f"{wired.details['adminUrl']}/admin/{path}{text}"), (path, text))


@pytest.mark.parametrize(
    "name", ["x-api-key", "authorization", "content-type", "x-application", "x-nonce", "x-signature"]
)
def test_no_header_breaks_the_sandbox(wired, product, name):
    for value in (
        b"",
        b"\xff\xfe",
        b"x" * 9000,
        b"Bearer",
        b"Bearer \xe9.\xe9.\xe9",
        b"Bearer a.b.c",
        b"; ;,",
        b"null",
    ):
        right = {"x-api-key": wired.details["providerApiKey"], "authorization": f"Bearer {wired.get_token()}"}
        sent = [(k.encode(), v.encode()) for k, v in right.items() if k != name] + [(name.encode(), value)]
        url = wired.details["providerUrl"] + "/v1/accountqueries"
        check(wired.http.post(url, content=b"{}", headers=sent), (name, value))
        sent = [(b"x-application", b"sage.uk.x"), (b"x-nonce", b"n"), (b"x-signature", b"s")]
        sent = [pair for pair in sent if pair[0] != name.encode()] + [(name.encode(), value)]
        for method, path in (("POST", "/organisations"), ("GET", "/accesstoken")):
            check(wired.http.request(method, wired.details["consumerUrl"] + path, headers=sent), (name, value))
        token = wired.details["cloudIdUrl"] + "/oauth/token"
        check(wired.http.post(token, content=b"grant_type=x&%ff=%00", headers=sent), (name, value))
