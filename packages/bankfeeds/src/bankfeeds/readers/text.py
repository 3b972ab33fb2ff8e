"""Text files by lines: decoded strictly in the encoding declared or named, never guessed; lines are numbered."""

import codecs
from collections.abc import Iterable, Iterator

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers.limits import Limits

UTF8 = "utf-8"
_SPELLINGS = {
    "utf-8": UTF8,
    "utf8": UTF8,
    "utf-16": "utf-16",
    "us-ascii": UTF8,
    "ascii": UTF8,
    "iso-8859-1": "iso-8859-1",
    "iso-8859-2": "iso-8859-2",
    "iso-8859-15": "iso-8859-15",
    "windows-1250": "cp1250",
    "cp1250": "cp1250",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "cp437": "cp437",
    "cp850": "cp850",
    "cp852": "cp852",
}
ENCODINGS = (
    "utf-8",
    "utf-16",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1250",
    "windows-1252",
    "cp437",
    "cp850",
    "cp852",
)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def known_encoding(name: str) -> str | None:
    """The codec's name, or None if it is not one that is read."""
    return _SPELLINGS.get(name.strip().lower())


def read_text(chunks: Iterable[bytes], file: str, limits: Limits, encoding: str | None) -> Iterator[str]:
    """In pieces. `encoding` is a codec's name; without one UTF-8, or what a byte order mark says."""
    decoder: codecs.IncrementalDecoder | None = None
    lines = total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limits.file_bytes_max:
            reason = f"the file is larger than {limits.file_bytes_max} bytes (file_bytes_max)"
            raise UnreadableFile(file, lines + 1, None, reason)
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_codec(chunk, encoding))()
        text = _decode(decoder, chunk, file, lines, encoding)
        lines += count_lines(text)
        yield text
    if decoder is not None:
        yield _decode(decoder, b"", file, lines, encoding, is_final=True)


def read_lines(chunks: Iterable[bytes], file: str, limits: Limits, encoding: str | None) -> Iterator[tuple[int, str]]:
    """Without their ends, numbered from 1."""
    number, rest = 0, ""
    for text in read_text(chunks, file, limits, encoding):
        lines = _split(rest + text)
        rest = lines.pop()
        if len(rest) > limits.token_bytes_max:
            reason = f"a line longer than {limits.token_bytes_max} characters (token_bytes_max)"
            raise UnreadableFile(file, number + len(lines) + 1, None, reason)
        yield from enumerate(lines, number + 1)
        number += len(lines)
    if rest:
        yield number + 1, rest.rstrip("\r")


def count_lines(text: str) -> int:
    """How many lines end in it, whatever they end with."""
    return text.count("\n") or text.count("\r")


def _split(text: str) -> list[str]:
    """At every kind of line end; the last piece may go on. A carriage return at the very end waits for its partner."""
    held = ""
    if text.endswith("\r"):
        text, held = text[:-1], "\r"
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    lines[-1] += held
    return lines


def _codec(head: bytes, encoding: str | None) -> str:
    marked = next((codec for mark, codec in _BOMS if head.startswith(mark)), None)
    return marked or encoding or UTF8


def _decode(
    decoder: codecs.IncrementalDecoder,
    chunk: bytes,
    file: str,
    lines: int,
    encoding: str | None,
    *,
    is_final: bool = False,
) -> str:
    try:
        return decoder.decode(chunk, is_final)
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode(error.encoding, "replace")
        line = lines + count_lines(good) + 1
        named = encoding or "UTF-8"
        remedy = "" if encoding else "; name the file's encoding (--encoding windows-1252, for instance)"
        raise UnreadableFile(file, line, None, f"bytes that are not {named}{remedy}") from None
    except UnicodeError:  # the only one that is no UnicodeDecodeError: UTF-16 without its mark
        reason = "it is said to be in UTF-16, but does not begin with a byte order mark"
        raise UnreadableFile(file, 1, None, reason) from None
