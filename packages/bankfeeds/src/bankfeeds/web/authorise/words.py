"""The words of the authorisation page: a new file in `words/` is a new language."""

from collections.abc import Mapping
from pathlib import Path

from bankfeeds.web.words import HEADER_LENGTH_MAX, Words, choose, load

__all__ = ["HEADER_LENGTH_MAX", "LANGUAGES", "Words", "words_for"]

LANGUAGES: Mapping[str, Words] = load(Path(__file__).with_name("words"))


def words_for(accept_language: str, chosen: str | None = None) -> Words:
    """The one that was chosen; else the language wanted most among those we have; English if none is."""
    return choose(LANGUAGES, accept_language, chosen)
