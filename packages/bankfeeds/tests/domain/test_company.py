"""What a company may be called and carry."""

import pytest

from bankfeeds.domain.company import (
    DESCRIPTION_LENGTH_MAX,
    NAME_LENGTH_MAX,
    TAG_KEY_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TAGS_MAX,
    checked_description,
    checked_tags,
    clean_name,
)
from bankfeeds.domain.errors import Invalid


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Harbour Bakery", "Harbour Bakery"),
        ("  Smith & Sons, Ltd. ", "Smith & Sons, Ltd."),
        ("Ünal Bäckerei 24", "Ünal Bäckerei 24"),
        ("<b>Bakery</b>", "bBakeryb"),
        ("株式会社", "株式会社"),
        ("x" * NAME_LENGTH_MAX, "x" * NAME_LENGTH_MAX),
    ],
)
def test_a_name_loses_what_codat_does_not_allow(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize("name", ["", "  ", "<>", "\0", "x" * (NAME_LENGTH_MAX + 1)])
def test_a_name_of_which_nothing_is_left_or_too_much_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_name(name)
    assert refused.value.flaws[0].field == "name"


def test_a_description_has_a_length() -> None:
    assert checked_description(None) is None
    assert checked_description("x" * DESCRIPTION_LENGTH_MAX)
    with pytest.raises(Invalid, match="description"):
        checked_description("x" * (DESCRIPTION_LENGTH_MAX + 1))


def test_tags_have_a_number_and_lengths() -> None:
    most = {f"k{n}": "v" * TAG_VALUE_LENGTH_MAX for n in range(TAGS_MAX - 1)} | {"k" * TAG_KEY_LENGTH_MAX: ""}
    assert checked_tags(most) == most
    for tags in (
        {f"k{n}": "" for n in range(TAGS_MAX + 1)},
        {"": "v"},
        {"k" * (TAG_KEY_LENGTH_MAX + 1): "v"},
        {"k": "v" * (TAG_VALUE_LENGTH_MAX + 1)},
    ):
        with pytest.raises(Invalid, match="tags"):
            checked_tags(tags)


def test_every_wrong_tag_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        checked_tags({"a": "v" * 101, "b": "fine", "c": "v" * 101})
    assert [flaw.field for flaw in refused.value.flaws] == ["tags.a", "tags.c"]
