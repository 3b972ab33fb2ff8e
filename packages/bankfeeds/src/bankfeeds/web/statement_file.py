"""A statement file that came over HTTP, read while its sender waits."""

from dataclasses import dataclass
from io import BytesIO

from bankfeeds.domain.statement_file import StatementDraft, UnreadableFile
from bankfeeds.readers import Hints, Limits, read_drafts

UNPACKED_BYTES_MAX = 32 * 1024 * 1024
"""Of a file that comes packed. `bankfeeds import` takes larger ones."""


@dataclass(frozen=True, slots=True)
class Read:
    """`damage`: why what follows the drafts was not read."""

    drafts: list[StatementDraft]
    damage: UnreadableFile | None


def read(content: bytes, name: str, hints: Hints) -> Read:
    """UnreadableFile if there is nothing before the damage."""
    limits = Limits(file_bytes_max=max(UNPACKED_BYTES_MAX, len(content)))
    drafts: list[StatementDraft] = []
    try:
        for draft in read_drafts(BytesIO(content), name, limits, hints):
            drafts.append(draft)  # noqa: PERF402 - what came before an error is kept
    except UnreadableFile as error:
        if not drafts:
            raise
        return Read(drafts, error)
    return Read(drafts, None)
