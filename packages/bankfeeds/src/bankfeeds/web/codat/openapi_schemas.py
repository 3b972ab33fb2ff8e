"""The schemas of our OpenAPI document, made of the wire types themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast, get_args

import msgspec
from msgspec.structs import fields

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.receipt import ReceiptState
from bankfeeds.domain.source_account import AccountStatus
from bankfeeds.web.codat import wire
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.described import OPERATIONS, OneOf, PageOf

REF = "#/components/schemas/{name}"
_ENUMERATIONS: dict[tuple[type, str], type[StrEnum]] = {
    (wire.ConnectionBody, "status"): ConnectionStatus,
    (wire.Account, "status"): AccountStatus,
    (words.Mapping, "status"): AccountStatus,
    (wire.PushOperation, "status"): PushStatus,
    (wire.Receipt, "state"): ReceiptState,
}
_NULL = {"type": "null"}
_DECIMAL = {"type": "string", "format": "decimal"}


def schema_of(kind: object) -> dict[str, Any]:
    """Of a type, OneOf or PageOf; structs by reference."""
    if isinstance(kind, PageOf):
        return {"$ref": REF.format(name=_page_name(kind))}
    if isinstance(kind, OneOf):
        return {"anyOf": [schema_of(each) for each in kind.kinds]}
    (found,), _ = _translated((kind,))
    return found


def components() -> dict[str, Any]:
    """Of every struct that an operation takes or answers, and of pages of them."""
    kinds: list[Any] = [wire.ErrorMessage, wire.Page]
    pages: list[PageOf] = []
    for described in OPERATIONS.values():
        for kind in (*described.answers.values(), described.body):
            if isinstance(kind, PageOf):
                pages.append(kind)
                kinds.append(kind.kind)
            elif isinstance(kind, OneOf):
                kinds += kind.kinds
            elif kind is not None:
                kinds.append(kind)
    _, found = _translated(tuple(kinds))
    structs = {each.__name__: each for each in _subclasses(wire.Response)}
    found = {name: _answered(structs[name], schema) if name in structs else schema for name, schema in found.items()}
    whole = found.pop("Page")
    for page in pages:
        name, results = _page_name(page), {"type": "array", "items": schema_of(page.kind)}
        found[name] = {**whole, "title": name, "properties": {**whole["properties"], "results": results}}
    return {name: _tidy(schema) for name, schema in found.items()}


def _translated(kinds: tuple[Any, ...]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    return msgspec.json.schema_components(kinds, schema_hook=_hook, ref_template=REF)


def _hook(kind: type) -> dict[str, Any]:
    if kind is wire.Number:
        return {"type": "number"}
    raise NotImplementedError(kind)


def _subclasses(kind: type) -> list[type]:
    return [each for direct in kind.__subclasses__() for each in (direct, *_subclasses(direct))]


def _answered(struct: type, schema: dict[str, Any]) -> dict[str, Any]:
    """What we answer is never null, amounts are numbers, and instants and states say so."""
    properties = {name: _never_null(each) for name, each in schema["properties"].items()}
    for member in fields(struct):
        if datetime in {member.type, *get_args(member.type)}:
            properties[member.encode_name] = {"type": "string", "format": "date-time"}
        if (struct, member.name) in _ENUMERATIONS:
            states = [each.value for each in _ENUMERATIONS[struct, member.name]]
            properties[member.encode_name] = {"type": "string", "enum": states}
    return {**schema, "properties": properties}


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [each for each in schema.get("anyOf", [schema]) if each != _NULL]
    kinds = [{"type": "number"} if each == _DECIMAL else each for each in kinds]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _page_name(page: PageOf) -> str:
    return f"PageOf{page.kind.__name__}"


def _tidy(schema: Any) -> Any:
    """Docstrings are for those who read the program, and a default of None says nothing."""
    if isinstance(schema, dict):
        members = cast("dict[str, Any]", schema).items()
        return {key: _tidy(value) for key, value in members if not _is_chatter(key, value)}
    return [_tidy(each) for each in cast("list[Any]", schema)] if isinstance(schema, list) else schema


def _is_chatter(key: str, value: object) -> bool:
    return (key == "description" and isinstance(value, str)) or (key == "default" and value is None)
