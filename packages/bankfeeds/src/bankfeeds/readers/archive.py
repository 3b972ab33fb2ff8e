"""Statement files in a zip or gzip archive: unpacked as they are read, never to disk, within limits.

An archive says of itself how large it is, and may lie. What counts is what comes out of it.
"""

import gzip
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import SEEK_END, RawIOBase
from typing import IO, BinaryIO, cast

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers.limits import Limits

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
_EMPTY_ZIP = b"PK\x05\x06"
_LOCAL_HEADER_BYTES = 30
_IS_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (zipfile.BadZipFile, EOFError, OSError, zlib.error, NotImplementedError, RuntimeError, ValueError)


def archive_kind(head: bytes) -> str | None:
    """None for what is no archive."""
    if head.startswith((ZIP, _EMPTY_ZIP)):
        return "zip"
    return "gzip" if head.startswith(GZIP) else None


def is_archive(head: bytes) -> bool:
    return archive_kind(head) is not None


def unpacked(stream: BinaryIO, head: bytes, file: str, limits: Limits) -> Iterator[tuple[str, BinaryIO]]:
    """Each file of an archive that begins with `head`, which was read already, by name, while it is open."""
    if not stream.seekable():
        raise UnreadableFile(file, None, None, "an archive is read from a file only; unpack it first")
    stream.seek(-len(head), 1)
    packed = _size(stream)
    if head.startswith(GZIP):
        with _telling(file), gzip.GzipFile(fileobj=stream, mode="rb") as opened:
            yield file, cast("BinaryIO", _Unpacked(opened, file, packed, limits))
        return
    with _telling(file), zipfile.ZipFile(stream) as archive:
        for member in _members(archive, file, limits):
            name = f"{file}/{member.filename}"
            with archive.open(member) as opened:
                yield name, cast("BinaryIO", _Unpacked(opened, name, member.compress_size, limits))


def _size(stream: BinaryIO) -> int:
    start = stream.tell()
    size = stream.seek(0, SEEK_END) - start
    stream.seek(start)
    return size


@contextmanager
def _telling(file: str) -> Generator[None]:
    """Whatever the libraries find wrong with an archive, as the error of every file that cannot be read."""
    try:
        yield
    except _DAMAGED as error:
        raise UnreadableFile(file, None, None, f"the archive is damaged: {error}") from error


def _members(archive: zipfile.ZipFile, file: str, limits: Limits) -> list[zipfile.ZipInfo]:
    """In the order of their names: banks number them."""
    everything = archive.infolist()
    if len(everything) > limits.members_max:
        raise UnreadableFile(
            file, None, None, f"it has {len(everything)} members; at most {limits.members_max} are read"
        )
    _check_apart(everything, file)
    members = sorted((each for each in everything if not _is_left_out(each)), key=lambda each: each.filename)
    if not members:
        raise UnreadableFile(file, None, None, "the archive is empty")
    for member in members:
        _check(member, file)
    total = sum(member.file_size for member in members)
    if total > limits.file_bytes_max:
        raise UnreadableFile(file, None, None, f"it unpacks to {total} bytes; at most {limits.file_bytes_max} are read")
    return members


def _is_left_out(member: zipfile.ZipInfo) -> bool:
    """What is no file, and what a Mac puts beside each."""
    return member.is_dir() or member.filename.startswith("__MACOSX/") or member.filename.endswith("/.DS_Store")


def _check(member: zipfile.ZipInfo, file: str) -> None:
    name = f"{file}/{member.filename}"
    if member.flag_bits & _IS_ENCRYPTED:
        raise UnreadableFile(name, None, None, "it is encrypted; unpack it, and import what was in it")
    if member.compress_type not in _METHODS:
        raise UnreadableFile(name, None, None, "it is packed by another method than deflate; unpack it first")


def _check_apart(members: list[zipfile.ZipInfo], file: str) -> None:
    """Members that share their bytes are how a small archive unpacks to a huge one."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise UnreadableFile(file, None, None, "its members overlap")
        end = member.header_offset + _LOCAL_HEADER_BYTES + len(member.filename.encode()) + member.compress_size


class _Unpacked(RawIOBase):
    """What comes out, counted. Only what readers need of a file is there."""

    def __init__(
        self, opened: gzip.GzipFile | zipfile.ZipExtFile | IO[bytes], name: str, packed: int, limits: Limits
    ) -> None:
        self._opened, self._name, self._packed, self._limits = opened, name, packed, limits
        self._count = 0

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self, n: int) -> bytes:
        with _telling(self._name):
            data = self._opened.read(n)
        self._count += len(data)
        limits = self._limits
        if self._count > limits.file_bytes_max:
            raise UnreadableFile(self._name, None, None, f"it unpacks to more than {limits.file_bytes_max} bytes")
        if self._count > limits.ratio_free_bytes and self._count > limits.ratio_max * self._packed:
            told = f"it unpacks to more than {limits.ratio_max} times its size, which no statement file does"
            raise UnreadableFile(self._name, None, None, told)
        return data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """To a place from the beginning; what is unpacked again counts again from there."""
        if whence:
            raise ValueError("an unpacked file is gone back in from its beginning only")
        with _telling(self._name):
            self._count = self._opened.seek(offset)
        return self._count
