"""A redacted value has the shape of the original, and nothing of anybody."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.redaction import KEPT, Redactor, number

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def shape(value):
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, str):
        return re.sub(r"\w", "x", value)
    return type(value).__name__


@pytest.fixture
def redactor():
    return Redactor(b"k" * 32)


@given(VALUES)
def test_members_kinds_and_lengths_stay(value):
    assert shape(Redactor(b"k").json(value, "anything")) == shape(value)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=12, max_size=40))
def test_a_text_becomes_the_same_other_text_everywhere(text):
    redactor = Redactor(b"k")

    first = redactor.json({"uniqueId": text, "lines": [text]})

    assert (
        first["uniqueId"] == first["lines"][0] == redactor.path(f"/v1/{text}", frozenset({"v1"})).removeprefix("/v1/")
    )
    assert first["uniqueId"] != text or not re.search(r"[a-z0-9]{4}", text)
    assert redactor.same(text) != Redactor(b"another").same(text) or not re.search(r"[a-z0-9]{4}", text)


def test_a_statement_keeps_its_words_dates_and_counts_alone(redactor):
    hidden = redactor.json(
        {
            "data": {
                "principalId": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
                "expected": {"transactionDetailsCount": 2, "transactionCreditSum": Decimal("1234.56")},
                "transactionDetails": [
                    {
                        "transactionType": "CREDIT",
                        "transactionAmount": -90210,
                        "datePosted": "2026-11-20T10:00:00Z",
                        "description": "RENT Anna Smith 4471",
                    }
                ],
            }
        }
    )["data"]

    line = hidden["transactionDetails"][0]
    assert hidden["expected"] == {"transactionDetailsCount": 2, "transactionCreditSum": Decimal("1111.11")}
    assert (line["transactionType"], line["datePosted"]) == ("CREDIT", "2026-11-20T10:00:00Z")
    assert line["transactionAmount"] == -11111
    assert re.fullmatch(r"[A-Z]{4} [A-Z][a-z]{3} [A-Z][a-z]{4} \d{4}", line["description"])
    assert line["description"] != "RENT Anna Smith 4471"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", hidden["principalId"])


def test_a_word_of_the_protocol_is_kept_only_while_it_looks_like_one(redactor):
    assert redactor.json({"status": "authRequired", "code": "DUPLICATE"}) == {
        "status": "authRequired",
        "code": "DUPLICATE",
    }
    assert redactor.json({"status": "Anna <anna@example.com>"})["status"] != "Anna <anna@example.com>"
    assert all(name == name.lower() and name.isalpha() for name in KEPT)


def test_a_sentence_keeps_its_words_without_what_was_hidden_elsewhere_and_without_digits(redactor):
    hidden = redactor.json(
        {"uniqueId": "tx-20448-anna", "errors": [{"message": "uniqueId tx-20448-anna is known since 2025"}]}
    )

    message = hidden["errors"][0]["message"]
    assert "anna" not in message
    assert "20448" not in message
    assert message.startswith("uniqueId ")
    assert message.endswith(" is known since 1111")


def test_of_credentials_only_the_scheme_is_kept(redactor):
    given_headers = {
        "Authorization": "Bearer eyJhbGciOi.x.y",
        "X-Api-Key": "s3cret",
        "Content-Type": "application/json",
    }

    assert redactor.headers(given_headers) == {
        "authorization": "Bearer (hidden)",
        "x-api-key": "(hidden)",
        "content-type": "application/json",
    }


def test_an_address_keeps_its_host_and_names(redactor):
    hidden = redactor.pairs("redirectUri=https%3A%2F%2Fapp.sage.com%2Fback%2F9f31%3Fa%3Dsecret77&state=77secret")

    assert re.fullmatch(r"https://app\.sage\.com/back/[0-9a-z]{4}\?a=[a-z]{6}\d\d", hidden["redirectUri"])
    assert "secret" not in hidden["redirectUri"] + hidden["state"]


@pytest.mark.parametrize(
    ("given_number", "hidden"),
    [(0, 1), (-120, -111), (Decimal("10.50"), Decimal("11.11")), (Decimal("-0.05"), Decimal("-1.11"))],
)
def test_a_number_keeps_its_sign_and_its_places(given_number, hidden):
    assert number(given_number) == hidden
    assert type(number(given_number)) is type(given_number)
