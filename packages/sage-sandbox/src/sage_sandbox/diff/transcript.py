"""A transcript of a provider's calls with Sage: JSON lines, redacted by whoever recorded them.

The first line is `{"transcript": 1}`. Each further one is a call: `by` (`provider` or `sage`), `method`, `path`,
`query`, `request` and `answer` (each with `headers`, and `json`, `form` or the number of `bytes`), `status`; or `lost`
and why.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

LINE_BYTES_MAX = 16 * 2**20
CALLS_MAX = 100_000
VERSION = 1
_REFUSED = 400


class Unreadable(Exception):
    """The file is no transcript; says which line and what is wrong with it."""


class Half(msgspec.Struct):
    """A request, or an answer."""

    headers: dict[str, str] = {}
    json: Any = None
    form: dict[str, str] = {}
    bytes: int = 0


class Call(msgspec.Struct):
    by: Literal["provider", "sage"]
    method: str
    path: str
    query: dict[str, str] = {}
    request: Half = msgspec.field(default_factory=Half)
    answer: Half = msgspec.field(default_factory=Half)
    status: int | None = None
    lost: str | None = None
    ms: int = 0

    @property
    def is_success(self) -> bool:
        return self.status is not None and self.status < _REFUSED


class _Head(msgspec.Struct):
    transcript: int


_head = msgspec.json.Decoder(_Head)
_call = msgspec.json.Decoder(Call, float_hook=Decimal)


def read(path: Path) -> list[Call]:
    """All calls in their order; Unreadable if one line is not what it should be."""
    calls: list[Call] = []
    for number, line in _lines(path):
        try:
            if number == 1:
                _check(_head.decode(line))
                continue
            calls.append(_call.decode(line))
        except (msgspec.DecodeError, UnicodeError, ValueError) as error:
            raise Unreadable(f"line {number}: {error}") from None
        if len(calls) > CALLS_MAX:
            raise Unreadable(f"more than {CALLS_MAX} calls")
    if not calls:
        raise Unreadable("no call in it")
    return calls


def _check(head: _Head) -> None:
    if head.transcript != VERSION:
        raise ValueError(f"transcript {head.transcript} is not known here, {VERSION} is")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                if len(line) > LINE_BYTES_MAX:
                    raise Unreadable(f"line {number}: longer than {LINE_BYTES_MAX} bytes")
                yield number, line
    except OSError as error:
        raise Unreadable(str(error.strerror)) from None
