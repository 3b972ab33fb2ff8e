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


def read_lines(chunks: Iterable[bytes], file: str, limits: Limits, encoding: str | None) -> Iterator[tuple[int, str]]:
    """Without their ends. `encoding` is a codec's name; without one UTF-8, or what a byte order mark says."""
    decoder: codecs.IncrementalDecoder | None = None
    number, rest, total = 0, "", 0
    for chunk in chunks:
        total += len(chunk)
        if total > limits.file_bytes_max:
            reason = f"the file is larger than {limits.file_bytes_max} bytes (file_bytes_max)"
            raise UnreadableFile(file, number + 1, None, reason)
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_codec(chunk, encoding))()
        lines = _split(rest + _decode(decoder, chunk, file, number, rest, encoding))
        rest = lines.pop()
        if len(rest) > limits.token_bytes_max:
            reason = f"a line longer than {limits.token_bytes_max} characters (token_bytes_max)"
            raise UnreadableFile(file, number + len(lines) + 1, None, reason)
        yield from enumerate(lines, number + 1)
        number += len(lines)
    if decoder is not None:
        rest += _decode(decoder, b"", file, number, rest, encoding, is_final=True)
    if rest:
        yield from enumerate(rest.splitlines(), number + 1)


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
    number: int,
    rest: str,
    encoding: str | None,
    *,
    is_final: bool = False,
) -> str:
    try:
        return decoder.decode(chunk, is_final)
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode(error.encoding, "replace")
        line = number + len(_split(rest + good))
        named = encoding or "UTF-8"
        remedy = "" if encoding else "; name the file's encoding (--encoding windows-1252, for instance)"
        raise UnreadableFile(file, line, None, f"bytes that are not {named}{remedy}") from None
