"""Telling Sage's tokens from anybody's: against a real server that publishes real keys."""

import base64
import json
from collections.abc import Generator
from datetime import timedelta

import jwt
import pytest

from bankfeeds.sage import jwks

from .. import consent, worlds

NOW = worlds.NOON


class Hands:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture(scope="module")
def signer() -> consent.Signer:
    return consent.Signer()


@pytest.fixture
def keys(signer: consent.Signer) -> Generator[consent.KeyServer]:
    with consent.publishing(signer) as server:
        yield server


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def verify(hands: Hands) -> Generator[jwks.JwksVerifier]:
    verifier = jwks.JwksVerifier(monotonic=hands)
    yield verifier
    verifier.close()


def unsigned(header: object, payload: object) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, payload)]
    return ".".join([*parts, ""])


def test_sages_token_is_sages(verify, keys, signer):
    listing = consent.listing(keys.url)

    assert verify(listing, signer.token(NOW), NOW) is None
    assert verify(listing, signer.token(NOW), NOW) is None
    assert keys.requests == 1


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 20_000, "x" * 20_000])
def test_what_is_no_token_is_refused_without_asking_for_keys(verify, keys, token):
    assert verify(consent.listing(keys.url), token, NOW) not in {None, jwks.UNAVAILABLE}
    assert keys.requests == 0


def test_no_other_algorithm_passes(verify, keys, signer):
    payload = {"exp": NOW.timestamp() + 600}
    public = signer.private.public_key()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = base64.urlsafe_b64encode(pem).decode()
    tokens = [
        unsigned({"alg": "none", "kid": signer.kid}, payload),
        unsigned({"alg": "NONE", "kid": signer.kid}, payload),
        unsigned({"kid": signer.kid}, payload),
        jwt.encode(payload, secret, algorithm="HS256", headers={"kid": signer.kid}),
        jwt.encode(payload, signer.private, algorithm="RS512", headers={"kid": signer.kid}),
        jwt.encode(payload, signer.private, algorithm="PS256", headers={"kid": signer.kid}),
    ]
    for token in tokens:
        assert verify(consent.listing(keys.url), token, NOW) not in {None, jwks.UNAVAILABLE}


def test_another_key_with_the_same_name_is_not_sages(verify, keys):
    forged = consent.Signer().token(NOW)

    assert verify(consent.listing(keys.url), forged, NOW) == "the token's signature is not Sage's"


def test_a_changed_token_is_not_sages(verify, keys, signer):
    head, _, signature = signer.token(NOW).split(".")
    payload = base64.urlsafe_b64encode(json.dumps({"exp": 9e9}).encode()).rstrip(b"=").decode()

    assert verify(consent.listing(keys.url), f"{head}.{payload}.{signature}", NOW) == (
        "the token's signature is not Sage's"
    )


@pytest.mark.parametrize(
    ("claims", "cause"),
    [
        ({"exp": NOW.timestamp() - 60}, "expired"),
        ({"exp": None}, "expires"),
        ({"exp": "9999999999"}, "expires"),
        ({"exp": True}, "expires"),
        ({"iat": "now"}, "expires"),
        ({"iat": NOW.timestamp() + 61}, "not valid yet"),
        ({"nbf": NOW.timestamp() + 61}, "not valid yet"),
    ],
)
def test_times_are_checked_by_the_clock_given(verify, keys, signer, claims, cause):
    assert cause in (verify(consent.listing(keys.url), signer.token(NOW, **claims), NOW) or "")


def test_a_minute_of_difference_between_clocks_is_forgiven(verify, keys, signer):
    listing = consent.listing(keys.url)
    token = signer.token(NOW, lifetime_s=600)

    assert verify(listing, token, NOW - timedelta(seconds=60)) is None
    assert verify(listing, token, NOW + timedelta(seconds=659)) is None
    assert verify(listing, token, NOW + timedelta(seconds=660)) == "the token has expired"


def test_issuer_and_audience_are_checked_where_the_listing_names_them(verify, keys, signer):
    named = consent.listing(keys.url, connector_issuer="https://id.sage.example/", connector_audience="us")

    assert verify(named, signer.token(NOW, aud="us"), NOW) is None
    assert verify(named, signer.token(NOW, aud=["them", "us"]), NOW) is None
    assert "audience" in (verify(named, signer.token(NOW, aud="them"), NOW) or "")
    assert "audience" in (verify(named, signer.token(NOW), NOW) or "")
    assert "issuer" in (verify(named, signer.token(NOW, aud="us", iss="https://id.sage.example"), NOW) or "")


def test_a_key_new_at_sage_is_fetched_at_once_but_forgeries_cost_one_fetch_a_while(verify, keys, signer, hands):
    listing, newer = consent.listing(keys.url), consent.Signer("key-2")
    assert verify(listing, signer.token(NOW), NOW) is None
    hands.at += jwks.REFETCH_S
    keys.signers.append(newer)
    assert verify(listing, newer.token(NOW), NOW) is None
    assert keys.requests == 2

    for number in range(20):
        token = jwt.encode({"exp": 9e9}, newer.private, algorithm="RS256", headers={"kid": f"made up {number}"})
        assert verify(listing, token, NOW) == "the token names a key that Sage does not publish"
    assert keys.requests == 2
    assert verify(listing, signer.token(NOW), NOW) is None


def test_a_key_withdrawn_by_sage_ends_with_the_time_keys_are_kept(verify, keys, signer, hands):
    listing = consent.listing(keys.url)
    assert verify(listing, signer.token(NOW), NOW) is None
    keys.signers = [consent.Signer("key-2")]

    hands.at += jwks.KEYS_TTL_S + 1

    assert verify(listing, signer.token(NOW), NOW) == "the token names a key that Sage does not publish"


def test_keys_out_of_reach_say_nothing_of_the_token_and_are_asked_for_again(verify, keys, signer, hands):
    listing = consent.listing(keys.url)
    keys.status = 503

    assert verify(listing, signer.token(NOW), NOW) == jwks.UNAVAILABLE
    assert verify(listing, signer.token(NOW), NOW) == jwks.UNAVAILABLE
    assert keys.requests == 1
    keys.status = 200
    hands.at += jwks.REFETCH_S
    assert verify(listing, signer.token(NOW), NOW) is None


def test_known_keys_outlast_an_hour_of_silence_and_no_more(verify, keys, signer, hands):
    listing = consent.listing(keys.url)
    assert verify(listing, signer.token(NOW), NOW) is None
    keys.status = 500

    hands.at += jwks.STALE_MAX_S
    assert verify(listing, signer.token(NOW), NOW) is None
    hands.at += jwks.REFETCH_S
    assert verify(listing, signer.token(NOW), NOW) == jwks.UNAVAILABLE


def test_an_address_that_cannot_be_reached_is_unavailable(verify, signer):
    for url in ("http://127.0.0.1:1/jwks", "not an address"):
        assert verify(consent.listing(url), signer.token(NOW), NOW) == jwks.UNAVAILABLE


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b"\xff", b'{"keys": []}' + b" " * 300_000])
def test_an_answer_that_is_no_key_set_is_unavailable(verify, keys, signer, body):
    keys.body = body

    assert verify(consent.listing(keys.url), signer.token(NOW), NOW) == jwks.UNAVAILABLE


def test_keys_that_are_not_for_this_are_passed_over(verify, keys, signer):
    weak = consent.Signer("weak", bits=1024)
    odd = [None, 7, {"kty": "EC", "kid": "key-1"}, {**signer.public(), "use": "enc"}, {"kty": "RSA", "kid": "broken"}]
    keys.body = json.dumps({"keys": [*odd, weak.public(), signer.public()]}).encode()
    listing = consent.listing(keys.url)

    assert verify(listing, signer.token(NOW), NOW) is None


def test_a_token_that_names_no_key_means_the_only_one(verify, keys, signer, hands):
    listing = consent.listing(keys.url)
    unnamed = jwt.encode({"exp": NOW.timestamp() + 60}, signer.private, algorithm="RS256")
    assert verify(listing, unnamed, NOW) is None

    keys.signers.append(consent.Signer("key-2"))
    hands.at += jwks.KEYS_TTL_S + 1
    assert verify(listing, unnamed, NOW) == "the token names a key that Sage does not publish"
