"""What belongs to the institution: API keys, profile, origins, integrations, products, access tokens."""

import pytest

from bankfeeds.flows import keys
from bankfeeds.flows.company_token import LIFETIME_S

from ... import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def test_a_key_made_through_the_api_works_is_told_once_and_stops_when_deleted(site, world):
    made = site.call("POST", "/apiKeys", {"name": "nightly"}).json()
    header = worlds.basic(made["apiKey"])
    assert site.call("GET", "/companies", headers=header).status_code == 200

    listed = site.call("GET", "/apiKeys").json()["results"]
    assert [key["name"] for key in listed] == ["harbour", "nightly"]
    assert made["apiKey"] not in site.call("GET", "/apiKeys").text

    assert site.call("DELETE", f"/apiKeys/{made['id']}", headers=header).status_code == 204
    assert site.call("GET", "/companies", headers=header).status_code == 403
    assert [key["name"] for key in site.call("GET", "/apiKeys").json()["results"]] == ["harbour"]
    assert ("api:nightly", "api_key.revoke", f"api_key:{made['id']}") in worlds.audited(world)


def test_the_deletion_of_a_key_has_no_body_and_no_content_type(site):
    made = site.call("POST", "/apiKeys", {}).json()

    answer = site.call("DELETE", f"/apiKeys/{made['id']}")

    assert made["name"] == "unnamed"
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (204, b"", False)


def test_the_last_key_cannot_be_deleted_and_an_eleventh_not_made(site, world):
    (only,) = keys.every(world)
    before = worlds.everything(world)
    refused = site.call("DELETE", f"/apiKeys/{only.id}")
    assert refused.status_code == 409
    assert "make another" in refused.json()["error"]
    assert worlds.everything(world) == before

    for number in range(9):
        assert site.call("POST", "/apiKeys", {"name": f"key {number}"}).status_code == 201
    assert site.call("POST", "/apiKeys", {"name": "one too many"}).status_code == 409


def test_a_profile_is_replaced_whole(site):
    default = site.call("GET", "/profile").json()
    assert default == {
        "name": "Bankfeeds",
        "redirectUrl": "https://feeds.example/link/companies/{companyId}",
        "whiteListUrls": [],
    }
    wanted = {
        "name": "Example Bank",
        "redirectUrl": "https://bank.example/{companyId}",
        "logoUrl": "https://bank.example/logo.png",
        "whiteListUrls": ["https://bank.example"],
    }
    assert site.call("PUT", "/profile", wanted).json() == wanted
    assert site.call("GET", "/profile").json() == wanted
    del wanted["logoUrl"]
    site.call("PUT", "/profile", wanted)
    assert site.call("GET", "/profile").json() == wanted


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"redirectUrl": None}, "redirectUrl"),
        ({"redirectUrl": "javascript:alert(1)"}, "redirectUrl"),
        ({"logoUrl": "//bank.example"}, "logoUrl"),
        ({"whiteListUrls": ["https://bank.example", "bank"]}, "whiteListUrls[1]"),
        ({"whiteListUrls": ["https://bank.example"] * 51}, "whiteListUrls"),
    ],
)
def test_a_wrong_profile_is_refused_by_field_and_changes_nothing(site, world, change, field):
    before = worlds.everything(world)

    answer = site.call("PUT", "/profile", {"name": "Bank", "redirectUrl": "https://bank.example", **change})

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == field
    assert worlds.everything(world) == before


def test_origins_are_kept_once_each_as_browsers_spell_them(site):
    sent = ["https://Bank.example:443/", "https://bank.example", "http://localhost:3000", "http://[::1]:8000"]

    answer = site.call("POST", "/corsSettings", {"allowedOrigins": sent})

    kept = ["https://bank.example", "http://localhost:3000", "http://[::1]:8000"]
    assert answer.json() == {"allowedOrigins": kept}
    assert site.call("GET", "/connectionManagement/corsSettings").json() == {"allowedOrigins": kept}


@pytest.mark.parametrize(
    "origins",
    [
        ["*"],
        ["https://*.example"],
        ["https://bank.example/path"],
        ["bank.example"],
        ["null"],
        ["https://a@b.example"],
        None,
    ],
)
def test_what_is_no_origin_is_refused(site, origins):
    assert site.call("POST", "/corsSettings", {"allowedOrigins": origins}).status_code == 400


def test_more_origins_than_the_limit_are_refused(site):
    assert site.call("POST", "/corsSettings", {"allowedOrigins": ["https://b.example"] * 51}).status_code == 400


def test_the_picture_of_the_integration_is_where_it_says(site):
    url = site.call("GET", "/integrations/olpr").json()["logoUrl"]
    assert url == site.call("GET", "/integrations/olpr/branding").json()["logo"]["full"]["image"]["src"]

    picture = site.client.get(url.replace("https://feeds.example", site.url), headers={"authorization": ""})

    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert picture.content.startswith(b"<svg")


def test_a_product_is_taken_off_and_put_back_and_both_may_be_repeated(site, world):
    company = site.call("POST", "/companies", {"name": "Harbour"}).json()
    path = f"/companies/{company['id']}"
    assert company["products"] == ["bank-feeds"]

    for method, products in (("DELETE", []), ("DELETE", []), ("PUT", ["bank-feeds"]), ("PUT", ["bank-feeds"])):
        assert site.call(method, f"{path}/products/bank-feeds").status_code == 204
        assert site.call("GET", path).json()["products"] == products
        assert site.call("GET", "/companies").json()["results"][0]["products"] == products

    acts = [action for _, action, _ in worlds.audited(world) if action.startswith("product")]
    assert acts == ["product.remove", "product.add"]


def test_a_company_s_token_reads_that_company_and_nothing_else(site, world, clock):
    mine, other = worlds.make_account(world), worlds.make_account(world)
    path = f"/companies/{mine.company_id}"
    told = site.call("GET", f"{path}/accessToken").json()
    token = bearer(told["accessToken"])
    assert (told["expiresIn"], told["tokenType"]) == (LIFETIME_S, "Bearer")

    assert site.call("GET", path, headers=token).json()["id"] == mine.company_id
    assert site.call("GET", f"{path}/connections", headers=token).status_code == 200
    before = worlds.everything(world)
    for method, where in (
        ("GET", f"/companies/{other.company_id}"),
        ("GET", "/companies"),
        ("GET", "/apiKeys"),
        ("GET", f"{path}/accessToken"),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/connections"),
    ):
        assert site.call(method, where, headers=token).status_code == 403, where
    assert worlds.everything(world) == before

    clock.forward(seconds=LIFETIME_S)
    assert site.call("GET", path, headers=token).status_code == 401


@pytest.mark.parametrize("token", ["-", "nonsense", "gAAAAAB"])
def test_what_is_no_token_is_401(site, world, token):
    assert site.call("GET", "/companies", headers=bearer(token)).status_code == 401


def test_another_secret_that_we_sealed_is_no_token(site, world):
    made = worlds.make_account(world)
    forged = world.sealer.seal(f"listing-secret {made.company_id} 2099-01-01T00:00:00+00:00")

    assert site.call("GET", f"/companies/{made.company_id}", headers=bearer(forged)).status_code == 401
