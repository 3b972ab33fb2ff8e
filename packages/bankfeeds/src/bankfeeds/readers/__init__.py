"""Statement files in: one function for every format, one shape out."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from bankfeeds.domain.statement_file import StatementDraft, StatementFile, UnreadableFile
from bankfeeds.domain.statement_ledger import accounts_of as accounts_of
from bankfeeds.domain.statement_ledger import finish
from bankfeeds.domain.taken_file import NAME_CHARS_MAX, OriginalFile
from bankfeeds.domain.text import tidy
from bankfeeds.readers.archive import archive_kind, is_archive, unpacked
from bankfeeds.readers.bai2 import read_bai2
from bankfeeds.readers.camt import read_camt
from bankfeeds.readers.csv import read_csv
from bankfeeds.readers.hints import NO_HINTS
from bankfeeds.readers.hints import Hints as Hints
from bankfeeds.readers.kinds import Kind, called, kind_of
from bankfeeds.readers.limits import Limits as Limits
from bankfeeds.readers.mt940 import read_mt940
from bankfeeds.readers.ofx import read_ofx

CHUNK_BYTES = 64 * 1024
DEFAULT_LIMITS = Limits()
EXPECTED = "expected camt.052, camt.053 or camt.054, MT940, MT942, OFX, BAI2 or CSV"


def read_statement_file(
    source: Path | BinaryIO, name: str | None = None, limits: Limits = DEFAULT_LIMITS, hints: Hints = NO_HINTS
) -> StatementFile:
    """The whole file, or UnreadableFile and nothing. `name` is what errors call it; else the path's own."""
    file = _name_of(source, name)
    return finish(file, list(read_drafts(source, file, limits, hints)))


def read_drafts(
    source: Path | BinaryIO, name: str | None = None, limits: Limits = DEFAULT_LIMITS, hints: Hints = NO_HINTS
) -> Iterator[StatementDraft]:
    """Statement by statement, as the bank wrote them; UnreadableFile at the first thing that cannot be read."""
    file = _name_of(source, name)
    if not isinstance(source, Path):
        yield from _read(source, file, limits, hints)
        return
    try:
        with source.open("rb") as stream:
            yield from _read(stream, file, limits, hints)
    except OSError as error:
        raise UnreadableFile(file, None, None, f"it cannot be read: {error.strerror}") from error


def original(stream: BinaryIO, name: str) -> OriginalFile:
    """What a file is, whatever it says; read to its end, and left where it began."""
    start, size, digest = stream.tell(), 0, hashlib.sha256()
    head = stream.read(CHUNK_BYTES)
    for chunk in _chunks(head, stream):
        digest.update(chunk)
        size += len(chunk)
    stream.seek(start)
    kind = archive_kind(head) or kind_of(head) or "unknown"
    tidied = tidy(name.encode("utf-8", "replace").decode(), NAME_CHARS_MAX)
    return OriginalFile(tidied, str(kind), size, digest.hexdigest())


def _name_of(source: Path | BinaryIO, name: str | None) -> str:
    return name or (source.name if isinstance(source, Path) else "statement")


def _read(stream: BinaryIO, file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    head = stream.read(CHUNK_BYTES)
    if not is_archive(head):
        yield from _read_one(stream, head, file, limits, hints)
        return
    lines = 0
    for name, member in unpacked(stream, head, file, limits):
        for draft in _read_one(member, member.read(CHUNK_BYTES), name, limits, hints):
            lines += len(draft.entries)
            if lines > limits.lines_max:
                raise UnreadableFile(file, None, None, f"it has more than {limits.lines_max} lines in all")
            yield draft


def _read_one(stream: BinaryIO, head: bytes, file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    chunks = _chunks(head, stream)
    kind = kind_of(head)
    match Kind.csv if hints.profile is not None and kind is None else kind:
        case Kind.camt:
            yield from read_camt(chunks, file, limits, _again(stream, len(head)))
        case Kind.mt940:
            yield from read_mt940(chunks, file, limits, hints)
        case Kind.ofx:
            yield from read_ofx(chunks, file, limits, hints)
        case Kind.bai2:
            yield from read_bai2(chunks, file, limits, hints)
        case Kind.csv:
            yield from read_csv(chunks, file, limits, hints)
        case None:
            raise UnreadableFile(file, None, None, f"{called(head)}; {EXPECTED}")


def _again(stream: BinaryIO, taken: int) -> Callable[[], Iterator[bytes]] | None:
    """From where the file began, if the stream can go back there."""
    if not stream.seekable():
        return None
    start = stream.tell() - taken

    def chunks() -> Iterator[bytes]:
        stream.seek(start)
        return _chunks(b"", stream)

    return chunks


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
