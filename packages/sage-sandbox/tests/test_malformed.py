"""Whatever is sent, wherever: a 4xx that says what is wrong, and the sandbox goes on."""

import pytest

BODIES = [
    b"",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"{}",
    b"{",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {}}',
    b'{"data": [{}, 1]}',
    b'{"data": {"status": "\\ud800", "principalId": "\\ud800"}}',
    b'{"data": {"bankId": "\\u0000", "externalId": "\\u0000"}}',
    b'{"data": {"principalId": 1e400}}',
    b'{"grant_type": "client_credentials", "client_id": "\\ud800", "client_secret": "\\ud800"}',
    b"[" * 5000,
    b"\xff\xfe\x00",
    b'{"on": "\\udfff /", "action": "status"}',
    b'{"accounts": [{"externalId": "x", "lines": [{"uniqueId": "a", "amount": 1e400, "date": "2026-01-01"}]}]}',
]
PAPI = [
    ("POST", "/v1/statements"),
    ("POST", "/v1/banks"),
    ("PATCH", "/v1/authorisations/x"),
    ("POST", "/v1/accountqueries"),
    ("POST", "/v1/sync"),
    ("POST", "/sync"),
]
ADMIN = [
    ("PUT", "/settings"),
    ("POST", "/faults"),
    ("POST", "/clock"),
    ("POST", "/expectations"),
    ("POST", "/plant"),
    ("POST", "/banks"),
    ("PUT", "/banks/x"),
]
COMPANY = [("POST", "/bankaccounts"), ("POST", "/linkavailablebankaccount")]


def check(response, call, body):
    if response.status_code == 200:
        assert call == ("PUT", "/settings") or response.json() == {
            "data": {"created": [], "updated": [], "removed": []}
        }, (call, body)
        return
    assert 400 <= response.status_code < 500, (call, body, response.text)
    assert response.json().get("errors") or response.json().get("message")


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_malformed_bodies_are_refused_everywhere(sandbox, product, body):
    for call in PAPI:
        check(sandbox.papi(*call, body), call, body)
    for method, path in ADMIN:
        url = f"{sandbox.details['adminUrl']}/admin{path}"
        check(sandbox.http.request(method, url, content=body), (method, path), body)
    base = f"{sandbox.details['consumerUrl']}/organisations/{product.organisation_id}/companies/{product.company_id}"
    headers = {"x-application": sandbox.details["xApplication"], "authorization": f"Bearer {product.jwt}"}
    for method, path in COMPANY:
        check(sandbox.http.request(method, base + path, content=body, headers=headers), (method, path), body)
    token = sandbox.http.post(
        f"{sandbox.details['cloudIdUrl']}/oauth/token", content=body, headers={"content-type": "application/json"}
    )
    assert 400 <= token.status_code < 500
    made = sandbox.http.post(
        f"{sandbox.details['consumerUrl']}/organisations",
        content=body,
        headers={"x-application": "sage.uk.x", "x-nonce": "n"},
    )
    assert made.status_code == 401
    assert sandbox.admin("GET", "/statements") == []


def test_half_a_character_in_a_line_is_refused(wired, account, make):
    raw = make.statement(account, [make.line("a")])
    raw["data"]["transactionDetails"][0]["description"] = "half \ud83d"
    response = wired.papi("POST", "/v1/statements", raw)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "SCHEMA_INVALID")
    raw["data"]["transactionDetails"][0]["description"] = "whole \U0001f600, nul \x00"
    assert wired.papi("POST", "/v1/statements", raw).status_code == 201
    assert wired.admin("GET", "/transactions")[0]["description"] == "whole \U0001f600, nul \x00"


@pytest.mark.parametrize(
    "path",
    [
        "/papi/v1/authorisations/%00",
        "/consumer/api/v1/poll/x/1?signature=%ff",
        "/consumer/api/v1/poll/x/99999999999999999999999",
        "/ui/link/%ff",
        "/consumer/api/v1/indirectredirect/%ff?state=%ff",
        "/admin/nothing",
    ],
)
def test_odd_paths_are_refused(sandbox, path):
    response = sandbox.http.get(sandbox.details["adminUrl"] + path)
    assert 400 <= response.status_code < 500
