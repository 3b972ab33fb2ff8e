"""The words people read, one TOML file a language: a new file in the folder is a new language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

DEFAULT = "en"
HEADER_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class Words:
    language: str
    texts: Mapping[str, str]
    is_chosen: bool = False

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def __contains__(self, key: str) -> bool:
        return key in self.texts


def load(folder: Path) -> Mapping[str, Words]:
    files = sorted(folder.glob("*.toml"))
    return {file.stem: Words(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))) for file in files}


def choose(languages: Mapping[str, Words], accept_language: str, chosen: str | None = None) -> Words:
    """The one that was chosen; else the language wanted most among those we have; English if none is."""
    if chosen is not None and chosen in languages:
        return replace(languages[chosen], is_chosen=True)
    wanted = [_wish(part) for part in accept_language[:HEADER_LENGTH_MAX].split(",")]
    for weight, tag in sorted(wanted, key=lambda wish: -wish[0]):
        if weight > 0 and tag in languages:
            return languages[tag]
    return languages[DEFAULT]


def _wish(part: str) -> tuple[float, str]:
    """The weight and the language of one entry; the region does not matter to us."""
    tag, _, weight = part.partition(";")
    try:
        number = float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        number = 0.0
    return number, tag.strip().split("-", 1)[0].lower()
