"""A company: the institution's business customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bankfeeds.domain.errors import Flaw, Invalid, one_flaw

PRODUCTS = ("bank-feeds",)
"""Every product there is."""
TAGS_MAX = 10
TAG_KEY_LENGTH_MAX = 27
TAG_VALUE_LENGTH_MAX = 100
NAME_LENGTH_MAX = 500
DESCRIPTION_LENGTH_MAX = 1000
_NAME_MARKS = frozenset("-',&@.?!")


@dataclass(frozen=True, slots=True)
class Company:
    id: str
    name: str
    description: str | None
    tags: Mapping[str, str]
    created_at: datetime


def clean_name(name: str) -> str:
    """Characters that Codat does not allow are stripped, not refused; refused only if nothing is left."""
    kept = "".join(c for c in name if c.isalpha() or c.isdigit() or c.isspace() or c in _NAME_MARKS).strip()
    if not kept:
        raise one_flaw("name", "is empty; give the company's name in letters or digits")
    if len(kept) > NAME_LENGTH_MAX:
        raise one_flaw("name", f"is longer than {NAME_LENGTH_MAX} characters")
    return kept


def checked_description(description: str | None) -> str | None:
    if description is not None and len(description) > DESCRIPTION_LENGTH_MAX:
        raise one_flaw("description", f"is longer than {DESCRIPTION_LENGTH_MAX} characters")
    return description


def checked_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    flaws: list[Flaw] = []
    if len(tags) > TAGS_MAX:
        flaws.append(Flaw("tags", f"has {len(tags)} entries; at most {TAGS_MAX} are allowed"))
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_LENGTH_MAX:
            flaws.append(Flaw(f"tags.{key}", f"the key must have 1 to {TAG_KEY_LENGTH_MAX} characters"))
        if len(value) > TAG_VALUE_LENGTH_MAX:
            flaws.append(Flaw(f"tags.{key}", f"the value is longer than {TAG_VALUE_LENGTH_MAX} characters"))
    if flaws:
        raise Invalid("tags", "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws), tuple(flaws))
    return dict(tags)
