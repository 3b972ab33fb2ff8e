"""What a process does, told as spans: requests answered, statements offered to Sage, webhooks sent.

A trace's id is the correlation id of the request that began it, which is the key of its push operation too. So nothing
is handed from one process to the next: who works on a push knows the trace that its span belongs to.
"""

import importlib
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

from bankfeeds.domain.ports import Receivers
from bankfeeds.domain.webhook_delivery import Answered, Parcel
from bankfeeds.settings import Settings, WrongSetting

EXTRA = "bankfeeds[otel]"


class Spans(Protocol):
    """Each tells of something that has just ended and took so long. Never waits, and never fails."""

    def request(self, method: str, route: str, status: int, took_s: float, correlation_id: str) -> None: ...

    def sage_call(
        self, listing_id: str, call: str, outcome: str, took_s: float, correlation_ids: Sequence[str]
    ) -> None: ...

    def webhook(self, status: int | None, error: str | None, took_s: float, correlation_id: str | None) -> None: ...


class NoSpans:
    """Where nobody wants them."""

    def request(self, method: str, route: str, status: int, took_s: float, correlation_id: str) -> None:
        del method, route, status, took_s, correlation_id

    def sage_call(
        self, listing_id: str, call: str, outcome: str, took_s: float, correlation_ids: Sequence[str]
    ) -> None:
        del listing_id, call, outcome, took_s, correlation_ids

    def webhook(self, status: int | None, error: str | None, took_s: float, correlation_id: str | None) -> None:
        del status, error, took_s, correlation_id


@contextmanager
def tracing(settings: Settings, instance: str) -> Generator[Spans]:
    """Spans to the collector that the settings name; what waits is sent at the end, if the collector takes it."""
    if not settings.otlp_endpoint:
        yield NoSpans()
        return
    try:
        otlp = importlib.import_module("bankfeeds.app.otlp")  # its packages are there only where somebody wants them
    except ImportError as error:
        raise WrongSetting(f"BANKFEEDS_OTLP_ENDPOINT: needs `pip install '{EXTRA}'`: {error}") from error
    spans = otlp.OtlpSpans(settings.otlp_endpoint, settings.environment, instance)
    try:
        yield spans
    finally:
        spans.close()


def push_key_in(body: bytes) -> str | None:
    """The push operation that an event tells the end of, as the correlation id that it is."""
    event = json.loads(body)
    if not str(event.get("eventType", "")).startswith("bankTransactions.write."):
        return None
    return str(event["payload"]["id"]).replace("-", "")


class TracedReceivers:
    """`ports.Receivers` around another: each attempt is a span, of its push's trace where the event is a push's."""

    def __init__(self, receivers: Receivers, spans: Spans) -> None:
        self._receivers, self._spans = receivers, spans

    async def post(self, parcel: Parcel) -> Answered:
        answered = await self._receivers.post(parcel)
        self._spans.webhook(answered.status_code, answered.error, answered.took_ms / 1000, push_key_in(parcel.body))
        return answered

    async def close(self) -> None:
        await self._receivers.close()
