"""`auth`, `authrefresh` and `availableaccounts`, as bytes."""

import re
from html import unescape

import pytest

from bankfeeds.flows import listings

from ... import consent, worlds


def query(announced, **changes):
    return {
        "bank": consent.BANK,
        "authorisation_id": announced,
        "redirect_uri": consent.REDIRECT,
        "state": consent.STATE,
        **changes,
    }


def test_auth_answers_the_documented_script_and_a_plain_link_to_our_page(sage):
    response = sage.get("/sage/uk/auth", params=query(consent.announce(sage.world)))

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    script = re.search(r'<script>window\.location = "([^"]+)";</script>', response.text)
    link = re.search(r'<a href="([^"]+)">', response.text)
    assert script[1] == unescape(link[1])
    assert script[1].startswith(f"{sage.url}/authorise/")
    assert sage.get(script[1].removeprefix(sage.url)).status_code == 200


def test_the_fragment_tells_nothing_but_the_handle(sage):
    authorisation_id = consent.announce(sage.world)

    text = sage.get("/sage/uk/auth", params=query(authorisation_id)).text

    for secret in (authorisation_id, consent.STATE, consent.BANK, consent.HEADER_VALUE):
        assert secret not in text


@pytest.mark.parametrize("method", ["GET", "POST", "FORM"])
def test_authrefresh_renews_by_the_account_sage_names(sage, method):
    made = worlds.make_account(sage.world)
    params = query(consent.announce(sage.world), externalId=consent.external_id(sage.world, made), bankaccount="b-1")
    del params["bank"]

    if method == "FORM":
        response = sage.post("/sage/uk/authrefresh", data=params)
    else:
        response = sage.client.request(method, "/sage/uk/authrefresh", params=params)

    path = re.search(r'window\.location = "([^"]+)"', response.text)[1].removeprefix(sage.url)
    assert "Renew the link to Sage" in sage.get(path).text


@pytest.mark.parametrize(
    ("changes", "words", "has_link"),
    [
        ({"authorisation_id": "never announced"}, "has not announced", True),
        ({"bank": "another"}, "has not announced", True),
        ({"bank": None}, "incomplete", True),
        ({"state": None}, "incomplete", True),
        ({"authorisation_id": None}, "incomplete", True),
        ({"authorisation_id": "a\x00b"}, "incomplete", True),
        ({"authorisation_id": "x" * 3000}, "incomplete", True),
        ({"redirect_uri": "https://evil.example/"}, "not allowed", False),
        ({"redirect_uri": None}, "incomplete", False),
    ],
)
def test_what_cannot_go_on_is_explained_and_changes_nothing(sage, changes, words, has_link):
    params = {k: v for k, v in query(consent.announce(sage.world), **changes).items() if v is not None}
    before = worlds.everything(sage.world)

    response = sage.get("/sage/uk/auth", params=params)

    assert response.status_code == 200
    assert words in response.text
    assert "<script" not in response.text
    assert ("sagebankdrive.com" in response.text) is has_link
    assert "evil.example" not in response.text
    assert worlds.everything(sage.world) == before


@pytest.mark.parametrize("nasty", ['"></a><script>alert(1)</script>', "</script><img src=x onerror=alert(1)>", "';x"])
def test_nothing_of_the_query_becomes_markup(sage, nasty):
    redirect = f"https://money.sage.com/{nasty}"
    for params in (query("x", redirect_uri=redirect), query("x", state=nasty), query(nasty)):
        text = sage.get("/sage/uk/auth", params=params).text
        assert nasty not in text
        assert "<script" not in text
        assert "<img" not in text


def test_the_banks_own_web_app_is_where_people_go_if_there_is_one(sage):
    changes = {"authorization_redirect_url": "https://app.bank.example/link?a=</script>"}
    listings.update(sage.world, "operator:ann", "uk", changes)

    text = sage.get("/sage/uk/auth", params=query(consent.announce(sage.world))).text

    assert f"&authorizationId={consent.STATE}&redirectUri=https%3A%2F%2F" in text
    assert text.count("</script>") == 1


def test_an_unknown_listing_is_explained(sage):
    response = sage.get("/sage/us/auth", params=query("x"), headers={"accept-language": "fr"})

    assert response.status_code == 200
    assert "pas disponible" in response.text


def test_available_accounts_are_a_bare_array_in_sages_words(sage, signed):
    started = consent.start(sage.world)
    started.submit()
    made = started.made
    worlds.add_account(sage.world, made.company_id, made.connection_id, "late", name="Savings", type="savings")
    external_id = consent.external_id(sage.world, made)

    response = sage.get("/sage/uk/availableaccounts", params={"externalId": external_id}, headers=signed)

    assert response.status_code == 200
    first, second = response.json()
    assert first == {
        "accountName": "Trading account",
        "externalId": external_id,
        "bankIdentifier": made.company_id,
        "accountIdentifier": "112233-1020acc-001",
        "accountType": "business",
        "branchIdentifier": "112233",
    }
    assert (second["accountName"], second["accountType"]) == ("Savings", "savings")


def test_available_accounts_of_the_unknown_are_none(sage, signed):
    response = sage.get("/sage/uk/availableaccounts", params={"externalId": "unknown"}, headers=signed)

    assert (response.status_code, response.content) == (200, b"[]")


def test_available_accounts_are_for_sage_only(sage, signed):
    path = "/sage/uk/availableaccounts?externalId=x"
    before = worlds.everything(sage.world)

    assert sage.get(path).status_code == 401
    assert sage.get(path, headers={**signed, consent.HEADER: "x"}).status_code == 401
    assert sage.get("/sage/uk/availableaccounts", headers=signed).status_code == 400
    assert worlds.everything(sage.world) == before
