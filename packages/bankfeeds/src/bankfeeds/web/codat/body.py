"""Request bytes to a wire struct, with every flaw told by its field; a struct to answer bytes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.text import is_storable
from bankfeeds.web.codat import wire
from bankfeeds.web.endpoint import Answer, Call

T = TypeVar("T")

UNSTORABLE = "holds a NUL character or half a surrogate pair; remove it"
_EMPTY = b"{}"
_JSON_SPACE = b" \t\n\r"
"""Other spaces are no JSON, and no absent body either."""


class Reader:
    """Reads one kind of body. An absent body is read as `{}`: clients may drop one whose members are all optional."""

    def __init__(self, kind: type) -> None:
        self._decoder = wire.decoder(kind)

    def read(self, call: Call) -> Any:
        """Right in every JSON type and enumeration; the rules come later."""
        try:
            return self._decoder.decode(call.body.strip(_JSON_SPACE) or _EMPTY)
        except msgspec.ValidationError as error:
            raise _invalid(*_located(str(error))) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _invalid("body", f"is not well-formed JSON in UTF-8: {error}") from error
        except RecursionError as error:
            raise _invalid("body", "is nested too deeply") from error

    def read_storable(self, call: Call) -> Any:
        """As `read`, and every text in it can be kept; a push's texts are looked at by the domain instead."""
        body = self.read(call)
        flaws = tuple(Flaw(where, UNSTORABLE) for where, text in _texts(body, "") if not is_storable(text))
        if flaws:
            raise Invalid("text", f"{flaws[0].field}: {flaws[0].message}", flaws)
        return body


def reply(body: object, status: int = 200) -> Answer:
    return Answer(status, wire.encode(body))


def _invalid(field: str, message: str) -> Invalid:
    return Invalid("body", f"{field}: {message}", (Flaw(field, message),))


def _located(complaint: str) -> tuple[str, str]:
    """The field's path and what is wrong with it, out of `Expected … - at `$.a[0].b``."""
    message, _, place = complaint.rpartition(" - at `")
    if not message:
        return "body", _lowered(complaint)
    path = place.rstrip("`").replace("key` in `", "").removeprefix("$").removeprefix(".")
    return path or "body", _lowered(message)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _texts(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Every text in a body with its path; a map's unstorable key is told by the map's path."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, msgspec.Struct):
        for member in msgspec.structs.fields(value):
            path = f"{where}.{member.encode_name}" if where else member.encode_name
            yield from _texts(getattr(value, member.name), path)
    elif isinstance(value, Mapping):
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield where, str(key)  # pyright: ignore[reportUnknownArgumentType]
            yield from _texts(item, where)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, Sequence):
        for position, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _texts(item, f"{where}[{position}]")  # pyright: ignore[reportUnknownArgumentType]
