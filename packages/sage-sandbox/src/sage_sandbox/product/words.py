"""The words people read, one file a language. A product's own wording stands under its style, a region's under both."""

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

LANGUAGES = {"en": "English", "fr": "Français"}


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    texts: Mapping[str, str]

    def say(self, key: str, *variants: str, **values: object) -> str:
        """The text of `key`, or of its most particular variant: `key.intacct.UK`, else `key.intacct`, else `key`."""
        for count in range(len(variants), -1, -1):
            text = self.texts.get(".".join((key, *variants[:count])))
            if text is not None:
                return text.format(**values)
        raise KeyError(key)


def _read(language: str) -> Words:
    path = resources.files("sage_sandbox").joinpath(f"product/words/{language}.toml")
    return Words(language, tomllib.loads(path.read_text(encoding="utf-8")))


WORDS = {language: _read(language) for language in LANGUAGES}


def words_in(language: str) -> Words:
    return WORDS.get(language, WORDS["en"])


def in_order(name: str) -> str:
    """What names are sorted by, as dictionaries do: accents and capitals apart."""
    return "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each)).casefold()


def wanted(accept_language: str) -> str:
    """The first language of the header that we have; browsers list them by preference."""
    for part in accept_language[:200].split(","):
        language = part.strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return "en"
