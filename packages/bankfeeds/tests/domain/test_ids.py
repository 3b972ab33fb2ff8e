"""How identifiers are spelled, and how people may type them."""

import pytest

from bankfeeds.domain.ids import OTP_ALPHABET, is_uuid, tidy_connection_id, tidy_otp

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
