"""What the program says in English, in the page's language: `phrases/` English to each other language.

Refusals, flaws, outcomes and causes are made, and kept, in English: the API and the log have them so. Placeholders
match what was filled in, which may be such a message again. What nobody wrote a phrase for stays as it is: Sage's own
words, and what people typed.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

TEXT_LENGTH_MAX = 1000
"""A longer one is not ours; also keeps matching short."""
_DEPTH_MAX = 4
_PLACE = re.compile(r"\{(\d)\}")


def load(file: Path) -> Mapping[str, str]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


PHRASES: Mapping[str, Mapping[str, str]] = {
    file.stem: load(file) for file in sorted(Path(__file__).with_name("phrases").glob("*.toml"))
}


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    return re.compile("".join("(.+?)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.DOTALL)


def _literal_length(template: str) -> int:
    return len(_PLACE.sub("", template))


_PATTERNS = {
    language: [
        (_pattern(template), phrases[template]) for template in sorted(phrases, key=_literal_length, reverse=True)
    ]
    for language, phrases in PHRASES.items()
}
"""Those that say most come first: one that is mostly placeholders fits nearly everything."""


@lru_cache(maxsize=2048)
def told(language: str, text: str, depth: int = 0) -> str:
    """The text in the language, as far as it is ours."""
    if language not in _PATTERNS or depth > _DEPTH_MAX or len(text) > TEXT_LENGTH_MAX:
        return text
    for pattern, phrase in _PATTERNS[language]:
        found = pattern.fullmatch(text)
        if found is not None:
            return phrase.format(*(told(language, part, depth + 1) for part in found.groups()))
    return text
