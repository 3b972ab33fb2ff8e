"""The token endpoint, its keys, and the gateway before the Provider API (3.1, 6)."""

import jwt
import pytest


def asked(sandbox, **changes):
    details = sandbox.details
    return {
        "grant_type": "client_credentials",
        "client_id": details["clientId"],
        "client_secret": details["clientSecret"],
        "audience": details["audience"],
    } | changes


@pytest.mark.parametrize("how", ["data", "json"])
def test_a_token_is_given_for_a_form_and_for_json(sandbox, how):
    response = sandbox.http.post(f"{sandbox.details['cloudIdUrl']}/oauth/token", **{how: asked(sandbox)})
    assert response.status_code == 200
    body = response.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 28800)
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get(sandbox.details["jwksUrl"]).json())
    key = keys[jwt.get_unverified_header(body["access_token"])["kid"]]
    claims = jwt.decode(body["access_token"], key, ["RS256"], audience="sfdsbanking/sfdsBankingProvider-Pre")
    assert claims["exp"] - claims["iat"] == 28800


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "access_denied"),
        ({"client_secret": "wrong"}, 401, "access_denied"),
        ({"audience": "elsewhere"}, 403, "access_denied"),
        ({"grant_type": "client_credentails"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
    ],
)
def test_bad_token_requests_are_refused(sandbox, changes, status, error):
    response = sandbox.http.post(f"{sandbox.details['cloudIdUrl']}/oauth/token", json=asked(sandbox, **changes))
    assert response.status_code == status
    assert response.json()["error"] == error
    assert response.json()["error_description"]


def test_a_key_that_is_missing_or_wrong_is_forbidden(sandbox):
    for key in ("", "wrong"):
        response = sandbox.papi("GET", "/v1/banks", x_api_key=key)
        assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_a_token_that_is_missing_wrong_or_expired_is_unauthorised(sandbox):
    assert sandbox.papi("GET", "/v1/banks").status_code == 200
    for header in ("", "Bearer", "Bearer nonsense", f"Basic {sandbox.token}"):
        response = sandbox.papi("GET", "/v1/banks", authorization=header)
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    sandbox.advance(28801)
    assert sandbox.papi("GET", "/v1/banks").status_code == 401
    sandbox.token = None
    assert sandbox.papi("GET", "/v1/banks").status_code == 200


def test_a_token_for_products_does_not_open_the_provider_api(product, sandbox):
    assert sandbox.papi("GET", "/v1/banks", authorization=f"Bearer {product.jwt}").status_code == 401


def test_more_requests_than_agreed_are_throttled(sandbox):
    sandbox.get_token()
    sandbox.settings(requestsPerSecond=3)
    statuses = [sandbox.papi("GET", "/v1/banks").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert sandbox.papi("GET", "/v1/banks").json() == {"message": "Too Many Requests"}


def test_the_throttle_opens_again_within_a_second(sandbox, make):
    sandbox.settings(requestsPerSecond=1)
    sandbox.papi("GET", "/v1/banks")
    assert sandbox.papi("GET", "/v1/banks").status_code == 429
    make.eventually(lambda: sandbox.papi("GET", "/v1/banks").status_code == 200, 3)


def test_unknown_paths_and_methods_answer_like_a_gateway(sandbox):
    assert sandbox.papi("GET", "/v2/banks").status_code == 404
    assert sandbox.papi("DELETE", "/v1/banks").status_code == 405
    assert "message" in sandbox.papi("GET", "/v1/nothing").json()


def test_a_body_over_the_limit_is_refused(sandbox):
    response = sandbox.papi("POST", "/v1/statements", b" " * (10 * 1024 * 1024 + 1))
    assert response.status_code == 413


def test_a_provider_s_secrets_are_changed_at_once(sandbox):
    client_id = sandbox.details["clientId"]
    path = f"/providers/{client_id}"
    sandbox.admin("PUT", "/providers/nobody", {}, status=404)
    sandbox.admin("PUT", path, {"apiKey": ""}, status=400)
    before = {"clientSecret": sandbox.details["clientSecret"], "apiKey": sandbox.details["providerApiKey"]}
    assert sandbox.papi("GET", "/v1/banks").status_code == 200  # with a token that goes on counting
    sandbox.admin("PUT", path, {"clientSecret": "another", "apiKey": "another key"})
    try:
        url = f"{sandbox.details['cloudIdUrl']}/oauth/token"
        assert sandbox.http.post(url, json=asked(sandbox)).status_code == 401
        assert sandbox.http.post(url, json=asked(sandbox, client_secret="another")).status_code == 200
        assert sandbox.papi("GET", "/v1/banks").status_code == 403
        assert sandbox.papi("GET", "/v1/banks", x_api_key="another key").status_code == 200
    finally:
        sandbox.admin("PUT", path, before)
    assert sandbox.papi("GET", "/v1/banks").status_code == 200
