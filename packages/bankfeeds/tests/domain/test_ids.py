"""How identifiers are spelled, and how people may type them."""

import pytest

from bankfeeds.domain.ids import OTP_ALPHABET, is_uuid, tidy_connection_id, tidy_otp, uuid_of

ID = "05ad6848-7f24-4473-9b14-d83b8635244a"


@pytest.mark.parametrize(
    "typed", [ID, ID.upper(), ID.replace("-", ""), f"  {ID} ", ID.replace("-", " - "), " ".join(ID)]
)
def test_a_connection_id_is_forgiven_its_spelling(typed: str) -> None:
    assert tidy_connection_id(typed) == ID


@pytest.mark.parametrize("typed", ["", "-", ID[:-1], ID + "0", "g" + ID[1:], "{" + ID + "}", "urn:uuid:" + ID])
def test_what_is_none_is_not_guessed(typed: str) -> None:
    assert tidy_connection_id(typed) is None


def test_only_our_own_spelling_is_an_id_in_the_api() -> None:
    assert is_uuid(ID)
    assert not any(map(is_uuid, [ID.upper(), ID.replace("-", ""), f" {ID}", "", "x"]))


def test_a_one_time_password_has_no_look_alikes_and_is_read_without_regard_to_case() -> None:
    assert not set(OTP_ALPHABET) & set("01IOL")
    assert tidy_otp(" k7q m2x ") == "K7QM2X"


@pytest.mark.parametrize(
    ("correlation_id", "key"),
    [
        ("9d4be0b7c1a84e0fb1f0a2d5c3e4f601", "9d4be0b7-c1a8-4e0f-b1f0-a2d5c3e4f601"),
        ("0" * 31 + "1", None),
        ("9D4BE0B7C1A84E0FB1F0A2D5C3E4F601", None),
        ("", None),
    ],
)
def test_a_correlation_id_is_the_key_of_what_its_request_leaves_behind_if_it_is_random(correlation_id, key):
    assert uuid_of(correlation_id) == key
