"""What an address asks for, read strictly."""

from bankfeeds.domain.errors import one_flaw

_DIGITS_MAX = 18


def whole_number(text: str, name: str, otherwise: int) -> int:
    """Invalid if it is none; `otherwise` if nothing is asked for."""
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise one_flaw(name, "is a whole number")
    return int(text)
