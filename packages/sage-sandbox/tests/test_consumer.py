"""The Consumer API's own manners: tokens, poll routes, linking, pages of transactions (7.4-7.12)."""

import uuid

import pytest


def test_a_company_token_lasts_twenty_minutes_and_opens_its_own_company_alone(sandbox):
    product, other = sandbox.product(), sandbox.product()
    path = f"/indirectlinkaccount?bankid={sandbox.details['bankId']}&web=true"
    assert product.call("GET", path).status_code == 302
    assert product.call("GET", path, authorization="").status_code == 401
    assert product.call("GET", path, authorization=f"Bearer {other.jwt}").status_code == 403
    assert product.call("GET", path, x_application="sage.uk.other").status_code == 401
    sandbox.advance(1201)
    assert product.call("GET", path).status_code == 401
    product.renew()
    assert product.call("GET", path).status_code == 302


def test_an_access_token_needs_the_organisations_own_company(sandbox):
    product = sandbox.product()
    headers = {"x_organisation_id": product.organisation_id, "x_company_id": str(uuid.uuid4())}
    assert sandbox.signed("GET", "/accesstoken", product.key, **headers).status_code == 403
    headers = {"x_organisation_id": str(uuid.uuid4()), "x_company_id": product.company_id}
    assert sandbox.signed("GET", "/accesstoken", product.key, **headers).status_code == 401


def test_linking_answers_a_redirect_with_a_body(sandbox):
    product = sandbox.product()
    for name in ("bankid", "bankId"):
        response = product.call("GET", f"/indirectlinkaccount?{name}={sandbox.details['bankId']}&web=true&e2e=abc")
        assert response.status_code == 302
        assert set(response.json()) == {"redirect", "pollRoute", "pollPeriod"}
        assert response.headers["location"] == response.json()["redirect"]
    assert product.call("GET", "/indirectlinkaccount?bankid=nothing&web=true").status_code == 404


def test_poll_routes_rotate_and_work_once(sandbox):
    product = sandbox.product()
    first = product.connect()["pollRoute"]
    answer = sandbox.http.get(first)
    assert answer.status_code == 202
    assert set(answer.json()) == {"pollRoute", "pollPeriod"}
    assert answer.json()["pollRoute"] != first
    assert sandbox.http.get(first).status_code == 410
    assert sandbox.http.get(answer.json()["pollRoute"][:-1] + "x").status_code == 401
    assert sandbox.http.get(answer.json()["pollRoute"]).status_code == 202


def test_the_last_poll_route_is_used_up_too(wired, product, make):
    opened = product.connect()
    authorisation_id = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
    wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", {"data": {"status": "failure"}})
    assert wired.http.get(opened["pollRoute"]).json() == {"account": None, "success": False}
    assert wired.http.get(opened["pollRoute"]).status_code == 410


def test_a_bank_account_is_made_as_documented(wired, product, make):
    account = product.authorise(make.granted())
    body = {
        "accountType": "DEBIT",
        "accountName": "Current Account",
        "accountKey": "1",
        "accountIdentifier": account["accountIdentifier"],
        "bankIdentifier": account["bankIdentifier"],
        "branchIdentifier": account["branchIdentifier"],
        "defaultCurrency": "GBP",
        "bankId": wired.details["bankId"],
        "requestedStartDate": "2017-06-30T00:00:00.000Z",
    }
    response = product.call("POST", "/bankaccounts", body)
    assert response.status_code == 201
    assert response.json()["status"] == "pending"
    again = product.call("POST", "/bankaccounts", body)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "ALREADY_CONNECTED")


@pytest.mark.parametrize(
    ("changes", "status", "path"),
    [
        ({"accountType": "OTHER"}, 400, "accountType"),
        ({"requestedStartDate": "soon"}, 400, "requestedStartDate"),
        ({"defaultCurrency": "pounds"}, 400, "defaultCurrency"),
        ({"defaultCurrency": None}, 400, "defaultCurrency"),
        ({"bankId": "nothing"}, 404, "bankId"),
        ({"accountKey": "1", "accountIdentifier": "unknown"}, 404, "accountIdentifier"),
        ({"accountName": 1}, 400, "accountName"),
    ],
)
def test_a_malformed_bank_account_is_refused_by_field(wired, product, make, changes, status, path):
    account = product.authorise(make.granted())
    body = {
        "accountType": "DEBIT",
        "accountName": "x",
        "accountKey": account["accountKey"],
        "accountIdentifier": account["accountIdentifier"],
        "bankIdentifier": account["bankIdentifier"],
        "defaultCurrency": "GBP",
        "bankId": wired.details["bankId"],
        "requestedStartDate": "2026-01-01",
    }
    response = product.call("POST", "/bankaccounts", body | changes)
    assert (response.status_code, response.json()["errors"][0]["path"]) == (status, path)
    assert wired.admin("GET", "/bankaccounts") == []


def test_another_companys_bank_account_is_not_found(wired, product, account):
    other = wired.product()
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/transactions"), ("GET", "/indirectauth")):
        assert other.call(method, f"/bankaccounts/{account['bankAccountId']}{path}").status_code == 404


def test_transactions_are_paged_by_sequential_ids(wired, product, account, make):
    wired.deliver(account, make.lines(120))
    wired.deliver(account, make.lines(25, prefix="u"))
    path = f"/bankaccounts/{account['bankAccountId']}/transactions"

    def page(query):
        return product.call("GET", f"{path}{query}").json()["bankTransactionList"]

    first = page("")
    assert (first["startIndex"], first["endIndex"], first["total"], first["next"], first["last"]) == (
        1,
        100,
        145,
        101,
        145,
    )
    assert [t["transactionId"] for t in first["transactions"]] == list(range(1, 101))
    second = page(f"?startIndex={first['next']}")
    assert (second["startIndex"], second["endIndex"], second["next"]) == (101, 145, None)
    assert second["transactions"][20]["uniqueId"] == "u0"
    assert [t["transactionId"] for t in page("?startIndex=119&endIndex=122")["transactions"]] == [119, 120, 121, 122]
    assert page("?startIndex=146")["transactions"] == []
    assert product.call("GET", f"{path}?startIndex=x").status_code == 400


def test_transaction_ids_may_have_gaps(wired, product, account, make):
    wired.settings(transactionIdGap=7)
    wired.deliver(account, make.lines(2))
    wired.deliver(account, make.lines(2, prefix="u"))
    path = f"/bankaccounts/{account['bankAccountId']}/transactions"
    ids = [t["transactionId"] for t in product.call("GET", path).json()["bankTransactionList"]["transactions"]]
    assert ids == [1, 2, 10, 11]
    later = product.call("GET", f"{path}?startIndex=3").json()["bankTransactionList"]["transactions"]
    assert [t["uniqueId"] for t in later] == ["u0", "u1"]


def test_available_accounts_need_an_active_account(wired, product, account):
    response = product.call("GET", f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "BANK_ACCOUNT_NOT_ACTIVE")
    assert product.call("GET", "/availablebankaccounts?bankAccountIds=nothing").status_code == 404
    body = {"bankAccountCandidateId": "nothing", "requestedStartDate": "2026-01-01"}
    assert product.call("POST", "/linkavailablebankaccount", body).status_code == 404


def test_reauthorising_a_cancelled_account_is_refused(wired, product, account):
    product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}")
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true").status_code == 409


def test_a_confirmation_holds_the_announcement_back(wired, provider, make):
    wired.settings(pendingConfirmation=True)
    product = wired.product()
    account = product.link()
    assert account["status"] == "pendingConfirmation"
    assert wired.post_statement(account, [make.line("a")]).status_code == 404
    assert len(wired.admin("GET", "/notifications")) == 1
    wired.admin("POST", f"/bankaccounts/{account['bankAccountId']}/confirm")
    make.eventually(lambda: len(provider.to("/notification")) == 2)
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "pending"
    wired.admin("POST", f"/bankaccounts/{account['bankAccountId']}/confirm", status=409)


def test_banks_are_filtered_by_name_country_and_popularity(sandbox):
    headers = {"x-application": sandbox.details["xApplication"]}
    made = {
        name: sandbox.admin("POST", "/banks", {"name": name, "countryCode": country, "popularBank": popular})["bankId"]
        for name, country, popular in (
            ("Alder Bank", "GB", True),
            ("Birch Bank", "IRL", False),
            ("Alder Trust", "IE", True),
        )
    }

    def found(**query):
        response = sandbox.http.get(f"{sandbox.details['consumerUrl']}/banks", params=query, headers=headers)
        assert response.status_code == 200
        return {bank["name"] for bank in response.json() if bank["bankId"] in made.values()}

    assert found() == set(made)
    assert found(name="alder") == {"Alder Bank", "Alder Trust"}
    assert found(country="IRL") == found(country="ie") == {"Birch Bank", "Alder Trust"}
    assert found(popularBank="true") == {"Alder Bank", "Alder Trust"}
    assert found(PopularBank="false", Country="IE") == {"Birch Bank"}
    response = sandbox.http.get(f"{sandbox.details['consumerUrl']}/banks?popularBank=maybe", headers=headers)
    assert (response.status_code, response.json()["errors"][0]["section"]) == (400, "7.3")


def test_what_a_query_must_name_is_asked_for_by_name(wired, product):
    for path, name in (("/indirectlinkaccount?web=true", "bankid"), ("/availablebankaccounts", "bankAccountIds")):
        response = product.call("GET", path)
        assert (response.status_code, response.json()["errors"][0]["path"]) == (400, name)
        assert product.call("GET", path, authorization="").status_code == 401
