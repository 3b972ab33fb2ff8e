"""The log itself: so many calls, so much of each, nothing secret."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from sage_sandbox.calls.masks import known, mask_headers, mask_text
from sage_sandbox.calls.rules import Rule

CALLS_MAX = 1000
BODY_KEPT = 4096
HEADERS_KEPT = 32
VALUE_KEPT = 512
URL_KEPT = 2048
_SECRET_LENGTH_MAX = 2048


class Call(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """One exchange seen on the wire, in either direction; bodies cut short, with the sizes they had."""

    call_id: int
    direction: Literal["in", "out"]
    at: datetime
    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    request_bytes: int
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str
    response_bytes: int
    duration_ms: float
    rule: Rule | None = None
    fault_id: str | None = None
    error: str | None = None


class Message(msgspec.Struct, frozen=True):
    """Half an exchange, as it was sent; `size` where more was sent than `body` holds."""

    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""
    size: int | None = None

    @property
    def bytes(self) -> int:
        return len(self.body) if self.size is None else self.size


class CallLog:
    def __init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=CALLS_MAX)
        self._seen = 0

    def clear(self) -> None:
        self.calls.clear()

    def add(
        self,
        direction: Literal["in", "out"],
        at: datetime,
        method: str,
        url: str,
        request: Message,
        response: Message,
        *,
        status: int | None,
        duration_s: float,
        secrets: Iterable[str],
        secret_headers: Iterable[str] = (),
        rule: Rule | None = None,
        fault_id: str | None = None,
        error: str | None = None,
    ) -> None:
        self._seen += 1
        hidden = known(tuple(secrets))
        names = list(secret_headers)
        self.calls.append(
            Call(
                call_id=self._seen,
                direction=direction,
                at=at,
                method=method,
                url=mask_text(url, hidden)[:URL_KEPT],
                request_headers=_headers(request, hidden, names),
                request_body=_body(request, hidden),
                request_bytes=request.bytes,
                status=status,
                response_headers=_headers(response, hidden, names),
                response_body=_body(response, hidden),
                response_bytes=response.bytes,
                duration_ms=round(duration_s * 1000, 1),
                rule=rule,
                fault_id=fault_id,
                error=None if error is None else mask_text(error, hidden)[:URL_KEPT],
            )
        )


def _headers(message: Message, secrets: tuple[str, ...], names: list[str]) -> dict[str, str]:
    shown = mask_headers(message.headers, secrets, names)
    return {name[:VALUE_KEPT]: value[:VALUE_KEPT] for name, value in list(shown.items())[:HEADERS_KEPT]}


def _body(message: Message, secrets: tuple[str, ...]) -> str:
    """Masked before it is cut, so that no half of a secret is left at the end."""
    text = message.body[: BODY_KEPT + _SECRET_LENGTH_MAX].decode("utf-8", "replace")
    return mask_text(text, secrets)[:BODY_KEPT]
