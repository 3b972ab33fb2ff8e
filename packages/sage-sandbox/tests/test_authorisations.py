"""PATCH authorisations: once, in time, by its own provider (6.2)."""

import uuid

import pytest

from sage_sandbox.records import Bank, Provider


def opened(wired):
    """An authorisation that waits for its PATCH, and the way to poll it."""
    product = wired.product()
    answer = product.connect()
    return product, answer, wired.admin("GET", "/authorisations")[-1]["authorisationId"]


def code_of(response):
    return response.status_code, response.json()["errors"][0]["code"]


def success(*accounts):
    return {"data": {"status": "success", "bankAccounts": list(accounts)}}


def test_the_example_of_the_contract_is_taken(wired):
    _, _, authorisation_id = opened(wired)
    example = {
        "data": {
            "status": "success",
            "bankAccounts": [
                {
                    "bankAccountExternalId": "MTAwMDoxMQ==",
                    "accountName": "Current Account",
                    "bankIdentifier": "1000",
                    "branchIdentifier": "string",
                    "accountIdentifier": "134256",
                }
            ],
        }
    }
    response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", example)
    assert response.status_code == 200
    assert response.json() == {"data": {"_id": authorisation_id, "status": "success"}}
    shown = wired.admin("GET", "/authorisations")[-1]
    assert (shown["status"], shown["kind"]) == ("consumed", "onboarding")
    assert shown["accounts"][0]["externalId"] == "MTAwMDoxMQ=="


def test_an_unknown_authorisation_is_not_found(wired, make):
    response = wired.papi("PATCH", f"/v1/authorisations/{uuid.uuid4()}", success(make.granted()))
    assert code_of(response) == (404, "AUTHORISATION_NOT_FOUND")


def test_an_authorisation_works_once(wired, make):
    _, _, authorisation_id = opened(wired)
    path = f"/v1/authorisations/{authorisation_id}"
    assert wired.papi("PATCH", path, success(make.granted())).status_code == 200
    assert code_of(wired.papi("PATCH", path, success(make.granted()))) == (409, "AUTHORISATION_USED")


def test_an_authorisation_expires_after_twenty_minutes(wired, make):
    product, answer, authorisation_id = opened(wired)
    wired.advance(19 * 60)
    product.renew()
    wired.token = None
    product.connect()
    wired.advance(61)
    response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", success(make.granted()))
    assert code_of(response) == (410, "AUTHORISATION_EXPIRED")
    younger = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
    assert wired.papi("PATCH", f"/v1/authorisations/{younger}", success(make.granted())).status_code == 200
    assert product.poll(answer["pollRoute"]) == {"account": None, "success": False}


def test_an_authorisation_of_another_provider_is_refused(wired, make):
    other = Provider(
        provider_id="other", name="Other", client_id="other", client_secret="x", api_key="other-key", audience="a"
    )
    bank = Bank(bank_id=str(uuid.uuid4()), provider_id="other", name="Other", country_code="GB")
    wired.world.keep(other)
    wired.world.keep(bank)
    try:
        wired.product().connect(bank.bank_id)
        authorisation_id = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
        response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", success(make.granted()))
        assert code_of(response) == (403, "AUTHORISATION_FORBIDDEN")
        assert wired.papi("GET", "/v1/banks", x_api_key="other-key").status_code == 403
        response = wired.papi("POST", "/v1/accountqueries", {"data": {"bankId": bank.bank_id, "externalId": "ext-1"}})
        assert code_of(response) == (404, "BANK_NOT_FOUND")
    finally:
        wired.world.forget(other)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "data"),
        ({"data": {}}, "data.status"),
        ({"data": {"status": "maybe"}}, "data.status"),
        ({"data": {"status": "success"}}, "data.bankAccounts"),
        ({"data": {"status": "success", "bankAccounts": []}}, "data.bankAccounts"),
        (
            {
                "data": {
                    "status": "success",
                    "bankAccounts": [{"accountName": "x", "bankIdentifier": "x", "accountIdentifier": "x"}],
                }
            },
            "data.bankAccounts[0].bankAccountExternalId",
        ),
        (
            {
                "data": {
                    "status": "success",
                    "bankAccounts": [
                        {
                            "bankAccountExternalId": 5,
                            "accountName": "x",
                            "bankIdentifier": "x",
                            "accountIdentifier": "x",
                        }
                    ],
                }
            },
            "data.bankAccounts[0].bankAccountExternalId",
        ),
    ],
)
def test_a_malformed_result_is_refused_by_field_and_uses_nothing_up(wired, make, body, path):
    _, _, authorisation_id = opened(wired)
    response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", body)
    assert code_of(response) == (400, "SCHEMA_INVALID")
    assert response.json()["errors"][0]["path"] == path
    assert wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", success(make.granted())).status_code == 200


@pytest.mark.parametrize("word", ["failure", "failed", "error", "cancelled"])
def test_a_refusal_by_the_user_ends_the_poll_without_an_account(wired, word):
    product, answer, authorisation_id = opened(wired)
    response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", {"data": {"status": word}})
    assert response.json()["data"]["status"] == "failure"
    assert product.poll(answer["pollRoute"]) == {"account": None, "success": False}


def test_an_account_sent_twice_is_offered_once(wired, make):
    product, answer, authorisation_id = opened(wired)
    twice = [make.granted("ext-1", "Old name"), make.granted("ext-1", "New name")]
    wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", success(*twice))
    first = product.poll(answer["pollRoute"])["account"]
    assert first["accountName"] == "New name"
    again = product.authorise(make.granted("ext-1"))
    assert again["accountKey"] == first["accountKey"]


@pytest.mark.parametrize("accounts", [None, [], ["ext-1"]], ids=["absent", "empty", "all"])
def test_a_reauthorisation_takes_accounts_or_none(wired, product, account, make, accounts):
    wired.deliver(account, [], status="authRequired")
    product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true")
    authorisation = wired.admin("GET", "/authorisations")[-1]
    assert authorisation["kind"] == "reauth"
    data = {"status": "success"} | ({} if accounts is None else {"bankAccounts": [make.granted(e) for e in accounts]})
    assert (
        wired.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", {"data": data}).status_code == 200
    )
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "active"


def test_a_reauthorisation_renews_every_account_of_the_login(wired, product, make):
    first = product.open_account(product.authorise(make.granted("ext-1"), make.granted("ext-2")))
    second = product.open_account(product.authorise(make.granted("ext-2"), make.granted("ext-1")))
    stranger = product.open_account(product.authorise(make.granted("ext-3", customer="cust-2")))
    for account in (first, second, stranger):
        wired.deliver(account, [], status="authRequired")
    product.call("GET", f"/bankaccounts/{first['bankAccountId']}/indirectauth?web=true")
    authorisation = wired.admin("GET", "/authorisations")[-1]
    wired.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", {"data": {"status": "success"}})
    statuses = [
        product.call("GET", f"/bankaccounts/{a['bankAccountId']}").json()["status"] for a in (first, second, stranger)
    ]
    assert statuses == ["active", "active", "authRequired"]


@pytest.mark.parametrize("name", ["bankAccountExternalId", "accountName", "bankIdentifier", "accountIdentifier"])
def test_an_account_without_a_name_or_number_is_refused(wired, product, make, name):
    product.connect()
    authorisation_id = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
    body = {"data": {"status": "success", "bankAccounts": [make.granted(), make.granted("ext-2") | {name: ""}]}}
    response = wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", body)
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, f"data.bankAccounts[1].{name}")
    assert wired.admin("GET", "/authorisations")[-1]["accounts"] == []
