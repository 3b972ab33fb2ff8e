"""Answers against our own OpenAPI document: right status, right body, no member that is not described."""

import json
import re
from functools import cache
from typing import Any

import httpx2
import jsonschema

from bankfeeds.web.codat.openapi import document

_CHECKER = jsonschema.Draft202012Validator.FORMAT_CHECKER


@cache
def ours() -> dict[str, Any]:
    found = document("https://feeds.example")
    for schema in found["components"]["schemas"].values():
        schema["additionalProperties"] = False
    return found


def check(method: str, path: str, answer: httpx2.Response) -> None:
    """Of an operation that there is; others are answered 404 or 405 before there is an operation."""
    template = _template(method.lower(), path.split("?", maxsplit=1)[0])
    if template is None:
        return
    response = _response(method.lower(), template, answer.status_code)
    if "content" not in response:
        assert answer.content == b"", f"{method} {template} is described as empty, and answered {answer.content!r}"
        assert "content-type" not in answer.headers
        return
    assert answer.headers["content-type"] == "application/json"
    if len(answer.content) > _CHECKED_BYTES_MAX:
        return
    flaws = [
        error.message for error in _validator(method.lower(), template, answer.status_code).iter_errors(answer.json())
    ]
    assert flaws == [], f"{method} {template} {answer.status_code}: {answer.content!r}"


_CHECKED_BYTES_MAX = 200_000


def _template(method: str, path: str) -> str | None:
    return next((name for pattern, name in _patterns(method) if pattern.fullmatch(path)), None)


@cache
def _patterns(method: str) -> list[tuple[re.Pattern[str], str]]:
    """Those with the fewest parameters first: what is spelled out goes before what a parameter may stand for."""
    names = sorted((name for name, methods in ours()["paths"].items() if method in methods), key=lambda n: n.count("{"))
    return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(name))), name) for name in names]


def _response(method: str, template: str, status: int) -> dict[str, Any]:
    responses = ours()["paths"][template][method]["responses"]
    assert str(status) in responses, f"{method} {template} is not said to answer {status}"
    found = responses[str(status)]
    return ours()["components"]["responses"][found["$ref"].rsplit("/", 1)[1]] if "$ref" in found else found


@cache
def _validator(method: str, template: str, status: int) -> Any:
    schema = _response(method, template, status)["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**ours(), **schema}, format_checker=_CHECKER)


def everything_is_a_schema(found: dict[str, Any]) -> None:
    for schema in found["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(found)):
        place: Any = found
        for part in reference.split("/"):
            place = place[part]
