"""The signed bootstrap of the Consumer API (3.3.1)."""

import json
import uuid

import jwt
import pytest

from sage_sandbox.signature import base_string, is_signed, sign

KEY = "0123456789abcdef" * 4
NONCE = "11111111-2222-4333-8444-555555555555"
ORGANISATION = b'{"company":{"name":"TestCompany","postalCode":"NE139AA","standardIndustrialCode":"99","vatNumber":"123456789","languageCode":"en-GB"},"crmId":"123456789","user":{"emailAddress":"user@example.com","identity":"1001"}}'


@pytest.mark.parametrize(
    ("method", "url", "body", "signature"),
    [
        ("POST", "http://localhost:4010/api/v1/organisations", ORGANISATION, "a+FUdG2qCpDGqKfbyJwtcUv+J3k="),
        ("GET", "http://localhost:4010/api/v1/accesstoken", None, "iHsokvau5KcqzRf36jHThoitV7o="),
        (
            "POST",
            "https://API-money.sage.com/auth-v1/Endpoint?zparameter=123456789&aparameter=AUS",
            b'{"primaryCountry":"CAN"}',
            "z36IIqeMGvj7ghQlsOl3+Ehle8k=",
        ),
    ],
    ids=["V1", "V2", "V3"],
)
def test_the_published_vectors_come_out(method, url, body, signature):
    assert sign(method, url, body, NONCE, KEY) == signature
    assert is_signed(method, url, body or b"", NONCE, KEY, signature)
    assert not is_signed(method, url, body or b"", NONCE, KEY + "x", signature)


def test_a_base_string_has_three_ampersands():
    assert base_string("get", "http://localhost:4010/api/v1/accesstoken", None, NONCE) == (
        "GET&http%3A%2F%2Flocalhost%3A4010%2Fapi%2Fv1%2Faccesstoken&&" + NONCE
    )


def test_a_pretty_printed_body_may_be_signed_raw_or_minified():
    url, body = "http://localhost/x", b'{\n  "a": "\xc3\xa9"\n}'
    for signed in (body, b'{"a":"\xc3\xa9"}'):
        assert is_signed("POST", url, body, NONCE, KEY, sign("POST", url, signed, NONCE, KEY))


def test_a_request_without_body_may_be_signed_as_an_empty_array_or_object():
    for signed in (None, b"[]", b"{}"):
        assert is_signed(
            "GET", "http://localhost/x", b"", NONCE, KEY, sign("GET", "http://localhost/x", signed, NONCE, KEY)
        )


def test_an_organisation_and_its_token_come_from_signed_calls(sandbox):
    made = sandbox.signed("POST", "/organisations", sandbox.details["applicationSigningKey"], json.loads(ORGANISATION))
    assert made.status_code == 201
    assert set(made.json()) == {"organisationId", "companies", "token"}
    assert isinstance(made.json()["companies"][0], str)
    headers = {"x_organisation_id": made.json()["organisationId"], "x_company_id": made.json()["companies"][0]}
    token = sandbox.signed(
        "GET", "/accesstoken", made.json()["token"], content_type="multipart/form-data; boundary=x", **headers
    )
    assert token.status_code == 200
    assert set(token.json()) == {"jwt"}
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get(sandbox.details["jwksUrl"]).json())
    text = token.json()["jwt"]
    claims = jwt.decode(text, keys[jwt.get_unverified_header(text)["kid"]], algorithms=["RS256"])
    assert set(claims) == {
        "ccVersion",
        "organisationId",
        "companyId",
        "sourceProduct",
        "kid",
        "ip",
        "iss",
        "channel",
        "serviceId",
        "iat",
        "exp",
    }
    assert (claims["iss"], claims["exp"] - claims["iat"]) == ("wpb-auth", 1200)
    assert claims["organisationId"] == made.json()["organisationId"]
    assert claims["sourceProduct"] == sandbox.details["xApplication"]


def test_a_wrong_signature_is_refused(sandbox):
    refused = sandbox.signed("POST", "/organisations", "wrong", json.loads(ORGANISATION))
    assert refused.status_code == 401
    assert "X-Signature" in refused.json()["errors"][0]["message"]


def test_a_nonce_works_once(sandbox):
    nonce, key = str(uuid.uuid4()), sandbox.details["applicationSigningKey"]
    assert sandbox.signed("POST", "/organisations", key, json.loads(ORGANISATION), x_nonce=nonce).status_code == 201
    refused = sandbox.signed("POST", "/organisations", key, json.loads(ORGANISATION), x_nonce=nonce)
    assert refused.status_code == 401
    assert "X-Nonce" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize("nonce", ["", "n" * 201])
def test_a_nonce_is_needed_and_bounded(sandbox, nonce):
    key = sandbox.details["applicationSigningKey"]
    assert sandbox.signed("POST", "/organisations", key, json.loads(ORGANISATION), x_nonce=nonce).status_code == 401


def test_an_unknown_application_is_refused(sandbox):
    key = sandbox.details["applicationSigningKey"]
    refused = sandbox.signed("POST", "/organisations", key, json.loads(ORGANISATION), x_application="someone")
    assert refused.status_code == 401


def test_a_malformed_organisation_is_refused_by_field(sandbox):
    refused = sandbox.signed(
        "POST", "/organisations", sandbox.details["applicationSigningKey"], {"company": {"name": 1}}
    )
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["path"] == "company.name"
