"""The catalogues: every language has every word, with the same places to fill in."""

import re
import string
from pathlib import Path

import pytest

from bankfeeds.web.portal import navigation, words

PORTAL = Path(words.__file__).parent
ENGLISH = words.LANGUAGES["en"]


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(set(words.LANGUAGES) - {"en"}))
def test_every_language_has_every_word_with_the_same_places(language):
    other = words.LANGUAGES[language]

    assert set(other.texts) == set(ENGLISH.texts)
    assert {key for key in ENGLISH.texts if places(ENGLISH[key]) != places(other[key])} == set()


def test_every_word_that_a_template_names_is_there():
    named = {
        key
        for template in PORTAL.glob("templates/*.html")
        for key in re.findall(r"""words\["([a-z0-9_]+)"\]""", template.read_text(encoding="utf-8"))
    }
    code = {
        key
        for module in PORTAL.glob("*.py")
        for key in re.findall(r"""words\["([a-z0-9_]+)"\]""", module.read_text(encoding="utf-8"))
    }
    assert (named | code) - set(ENGLISH.texts) == set()


def test_the_menu_has_its_words():
    keys = [key for group, items in navigation.GROUPS for key in (group, *(f"nav_{item.name}" for item in items))]
    assert [key for key in keys if key not in ENGLISH.texts] == []
