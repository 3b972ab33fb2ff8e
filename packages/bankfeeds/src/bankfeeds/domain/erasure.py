"""A line whose texts are erased: how it is still told from another of the same id."""

import hmac

from bankfeeds.domain.transaction import KnownLine, Line

TEXTS = ("description", "counterparty", "reference")
"""What is erased of a line; its id, date, amounts and type stay: they are the ledger that balances are proved by."""


def texts_digest(key: str, external_id: str, line_id: str, texts: tuple[str, str | None, str | None]) -> str:
    """64 hexadecimal digits. Without the key nobody finds out by trying; equal texts of two lines have two digests."""
    parts = (external_id, line_id, *("-" if text is None else f"+{text}" for text in texts))
    written = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(key.encode(), written.encode(), "sha256").hex()


def differing(known: KnownLine, sent: Line, external_id: str, key: str | None) -> list[str]:
    """The fields in which they differ; of erased texts only that they do. Without a key these count as the same."""
    kept = known.line
    if known.texts_digest is None:
        return [name for name, a, b in zip(Line._fields, kept, sent, strict=True) if a != b]
    fields = [name for name, a, b in zip(Line._fields, kept, sent, strict=True) if name not in TEXTS and a != b]
    texts = (sent.description, sent.counterparty, sent.reference)
    if key is not None and texts_digest(key, external_id, sent.id, texts) != known.texts_digest:
        fields.append("description, counterparty or reference")
    return fields
