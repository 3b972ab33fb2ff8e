"""Bank sync (6.1) and the banks as products see them (7.3)."""

import uuid

import pytest

URLS = {
    "notification": "http://127.0.0.1:1/n",
    "availableAccounts": "http://127.0.0.1:1/a",
    "auth": "http://127.0.0.1:1/l",
    "reAuth": "http://127.0.0.1:1/r",
}


def new_bank(**changes):
    return {
        "supportiframe": True,
        "countryCode": "USA",
        "name": "First Bank",
        "url": "https://bank.example",
        "externalRef": str(uuid.uuid4()),
        "callbackURLs": URLS,
    } | changes


@pytest.mark.parametrize("as_array", [False, True], ids=["object", "array"])
def test_banks_are_created_updated_and_removed_in_both_shapes(sandbox, as_array):
    def sync(**data):
        return sandbox.papi("POST", "/v1/banks", {"data": [data] if as_array else data})

    bank = new_bank()
    created = sync(toCreate=[bank])
    assert created.status_code == 200
    (entry,) = created.json()["data"]["created"]
    assert entry["externalRef"] == bank["externalRef"]
    bank_id = entry["principalId"]
    change = {"principalId": bank_id, "externalRef": bank["externalRef"], "name": "Second Bank", "callbackURLs": URLS}
    assert sync(toUpdate=[change]).json()["data"]["updated"][0]["name"] == "Second Bank"
    listed = {b["_id"]: b for b in sandbox.papi("GET", "/v1/banks").json()["data"]}
    assert listed[bank_id]["name"] == "Second Bank"
    assert listed[bank_id]["callbackURLs"] == URLS
    assert sync(toRemove=[{"principalId": bank_id, "externalRef": bank["externalRef"]}]).json()["data"]["removed"]
    assert bank_id not in {b["_id"] for b in sandbox.papi("GET", "/v1/banks").json()["data"]}


@pytest.mark.parametrize("country", ["GB", "GBR"])
def test_countries_are_taken_in_two_letters_and_in_three(sandbox, product, country):
    created = sandbox.papi("POST", "/v1/banks", {"data": {"toCreate": [new_bank(countryCode=country)]}})
    bank_id = created.json()["data"]["created"][0]["principalId"]
    shown = sandbox.http.get(
        f"{sandbox.details['consumerUrl']}/banks/{bank_id}", headers={"x-application": "sage.uk.accounting"}
    )
    assert (shown.json()["primaryCountry"], shown.json()["primaryCountry2CharIso"]) == ("GBR", "GB")


@pytest.mark.parametrize("field", ["name", "countryCode", "externalRef", "url", "callbackURLs"])
def test_a_bank_without_a_required_field_is_refused_by_name(sandbox, field):
    bank = new_bank()
    del bank[field]
    response = sandbox.papi("POST", "/v1/banks", {"data": {"toCreate": [bank]}})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "SCHEMA_INVALID"
    assert response.json()["errors"][0]["path"] == f"data.toCreate[0].{field}"


def test_a_sync_with_one_bad_bank_changes_nothing(sandbox):
    before = sandbox.papi("GET", "/v1/banks").json()
    data = {"toCreate": [new_bank(), new_bank(countryCode="England")]}
    response = sandbox.papi("POST", "/v1/banks", {"data": data})
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == "data.toCreate[1].countryCode"
    unknown = {"toUpdate": [{"principalId": "x", "externalRef": "x", "name": "x", "callbackURLs": URLS}]}
    assert sandbox.papi("POST", "/v1/banks", {"data": unknown}).status_code == 404
    assert sandbox.papi("GET", "/v1/banks").json() == before


def test_a_product_sees_a_bank_as_documented(sandbox):
    url, headers = f"{sandbox.details['consumerUrl']}/banks", {"x-application": sandbox.details["xApplication"]}
    bank = sandbox.http.get(f"{url}/{sandbox.details['bankId']}", headers=headers)
    assert bank.status_code == 200
    assert bank.json()["bankId"] == sandbox.details["bankId"]
    assert (bank.json()["status"], bank.json()["dataProvider"]) == ("supported", "indirect")
    assert set(bank.json()) >= {
        "name",
        "primaryCountry",
        "authorisationMechanism",
        "accountTypes",
        "authorisationData",
        "offBoardingMechanism",
        "supportiframe",
        "popularBank",
        "bankURL",
        "flags",
        "capabilities",
        "logo",
        "logoSvg",
        "icon",
    }
    assert sandbox.http.get(f"{url}/nothing", headers=headers).status_code == 404
    assert sandbox.http.get(f"{url}/{sandbox.details['bankId']}").status_code == 401
    sandbox.papi("POST", "/v1/banks", {"data": {"toCreate": [new_bank()]}})
    assert len(sandbox.http.get(url, headers=headers).json()) == 2
    for query in ("name=first", "country=US", "country=USA"):
        assert [b["name"] for b in sandbox.http.get(f"{url}?{query}", headers=headers).json()] == ["First Bank"]


def test_banks_are_registered_out_of_band_by_the_admin_api(sandbox):
    made = sandbox.admin(
        "POST",
        "/banks",
        {"name": "Other", "countryCode": "IE", "callbackURLs": URLS, "headerName": "X-K", "headerValue": "v"},
        201,
    )
    changed = sandbox.admin("PUT", f"/banks/{made['bankId']}", {"headerValue": "w"})
    assert (changed["headerName"], changed["headerValue"], changed["callbackURLs"]) == ("X-K", "w", URLS)
    sandbox.admin("PUT", "/banks/nothing", {}, 404)
    assert sandbox.admin("POST", "/banks", {"name": "Other"}, 400)["errors"][0]["path"] == "countryCode"
    assert sandbox.admin("POST", "/banks", {"nam": "Other"}, 400)["errors"][0]["path"] == "nam"


@pytest.mark.parametrize("name", ["notification", "availableAccounts", "auth", "reAuth"])
def test_a_callback_that_is_no_url_is_refused_by_name(sandbox, name):
    bank = new_bank(callbackURLs=URLS | {name: "ftp://bank.example"})
    response = sandbox.papi("POST", "/v1/banks", {"data": {"toCreate": [bank]}})
    assert (response.status_code, response.json()["errors"][0]["path"]) == (
        400,
        f"data.toCreate[0].callbackURLs.{name}",
    )
    assert len(sandbox.papi("GET", "/v1/banks").json()["data"]) == 1
