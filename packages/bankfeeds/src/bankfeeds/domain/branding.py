"""How the institution looks on the authorisation page: name, colour, logo."""

import re
from dataclasses import dataclass

NAME_LENGTH_MAX = 60
CONTRAST_MIN = 4.5
"""WCAG 2.2, 1.4.3: of text on its background."""
EDGE_CONTRAST_MIN = 3.0
"""WCAG 2.2, 1.4.11: of a control beside the page around it."""
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_WHITE, _BLACK = "#ffffff", "#000000"


@dataclass(frozen=True, slots=True)
class Branding:
    """`colour`: `#rrggbb` in lower case, of the main button; `logo_digest`: its SHA-256 in hex.

    What is None is shown as the page has it: the listing's name, green, no logo.
    """

    name: str | None = None
    colour: str | None = None
    logo_type: str | None = None
    logo_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture whose content was looked at; `type` is its media type."""

    type: str
    content: bytes


def tidy_colour(text: str) -> str | None:
    """`#rrggbb`, from that or `#rgb` in any case; None for anything else."""
    colour = text.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{3}", colour, re.ASCII):
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    return colour if _COLOUR.fullmatch(colour) else None


def text_on(colour: str) -> str:
    """White or black, whichever is read better; one of them always reaches CONTRAST_MIN."""
    return _WHITE if contrast(colour, _WHITE) >= CONTRAST_MIN else _BLACK


def is_pale(colour: str) -> bool:
    """On a white page it needs an edge to be seen as a button."""
    return contrast(colour, _WHITE) < EDGE_CONTRAST_MIN


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two `#rrggbb`: 1.0 to 21.0."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """From sRGB's curve, as WCAG 2.2 defines relative luminance."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - of the definition
