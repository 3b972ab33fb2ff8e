"""Reading requests and writing answers: exact JSON, and the world behind a request."""

from datetime import UTC, datetime
from typing import TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.calls.rules import rule_of
from sage_sandbox.records import Region
from sage_sandbox.refusals import NOT_JSON, Problem, Refusal, refuse, schema_problem
from sage_sandbox.world import PREFIXES, World

T = TypeVar("T")
RULE = "sandbox.rule"
"""Where a request's scope holds the rule that refused it."""


def world_of(request: Request) -> World:
    return cast("World", request.app.state.world)


def region_of(request: Request) -> Region:
    """The cluster that a call was made to."""
    for region, prefix in PREFIXES.items():
        if prefix and request.url.path.startswith(prefix + "/"):
            return region
    return "eu"


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(wire.encode(value), status, headers, "application/json")


def refused(request: Request, status: int, body: object, *problems: Problem) -> Response:
    """A refusal that names its rule to the log, and in a header to whoever reads it."""
    rules = [rule_of(problem, request.method, request.url.path) for problem in problems]
    request.scope[RULE] = rules[0]
    return answer(body, status, {"X-Sandbox-Rule": ", ".join(dict.fromkeys(rule.header() for rule in rules))})


def no_content() -> Response:
    return Response(status_code=204)


async def read(request: Request, decoder: msgspec.json.Decoder[T]) -> T:
    """The request's body, or the refusal that names the field at fault."""
    return decode(await request.body(), decoder)


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        value = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refusal(400, schema_problem(error)) from None
    except NOT_JSON as error:
        raise Refusal(400, Problem("SCHEMA_INVALID", f"The body is not JSON: {error}")) from None
    if not wire.is_text(body, value):
        raise refuse(400, "SCHEMA_INVALID", "The body holds half of a surrogate pair")
    return value


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a url-encoded form; the last of several values of one name."""
    text = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def read_instant(text: str, path: str) -> datetime:
    """A date or an instant; without a zone it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise refuse(400, "SCHEMA_INVALID", "Expected an ISO 8601 date or instant", path) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
