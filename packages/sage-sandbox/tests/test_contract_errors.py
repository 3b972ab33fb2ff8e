"""Every error of the contract's section 6.6, gateway and application, as bytes that a provider has to live with."""

import pytest

PATCH = {"data": {"status": "success", "bankAccounts": []}}


def session_of(wired, product):
    product.connect()
    return f"/v1/authorisations/{wired.admin('GET', '/authorisations')[-1]['authorisationId']}"


def refused(response):
    return response.status_code, [error["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"x_api_key": "wrong"}, 403, "Forbidden"),
        ({"x_api_key": ""}, 403, "Forbidden"),
        ({"authorization": "Bearer wrong"}, 401, "Unauthorized"),
        ({"authorization": ""}, 401, "Unauthorized"),
        ({"authorization": "Basic eDp5"}, 401, "Unauthorized"),
    ],
)
def test_the_gateway_refuses_wrong_credentials_on_every_call(wired, account, make, headers, status, message):
    body = make.statement(account, [make.line("a")])
    for method, path in (
        ("POST", "/v1/statements"),
        ("GET", "/v1/statements/x"),
        ("PATCH", "/v1/authorisations/x"),
        ("POST", "/v1/accountqueries"),
        ("POST", "/v1/banks"),
        ("GET", "/v1/banks"),
        ("POST", "/v1/sync"),
    ):
        response = wired.papi(method, path, body, **headers)
        assert (response.status_code, response.json()) == (status, {"message": message})
    assert wired.admin("GET", "/statements") == []


def test_the_gateway_refuses_an_expired_token_until_a_new_one_is_fetched(wired):
    assert wired.papi("GET", "/v1/banks").status_code == 200
    wired.advance(28_801)
    assert wired.papi("GET", "/v1/banks").json() == {"message": "Unauthorized"}
    wired.token = wired.get_token()
    assert wired.papi("GET", "/v1/banks").status_code == 200


def test_the_gateway_throttles_at_ten_a_second_and_relents(wired, make):
    wired.get_token()
    wired.papi("GET", "/v1/banks")
    wired.settings(requestsPerSecond=10)
    found = [wired.papi("GET", "/v1/banks") for _ in range(14)]
    late = [response for response in found if response.status_code == 429]
    assert late
    assert late[0].json() == {"message": "Too Many Requests"}
    make.eventually(lambda: wired.papi("GET", "/v1/banks").status_code == 200)


def test_a_server_error_of_the_gateway_is_a_fault_to_order(wired):
    wired.fault("* /v1", "status", status=502)
    response = wired.papi("GET", "/v1/banks")
    assert (response.status_code, response.json()) == (502, {"message": "Bad Gateway"})


def _with(make, account, lines, change):
    body = make.statement(account, lines)
    change(body["data"])
    return body


SYNCHRONOUS = {
    "SCHEMA_INVALID": (400, lambda d: d["accountDetails"][0].update(status="asleep")),
    "TOO_MANY_TRANSACTIONS": (400, lambda d: d.update(transactionDetails=d["transactionDetails"] * 501)),
    "ACCOUNT_DETAILS_COUNT": (400, lambda d: d.update(accountDetails=d["accountDetails"] * 2)),
    "EXPECTED_MISMATCH": (400, lambda d: d["expected"].update(transactionCreditSum=101)),
    "BANK_ACCOUNT_MISMATCH": (400, lambda d: d["transactionDetails"][1].update(bankAccountId=d["bankId"])),
    "DUPLICATE_IN_STATEMENT": (400, lambda d: d["transactionDetails"][1].update(uniqueId="a")),
    "BANK_ACCOUNT_NOT_FOUND": (404, lambda d: d.update(principalId=d["bankId"])),
}


@pytest.mark.parametrize("code", SYNCHRONOUS)
def test_a_statement_is_refused_at_once_and_nothing_is_stored(wired, account, make, code):
    status, change = SYNCHRONOUS[code]
    body = _with(make, account, [make.line("a"), make.line("b", -100)], change)
    response = wired.papi("POST", "/v1/statements", body)
    assert refused(response) == (status, [code])
    error = response.json()["errors"][0]
    assert set(error) == {"code", "message", "path", "section"}
    assert error["path"].startswith("data.")
    assert wired.admin("GET", "/statements") == []


def test_a_statement_of_a_cancelled_account_is_refused(wired, product, account, make):
    product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}")
    assert refused(wired.post_statement(account, [make.line("a")])) == (409, ["BANK_ACCOUNT_CANCELLED"])


def test_a_second_statement_in_flight_is_refused(wired, account, make):
    wired.settings(processingMs=60_000)
    assert wired.post_statement(account, [make.line("a")]).status_code == 201
    assert refused(wired.post_statement(account, [make.line("b")])) == (409, ["STATEMENT_IN_FLIGHT"])


@pytest.mark.parametrize(
    ("code", "setting", "days"),
    [
        ("DUPLICATE_TRANSACTION", {}, ("2026-03-02",)),
        ("DATE_ORDER", {"strictOrder": True}, ("2026-03-04", "2026-03-03")),
        ("DATE_WINDOW", {"strictDates": True}, ("2026-03-01", "2026-03-30")),
    ],
)
def test_a_statement_fails_while_processed_and_stores_nothing(wired, account, make, code, setting, days):
    wired.deliver(account, [make.line("old", on="2026-03-01")])
    wired.settings(**setting)
    lines = [make.line(f"new{at}", on=on) for at, on in enumerate(days)]
    if code == "DUPLICATE_TRANSACTION":
        lines.append(make.line("old", on="2026-03-02"))
    failed = wired.deliver(account, lines)
    assert (failed["status"], {error["code"] for error in failed["errors"]}) == ("failed", {code})
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["old"]


def test_an_authorisation_is_known_once_and_for_twenty_minutes(wired, product, make):
    unknown = "/v1/authorisations/11111111-2222-4333-8444-555555555555"
    assert refused(wired.papi("PATCH", unknown, PATCH)) == (404, ["AUTHORISATION_NOT_FOUND"])
    used = session_of(wired, product)
    granted = {"data": {"status": "success", "bankAccounts": [make.granted()]}}
    assert wired.papi("PATCH", used, granted).status_code == 200
    assert refused(wired.papi("PATCH", used, granted)) == (409, ["AUTHORISATION_USED"])
    late = session_of(wired, product)
    wired.advance(1200)
    assert refused(wired.papi("PATCH", late, granted)) == (410, ["AUTHORISATION_EXPIRED"])
