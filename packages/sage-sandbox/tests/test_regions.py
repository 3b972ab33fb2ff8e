"""Two regional clusters in one sandbox: each has its own addresses, credentials, banks and organisations (2, 6)."""

import json
from types import SimpleNamespace

import pytest

from sage_sandbox import wiring
from sage_sandbox.app import open_world
from sage_sandbox.store import NoStore


@pytest.fixture
def american(wired, provider):
    """The same sandbox, seen by who has the details of the other cluster."""
    copy = object.__new__(type(wired))
    copy.__dict__ |= vars(wired)
    copy.details = wired.details["regions"]["us"]
    copy.token = None
    copy.wire_bank(provider)
    return copy


def test_the_details_name_both_clusters_and_share_nothing_but_cloud_id(sandbox):
    eu, us = sandbox.details["regions"]["eu"], sandbox.details["regions"]["us"]
    assert eu == {key: value for key, value in sandbox.details.items() if key != "regions"}
    same = {key for key in eu if eu[key] == us[key]}
    assert same == {"cloudIdUrl", "jwksUrl", "uiUrl", "adminUrl", "xApplication", "audience"}


def test_the_whole_flow_runs_in_the_other_cluster(american, provider, make):
    product = american.product()
    account = product.open_account(product.authorise(make.granted()), currency="USD", bankId=american.details["bankId"])
    created = make.eventually(lambda: provider.to("/notification")[1:])[0]["body"]
    assert created["resource"]["url"].startswith(american.details["consumerUrl"])
    assert provider.to("/auth")[0]["query"]["redirect_uri"].startswith(american.details["consumerUrl"])
    assert american.deliver(account, [make.line("a")])["status"] == "completed"
    path = f"/bankaccounts/{account['bankAccountId']}/transactions"
    assert product.call("GET", path).json()["bankTransactionList"]["total"] == 1


def test_a_provider_of_one_region_is_nobody_in_the_other(wired, american):
    american.papi("GET", "/v1/banks")
    crossed = SimpleNamespace(
        key=american.papi("GET", "/v1/banks", x_api_key=wired.details["providerApiKey"]),
        token=american.papi("GET", "/v1/banks", authorization=f"Bearer {wired.get_token()}"),
    )
    for refused in vars(crossed).values():
        assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    body = {"data": {"bankId": wired.details["bankId"], "externalId": "x"}}
    assert american.papi("POST", "/v1/accountqueries", body).json()["errors"][0]["code"] == "BANK_NOT_FOUND"


def test_each_region_lists_its_own_banks(wired, american):
    headers = {"x-application": wired.details["xApplication"]}
    for here, there in ((wired, american), (american, wired)):
        listed = here.http.get(f"{here.details['consumerUrl']}/banks", headers=headers).json()
        assert [bank["bankId"] for bank in listed] == [here.details["bankId"]]
        url = f"{here.details['consumerUrl']}/banks/{there.details['bankId']}"
        assert here.http.get(url, headers=headers).status_code == 404


def test_an_organisation_belongs_to_one_region(wired, american):
    product = wired.product()
    product.sandbox = american
    assert product.call("GET", f"/indirectlinkaccount?bankid={american.details['bankId']}").status_code == 401
    headers = {"x_organisation_id": product.organisation_id, "x_company_id": product.company_id}
    assert american.signed("GET", "/accesstoken", product.key, **headers).status_code == 401
    body = {"company": {"name": "x"}, "crmId": "1", "user": {"emailAddress": "x@example.com"}}
    wrong_key = wired.details["applicationSigningKey"]
    assert american.signed("POST", "/organisations", wrong_key, body).status_code == 401


def test_each_region_has_a_throttle_and_faults_of_its_own(wired, american, make):
    wired.settings(requestsPerSecond=1)
    for _ in range(2):
        statuses = [s.papi("GET", "/v1/banks").status_code for s in (wired, american)]
    assert statuses == [429, 429]
    wired.settings(requestsPerSecond=0)
    wired.fault("GET /us/papi/v1/banks", "status", status=500)
    assert wired.papi("GET", "/v1/banks").status_code == 200
    assert american.papi("GET", "/v1/banks").status_code == 500


def test_a_wiring_file_fixes_a_region_by_name():
    world = open_world(NoStore())
    text = {"regions": {"us": {"provider": {"apiKey": "k"}, "bank": {"bankId": "b-us"}}}, "bank": {"bankId": "b-eu"}}
    wiring.apply(world, json.dumps(text).encode())
    regions = wiring.details_of(world)["sandbox"]["regions"]
    assert (regions["us"]["providerApiKey"], regions["us"]["bankId"], regions["eu"]["bankId"]) == ("k", "b-us", "b-eu")
    with pytest.raises(ValueError, match="mars"):
        wiring.apply(world, b'{"regions": {"mars": {}}}')
