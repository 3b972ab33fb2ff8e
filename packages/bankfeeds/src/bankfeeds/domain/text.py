"""Free text as we keep it: NFC, no control characters, bounded; a change is told, never silent."""

import unicodedata


def is_storable(text: str) -> bool:
    """False for NUL and lone surrogates, which JSON can spell and PostgreSQL cannot keep."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def tidy(text: str, length_max: int) -> str:
    """The text as Sage will get it; equal to the input when nothing had to change."""
    if text.isascii():
        if not text.isprintable():
            text = "".join(c if c.isprintable() else " " for c in text).strip()
    else:
        text = unicodedata.normalize("NFC", text)
        if any(unicodedata.category(c) == "Cc" for c in text):
            text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text).strip()
    return text if len(text) <= length_max else text[:length_max]
