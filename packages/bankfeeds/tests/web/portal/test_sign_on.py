"""OpenID Connect: away and back with a provider of the test's own, and every way in which its word is not taken."""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bankfeeds.app.sign_on import OpenIdConnect
from bankfeeds.domain.operator import Role
from bankfeeds.flows import operators
from bankfeeds.settings import WrongSetting, load

from ... import worlds
from . import portal_site
from .portal_site import said_in

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLIENT, SECRET = "portal", "client secret"
ANN = "ann@bank.example"


@dataclass
class Provider:
    """Says what it was told to say of whoever comes; remembers the challenge of its one visitor."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = KEY
    issuer: str = ""
    nonce: str = ""
    challenge: str = ""
    header: dict[str, Any] = field(default_factory=dict)

    def answer(self, path: str, body: str, authorization: str) -> tuple[int, dict[str, Any]]:
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return 200, {"issuer": self.issuer or self.url, **{name: f"{self.url}/{end}" for name, end in ends.items()}}
        if path == "/keys":
            return 200, {"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "1"}]}
        fields = dict(parse_qsl(body))
        proof = base64.urlsafe_b64encode(hashlib.sha256(fields["code_verifier"].encode()).digest()).decode().rstrip("=")
        expected = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if proof != self.challenge or authorization != expected or fields["code"] != "code":
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.token(), "token_type": "Bearer"}

    def token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "7", "iat": now, "exp": now + 300, "nonce": self.nonce}
        known = {"email": ANN, "email_verified": True}
        signed = jwt.encode({**claims, **known, **self.claims}, self.key, "RS256", headers={"kid": "1"})
        if not self.header:
            return signed
        return ".".join(
            [base64.urlsafe_b64encode(json.dumps(self.header).encode()).decode().rstrip("="), *signed.split(".")[1:]]
        )


@pytest.fixture
def provider():
    known = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            status, told = known.answer(self.path, body, self.headers.get("authorization", ""))
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield known
        server.shutdown()
        thread.join(5)


@pytest.fixture
def site(server, world, provider):
    operators.add(world, "test", ANN, Role.developer, None)
    with httpx2.Client(timeout=5) as http:
        sign_on = OpenIdConnect(provider.url, CLIENT, SECRET, http)
        with portal_site.serving(server, world, sign_on=sign_on) as running:
            yield running


def leave(site, provider):
    """To the provider: what its page is asked."""
    answer = site.get("sign-in/openid")
    assert answer.status_code == 303
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce, provider.challenge = asked["nonce"], asked["code_challenge"]
    return asked


def come_back(site, asked, **changes):
    return site.get("sign-in/openid/back", params={"code": "code", "state": asked["state"], **changes})


def test_an_operator_signs_in_with_what_the_provider_vouches_for(site, provider):
    asked = leave(site, provider)
    assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
    assert asked["redirect_uri"] == f"{site.url}/portal/sign-in/openid/back"
    answer = come_back(site, asked)
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/")
    assert f"{ANN} Developer" in said_in(site.get())
    assert worlds.audited(site.world)[-1][:2] == (f"operator:{ANN}", "operator.sign_in")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@bank.example"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"nonce": "of another sign-in"},
        {"aud": "another client"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1_000_000_000},
    ],
    ids=lambda claims: "-".join(f"{name}={value}" for name, value in claims.items()),
)
def test_a_word_that_is_not_for_us_lets_nobody_in(site, provider, claims):
    provider.claims = claims
    answer = come_back(site, leave(site, provider))
    assert answer.status_code == 403
    assert "could not be taken" in said_in(answer)
    assert "set-cookie" not in answer.headers
    assert site.get().status_code == 303


def test_a_token_signed_by_somebody_else_lets_nobody_in(site, provider):
    provider.key = OTHER
    assert come_back(site, leave(site, provider)).status_code == 403


@pytest.mark.parametrize("algorithm", ["none", "NONE", "HS256", "ES256", "ES512", "PS256", "RS1", ""])
def test_a_token_that_claims_another_algorithm_lets_nobody_in(site, provider, algorithm):
    """One of a key that is not of the provider's kind, too: that was a 500."""
    provider.header = {"alg": algorithm, "kid": "1"}
    answer = come_back(site, leave(site, provider))
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_way_back_that_was_not_begun_here_lets_nobody_in(site, provider):
    asked = leave(site, provider)
    for changes in ({"state": "x"}, {"state": "\u00e9"}, {"code": ""}, {"code": "x" * 5000}):
        assert come_back(site, asked, **changes).status_code == 403
    site.client.cookies.clear()
    answer = come_back(site, asked)
    assert answer.status_code == 403
    assert "not begun here" in said_in(answer)


def test_a_provider_that_calls_itself_something_else_is_not_believed(site, provider):
    provider.issuer = "https://elsewhere.example"
    assert site.get("sign-in/openid").status_code == 403


def test_the_button_is_there_only_where_it_works(site, server, world):
    assert "Sign in with your organisation" in site.get("sign-in").text
    with portal_site.serving(server, world) as plain:
        assert "Sign in with your organisation" not in plain.get("sign-in").text
        assert plain.get("sign-in/openid").status_code == 404


def test_the_settings_belong_together():
    whole = {"ISSUER": "https://id.example", "CLIENT_ID": "portal", "CLIENT_SECRET": "s"}
    settings = {f"BANKFEEDS_OIDC_{name}": text for name, text in whole.items()}
    assert load(settings).oidc_client_id == "portal"
    for name in settings:
        with pytest.raises(WrongSetting, match=f"{name}: is missing; OpenID Connect needs it"):
            load({other: text for other, text in settings.items() if other != name})
