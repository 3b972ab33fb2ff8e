"""The request signature, against the vectors published with Sage's contract."""

import json

import pytest

from bankfeeds.demo.signature import sign

KEY = "0123456789abcdef" * 4
NONCE = "11111111-2222-4333-8444-555555555555"
COMPANY = {
    "company": {
        "name": "TestCompany",
        "postalCode": "NE139AA",
        "standardIndustrialCode": "99",
        "vatNumber": "123456789",
        "languageCode": "en-GB",
    },
    "crmId": "123456789",
    "user": {"emailAddress": "user@example.com", "identity": "1001"},
}


@pytest.mark.parametrize(
    ("method", "url", "body", "signature"),
    [
        ("POST", "http://localhost:4010/api/v1/organisations", COMPANY, "a+FUdG2qCpDGqKfbyJwtcUv+J3k="),
        ("GET", "http://localhost:4010/api/v1/accesstoken", None, "iHsokvau5KcqzRf36jHThoitV7o="),
        (
            "POST",
            "https://API-money.sage.com/auth-v1/Endpoint?zparameter=123456789&aparameter=AUS",
            {"primaryCountry": "CAN"},
            "z36IIqeMGvj7ghQlsOl3+Ehle8k=",
        ),
    ],
)
def test_it_signs_as_the_vectors_do(method, url, body, signature):
    content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
    assert sign(method, url, content, NONCE, KEY) == signature
