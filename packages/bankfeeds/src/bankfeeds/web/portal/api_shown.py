"""Our OpenAPI document as a person reads it: operations in groups, what each takes and answers, and a call to copy.

Everything shown is read from the document that is served, so that the two cannot differ.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bankfeeds.web.codat.openapi import document
from bankfeeds.web.portal.api_examples import BODIES

DEPTH_MAX = 4
"""Of members within members."""
KEY = "BASE64_OF_YOUR_KEY"
_REFUSAL = re.compile(r"^[45]")
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """`path` is dotted, `[]` for the items of a list; `kind` is the schema's own words."""

    path: str
    kind: str
    is_required: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    kind: str
    is_required: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """`is_refusal`: its body is the one of every refusal, told once on the page of the list."""

    status: str
    meaning: str
    kind: str
    members: tuple[Member, ...]
    is_refusal: bool


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    group: str
    summary: str
    parameters: tuple[Parameter, ...]
    body_kind: str
    body: tuple[Member, ...]
    replies: tuple[Reply, ...]
    curl: str


@cache
def operations(url: str) -> Mapping[str, Operation]:
    """By id, in the document's order."""
    whole = document(url)
    found: dict[str, Operation] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            found[operation["operationId"]] = _operation(whole, url, method.upper(), path, operation)
    return found


def groups(url: str) -> list[tuple[str, list[Operation]]]:
    found: dict[str, list[Operation]] = {}
    for operation in operations(url).values():
        found.setdefault(operation.group, []).append(operation)
    return list(found.items())


@cache
def refusal(url: str) -> tuple[Member, ...]:
    """The body that every refusal has."""
    whole = document(url)
    return tuple(_members(whole, whole["components"]["schemas"]["ErrorMessage"]))


def _operation(whole: Json, url: str, method: str, path: str, said: Json) -> Operation:
    content: Json = said.get("requestBody", {}).get("content", {})
    schema: Json = content.get("application/json", {}).get("schema", {})
    is_file = "application/octet-stream" in content
    return Operation(
        id=said["operationId"],
        method=method,
        path=path,
        group=said["tags"][0],
        summary=said["summary"],
        parameters=tuple(_parameter(each) for each in said["parameters"]),
        body_kind="application/octet-stream" if is_file else _kind(schema) if schema else "",
        body=tuple(_members(whole, schema)),
        replies=tuple(_reply(whole, status, each) for status, each in said["responses"].items()),
        curl=_curl(url, method, path, BODIES.get(said["operationId"]), is_file=is_file),
    )


def _parameter(said: Json) -> Parameter:
    schema = said["schema"]
    choices = tuple(map(str, schema.get("enum", ())))
    return Parameter(said["name"], said["in"], _kind(schema), bool(said.get("required")), choices)


def _reply(whole: Json, status: str, said: Json) -> Reply:
    found = _resolved(whole, said)
    schema: Json = found.get("content", {}).get("application/json", {}).get("schema", {})
    is_refusal = bool(_REFUSAL.match(status))
    members = () if is_refusal else tuple(_members(whole, schema))
    return Reply(status, found["description"].replace("`", ""), _kind(schema) if schema else "", members, is_refusal)


def _resolved(whole: Json, said: Json) -> Json:
    if "$ref" not in said:
        return said
    place: Any = whole
    for part in said["$ref"].removeprefix("#/").split("/"):
        place = place[part]
    return place


def _kind(schema: Json) -> str:
    """In a few words: `Company`, `list of Account`, `string (uuid)`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "allOf" in schema:
        return _kind(schema["allOf"][0])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if "additionalProperties" in schema and not schema.get("properties"):
        return "map of strings"
    told = str(schema.get("type", "string" if "enum" in schema else "any"))
    return f"{told} ({schema['format']})" if "format" in schema else told


def _shapes(whole: Json, schema: Json) -> Iterator[tuple[Json, frozenset[str]]]:
    """The objects that a schema may be, each with what has to be in it."""
    if "allOf" in schema:
        required = {name for each in schema["allOf"] for name in each.get("required", ())}
        for shape, own in _shapes(whole, schema["allOf"][0]):
            yield shape, own | required
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _shapes(whole, each)
    elif "$ref" in schema:
        yield from _shapes(whole, _resolved(whole, schema))
    elif schema.get("properties"):
        yield schema, frozenset(schema.get("required", ()))


def _members(whole: Json, schema: Json, begin: str = "", depth: int = 1) -> Iterator[Member]:
    """Members within members too, as deep as DEPTH_MAX."""
    if "items" in schema:
        yield from _members(whole, schema["items"], f"{begin}[]." if begin else "[].", depth)
        return
    for shape, required in _shapes(whole, schema):
        for name, said in shape["properties"].items():
            choices = tuple(map(str, said.get("enum", ())))
            yield Member(begin + name, _kind(said), name in required, choices)
            if depth < DEPTH_MAX:
                yield from _members(whole, said, begin + name + ("" if "items" in said else "."), depth + 1)


def _curl(url: str, method: str, path: str, body: object, *, is_file: bool) -> str:
    """For a shell: path parameters are variables such as $COMPANY_ID."""
    address = re.sub(r"\{(\w+)\}", lambda found: "$" + _variable(found[1]), path)
    lines = [
        f'curl -X {method} "{url}{address}"' if method != "GET" else f'curl "{url}{address}"',
        f'-H "Authorization: Basic {KEY}"',
    ]
    if is_file:
        lines += ['-H "Content-Type: application/octet-stream"', "--data-binary @statement.xml"]
    elif body is not None:
        sent = json.dumps(body, indent=2)
        lines += ['-H "Content-Type: application/json"', f"-d {shlex.quote(sent)}"]
    return " \\\n  ".join(lines)


def _variable(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
