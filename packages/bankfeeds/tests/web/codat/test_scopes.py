"""What a key's scope lets it do: every operation, by every scope."""

import pytest

from bankfeeds.domain.api_key import Scope
from bankfeeds.flows import keys
from bankfeeds.web.codat.openapi import spelled
from bankfeeds.web.codat.routes import RESOURCES

from ... import worlds

ADMINISTRATION = {"/apiKeys", "/apiKeys/{apiKeyId}", "/webhooks", "/webhooks/{webhookId}", "/profile"}
ADMINISTRATION |= {"/corsSettings", "/connectionManagement/corsSettings"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def needed(method, path):
    if method == "GET":
        return Scope.read
    return Scope.admin if spelled(path) in ADMINISTRATION else Scope.write


@pytest.fixture
def headers(world):
    return {scope: worlds.basic(keys.create(world, "test", scope.value, scope=scope)[1]) for scope in Scope}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_every_operation_is_refused_to_a_key_whose_scope_does_not_cover_it(site, world, headers, resource):
    path = resource.path
    for name in spelled(path).split("{")[1:]:
        path = path.replace("{" + path.split("{")[1].split("}")[0] + "}", UNKNOWN, 1) if name else path
    for method in resource.operations:
        for scope in Scope:
            before = worlds.everything(world)
            answer = site.call(method, path, b"{", headers=headers[scope])  # no operation does anything with that
            if scope.covers(needed(method, resource.path)):
                assert answer.status_code != 403, (method, path, scope)
            else:
                assert (answer.status_code, answer.json()["statusCode"]) == (403, 403), (method, path, scope)
                assert worlds.everything(world) == before


def test_a_push_by_a_key_that_may_only_read_is_refused_though_it_was_remembered(site, world, headers):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    body = {"accountId": "acc-001"}
    body["transactions"] = [{"id": "t", "date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}]
    assert site.call("GET", "/companies", headers=headers[Scope.read]).status_code == 200
    assert site.call("POST", path, body, headers=headers[Scope.write]).status_code == 200

    assert site.call("POST", path, body, headers=headers[Scope.read]).status_code == 403
    assert len(worlds.everything(world)["pushes"]) == 1


def test_a_key_is_made_with_a_scope_and_an_end_and_tells_them(site, clock):
    asked = {"name": "nightly", "scope": "write", "expiresAt": "2026-02-04T12:00:00Z"}
    made = site.call("POST", "/apiKeys", asked).json()
    assert (made["scope"], made["expiresAt"]) == ("write", "2026-02-04T12:00:00Z")
    shown = {each["id"]: each for each in site.call("GET", "/apiKeys").json()["results"]}
    assert shown[made["id"]]["scope"] == "write"
    headers = worlds.basic(made["apiKey"])
    assert site.call("GET", "/companies", headers=headers).status_code == 200
    clock.forward(days=1)
    assert site.call("GET", "/companies", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"scope": "owner"}, "scope"),
        ({"expiresAt": "2026-02-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2027-02-01T00:00:00"}, "expiresAt"),
        ({"expiresAt": "soon"}, "expiresAt"),
    ],
)
def test_a_key_of_no_scope_or_no_future_is_not_made(site, world, asked, field):
    before = worlds.everything(world)
    answer = site.call("POST", "/apiKeys", {"name": "x", **asked})
    assert (answer.status_code, answer.json()["validation"]["errors"][0]["itemId"]) == (400, field)
    assert worlds.everything(world) == before
