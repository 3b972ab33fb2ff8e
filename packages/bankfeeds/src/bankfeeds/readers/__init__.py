"""Statement files in: one function for every format, one shape out. So far camt; more come beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bankfeeds.domain.statement_file import StatementDraft, StatementFile, UnreadableFile
from bankfeeds.domain.statement_ledger import accounts_of as accounts_of
from bankfeeds.domain.statement_ledger import finish
from bankfeeds.readers.camt import EXPECTED, read_camt
from bankfeeds.readers.kinds import why_not_xml
from bankfeeds.readers.limits import Limits as Limits

CHUNK_BYTES = 64 * 1024
DEFAULT_LIMITS = Limits()


def read_statement_file(
    source: Path | BinaryIO, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> StatementFile:
    """The whole file, or UnreadableFile and nothing. `name` is what errors call it; else the path's own."""
    file = _name_of(source, name)
    return finish(file, list(read_drafts(source, file, limits)))


def read_drafts(
    source: Path | BinaryIO, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[StatementDraft]:
    """Statement by statement, as the bank wrote them; UnreadableFile at the first thing that cannot be read."""
    file = _name_of(source, name)
    if not isinstance(source, Path):
        yield from _read(source, file, limits)
        return
    try:
        with source.open("rb") as stream:
            yield from _read(stream, file, limits)
    except OSError as error:
        raise UnreadableFile(file, None, None, f"it cannot be read: {error.strerror}") from error


def _name_of(source: Path | BinaryIO, name: str | None) -> str:
    return name or (source.name if isinstance(source, Path) else "statement")


def _read(stream: BinaryIO, file: str, limits: Limits) -> Iterator[StatementDraft]:
    head = stream.read(CHUNK_BYTES)
    if reason := why_not_xml(head):
        raise UnreadableFile(file, None, None, f"{reason}; {EXPECTED}")
    yield from read_camt(_chunks(head, stream), file, limits)


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
