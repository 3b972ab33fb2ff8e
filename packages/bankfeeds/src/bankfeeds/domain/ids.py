"""Shapes of identifiers; making them needs randomness and happens in `app.py`, through `ports.Ids`."""

from uuid import UUID

OTP_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
OTP_LENGTH = 6
_UUID_DIGITS = 32
_RANDOM = 4


def is_uuid(text: str) -> bool:
    """Canonical lower-case form with hyphens: the only spelling we ever hand out."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def uuid_of(correlation_id: str) -> str | None:
    """The correlation id of a request as the UUID that it is; None for one that is not a random UUID's hex."""
    try:
        made = UUID(correlation_id)
    except ValueError:
        return None
    return str(made) if made.version == _RANDOM and made.hex == correlation_id else None


def tidy_connection_id(typed: str) -> str | None:
    """A Connection ID as a person typed it: spaces, upper case and missing hyphens are forgiven."""
    digits = "".join(typed.split()).replace("-", "").lower()
    if len(digits) != _UUID_DIGITS:
        return None
    try:
        return str(UUID(digits))
    except ValueError:
        return None


def tidy_otp(typed: str) -> str:
    return "".join(typed.split()).upper()
