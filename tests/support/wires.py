"""JSON over HTTP with exact decimals, for the tests' own part of every conversation."""

import json
from decimal import Decimal
from typing import Any

import httpx2
import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def call(
    http: httpx2.Client, method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> httpx2.Response:
    """The answer, whatever its status."""
    content = None if body is None else encode(body)
    typed = {} if content is None else {"content-type": "application/json"}
    return http.request(method, url, content=content, headers={**typed, **(headers or {})})


def read(response: httpx2.Response, *expected: int) -> Any:
    """The JSON of an answer that must have one of these statuses; None if it has no body."""
    request = response.request
    assert response.status_code in expected, (
        f"{request.method} {request.url} answered {response.status_code}: {response.text[:2000]}"
    )
    return json.loads(response.content, parse_float=Decimal) if response.content else None


def encode(body: object) -> bytes:
    return _ENCODER.encode(body)
