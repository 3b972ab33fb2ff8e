"""Stored lines are kept as they came, in JSON: a fraction of what objects take. The last few read stay decoded.

A provider may pad lines with members that nobody reads; such a statement is written anew without them.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

import msgspec

from sage_sandbox import wire
from sage_sandbox.records import Lines
from sage_sandbox.wire import Amount, Line

DECODED_MAX = 32
_BYTES_A_LINE_MAX = 2048
_decoder = wire.decoder(list[Line])
_decoded: OrderedDict[Lines, list[Line]] = OrderedDict()


class Fact(msgspec.Struct, rename="camel", gc=False):
    """What the ledger and the judge have to know of a line."""

    unique_id: str
    transaction_amount: Amount
    date_posted: datetime


_facts = wire.decoder(list[Fact])
_apart = wire.decoder(list[msgspec.Raw])
_one = wire.decoder(Line)


def lines_of(statement_id: str, lines: list[Line], raw: bytes | None = None) -> Lines:
    """Lines to keep; `raw` is how they came, where they came as JSON."""
    if raw is None or len(raw) > len(lines) * _BYTES_A_LINE_MAX:
        raw = wire.encode(lines)
    kept = Lines(statement_id=statement_id, raw=msgspec.Raw(raw))
    _remember(kept, lines)
    return kept


def read(lines: Lines) -> list[Line]:
    found = _decoded.get(lines)
    if found is None:
        found = _decoder.decode(lines.raw)
    _remember(lines, found)
    return found


def facts(lines: Lines) -> list[Fact]:
    return _facts.decode(lines.raw)


def read_from(lines: Lines, start: int) -> Iterator[Line]:
    """The lines from a place on, each decoded only when it is asked for."""
    if lines in _decoded:
        yield from read(lines)[start:]
    else:
        yield from map(_one.decode, _apart.decode(lines.raw)[start:])


def _remember(lines: Lines, decoded: list[Line]) -> None:
    _decoded[lines] = decoded
    _decoded.move_to_end(lines)
    if len(_decoded) > DECODED_MAX:
        _decoded.popitem(last=False)
