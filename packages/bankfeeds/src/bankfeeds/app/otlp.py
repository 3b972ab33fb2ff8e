"""Spans by OpenTelemetry's SDK, sent in the background to a collector (OTLP over HTTP). Imported where wanted only.

What waits to be sent is bounded: with the collector away spans are dropped, and nothing else waits for it.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation import set_span_in_context

from bankfeeds.domain.ids import uuid_of

EXPORT_S = 5
"""One sending takes so long at most."""
CLOSE_S = 5
WAITING_MAX = 2_048
"""Spans that wait to be sent; further ones are dropped."""
FAILED_FROM = 500
_NS = 1_000_000_000
Attributes = Mapping[str, str | int]


class _Ids(RandomIdGenerator):
    """The next span made by this thread may be given its ids: a request's span is the root of its own trace."""

    def __init__(self) -> None:
        self.next = threading.local()

    def generate_trace_id(self) -> int:
        given = getattr(self.next, "trace_id", 0)
        self.next.trace_id = 0
        return given or super().generate_trace_id()

    def generate_span_id(self) -> int:
        given = getattr(self.next, "span_id", 0)
        self.next.span_id = 0
        return given or super().generate_span_id()


class OtlpSpans:
    """Implements `tracing.Spans`."""

    def __init__(self, endpoint: str, environment: str, instance: str) -> None:
        resource = Resource.create({
            "service.name": "bankfeeds",
            "service.version": version("bankfeeds"),
            "service.instance.id": instance,
            "deployment.environment.name": environment,
        })  # fmt: skip
        self._ids = _Ids()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=EXPORT_S)
        self._processor = BatchSpanProcessor(exporter, max_queue_size=WAITING_MAX)
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("bankfeeds", version("bankfeeds"))

    def request(self, method: str, route: str, status: int, took_s: float, correlation_id: str) -> None:
        root = _root(correlation_id)
        if root is not None:
            self._ids.next.trace_id, self._ids.next.span_id = root.trace_id, root.span_id
        attributes = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        failed = "" if status < FAILED_FROM else str(status)
        self._note(f"{method} {route}", SpanKind.SERVER, took_s, attributes, None, failed=failed)

    def sage_call(
        self, listing_id: str, call: str, outcome: str, took_s: float, correlation_ids: Sequence[str]
    ) -> None:
        """In the trace of the first push that it carries lines of; linked to those of the others."""
        attributes = {"bankfeeds.listing": listing_id, "bankfeeds.outcome": outcome}
        roots = [root for root in map(_root, correlation_ids) if root is not None]
        failed = "" if outcome in {"done", "taken", "found", "notFound"} else outcome
        self._note(
            f"sage {call}", SpanKind.CLIENT, took_s, attributes, roots[0] if roots else None, roots[1:], failed=failed
        )

    def webhook(self, status: int | None, error: str | None, took_s: float, correlation_id: str | None) -> None:
        attributes: Attributes = {} if status is None else {"http.response.status_code": status}
        root = None if correlation_id is None else _root(correlation_id)
        is_success = status is not None and status in range(200, 300)
        self._note(
            "webhook", SpanKind.PRODUCER, took_s, attributes, root, failed="" if is_success else error or "status"
        )

    def close(self) -> None:
        self._processor.force_flush(CLOSE_S * 1000)
        self._provider.shutdown()

    def _note(
        self,
        name: str,
        kind: SpanKind,
        took_s: float,
        attributes: Attributes,
        parent: SpanContext | None,
        linked: Sequence[SpanContext] = (),
        *,
        failed: str,
    ) -> None:
        ended = time.time_ns()
        span = self._tracer.start_span(
            name,
            context=Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context()),
            kind=kind,
            attributes=dict(attributes),
            links=[Link(each) for each in linked],
            start_time=ended - int(took_s * _NS),
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(ended)


def _root(correlation_id: str) -> SpanContext | None:
    """The span of the request with this correlation id, whoever noted it; None for what is no id of ours."""
    if uuid_of(correlation_id) is None:
        return None
    number = int(correlation_id, 16)
    return SpanContext(number, number & (2**64 - 1), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
