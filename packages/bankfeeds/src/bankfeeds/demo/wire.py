"""JSON over HTTP with exact decimals, and one clear error for an answer that was not hoped for."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import msgspec

from bankfeeds.demo.programs import DemoFailed

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_WORDS_MAX = 300


def encode(value: object) -> bytes:
    return _ENCODER.encode(value)


def decode(response: httpx2.Response) -> Any:
    return json.loads(response.content, parse_float=Decimal)


def call(
    client: httpx2.Client, method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """The answer, whatever its status; DemoFailed if there is none."""
    content = None if body is None else encode(body)
    typed = {"content-type": "application/json"} if content is not None else {}
    try:
        return client.request(method, url, content=content, headers={**typed, **(headers or {})})
    except httpx2.HTTPError as error:
        raise DemoFailed(f"{method} {url} got no answer: {error}") from error


def check(response: httpx2.Response, *expected: int) -> Any:
    """The JSON of an answer with one of these statuses; None if it has no body."""
    if response.status_code in expected:
        return decode(response) if response.content else None
    request = response.request
    called = f"{request.method} …/{request.url.path.rsplit('/', 1)[-1]}"
    raise DemoFailed(f"{called} was answered {response.status_code}: {_words(response)}")


class _Item(msgspec.Struct):
    itemId: str | None = None  # noqa: N815 - the wire's own spelling
    message: str | None = None


class _Validation(msgspec.Struct):
    errors: list[_Item] | None = None


class _Error(msgspec.Struct):
    error: str | None = None
    validation: _Validation | None = None


def _words(response: httpx2.Response) -> str:
    """What an error body says: the platform's flaws one by one, else its text."""
    try:
        said = msgspec.json.decode(response.content, type=_Error)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return response.text[:_WORDS_MAX]
    items = (said.validation.errors if said.validation else None) or []
    told = [f"{item.itemId or ''}: {item.message or ''}".strip(": ") for item in items[:3]]
    more = f" (and {len(items) - len(told)} more)" if len(items) > len(told) else ""
    return "; ".join(told) + more if told else said.error or response.text[:_WORDS_MAX]
