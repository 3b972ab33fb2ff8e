"""Spans to a collector: one trace from the institution's request over the call to Sage to the webhook, and nobody's data in it."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import wires
from bank_lines import make_lines
from institutions import Customer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from processes import wait_until
from sage_users import SageCompany
from systems import System, running

pytestmark = pytest.mark.slow
STOP_WITHIN_S = 20.0


class Collector:
    """Takes OTLP over HTTP, and webhooks; keeps every span as it came."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.hooks = 0

    @contextmanager
    def listening(self) -> Iterator["Collector"]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces":
                    collector.take(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
                else:
                    collector.hooks += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append({each.key: each.value.string_value for each in resource.resource.attributes})
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def of(self, correlation_id: str) -> dict[str, Any]:
        """The spans of a trace by name."""
        return {span.name: span for span in self.spans if span.trace_id.hex() == correlation_id}


def linked(system: System) -> Customer:
    customer = Customer(system, "Harbour Bakery")
    customer.open_account()
    SageCompany(system).link(customer)
    return customer


def test_one_trace_goes_from_the_push_over_sage_to_the_webhook(tmp_path: Path) -> None:
    with Collector().listening() as collector:
        with running(tmp_path, OTLP_ENDPOINT=collector.url, WEBHOOK_PRIVATE_TARGETS="on") as system:
            customer = linked(system)
            body = {"url": f"{collector.url}/hook", "eventTypes": ["bankTransactions.write.successful"]}
            wires.read(customer.ask("POST", "/webhooks", body), 201)
            answer = customer.try_push(make_lines(3))
            trace = answer.headers["x-correlation-id"]
            customer.follow(wires.read(answer, 200))
            wait_until(lambda: collector.hooks, "the webhook has come")
        spans = collector.of(trace)
        route = "/companies/{company_id}/connections/{connection_id}/push/bankAccounts/{account_id}/bankTransactions"
        assert set(spans) == {f"POST {route}", "sage offer", "webhook"}
        root = spans[f"POST {route}"]
        assert (root.parent_span_id, root.kind) == (b"", root.SPAN_KIND_SERVER)
        assert spans["sage offer"].parent_span_id == spans["webhook"].parent_span_id == root.span_id
        assert all(0 < span.end_time_unix_nano - span.start_time_unix_nano < 60e9 for span in spans.values())
        assert root.start_time_unix_nano <= spans["sage offer"].start_time_unix_nano
        said = {each.key: each.value.int_value or each.value.string_value for each in root.attributes}
        assert said == {"http.request.method": "POST", "http.route": route, "http.response.status_code": 200}
        assert {each["service.name"] for each in collector.resources} == {"bankfeeds"}
        told = str(collector.spans)
        for secret in ("10203040", "Harbour", customer.company_id, customer.connection_id, "tx-1", "Line tx"):
            assert secret not in told


def test_a_collector_that_is_away_delays_nobody(tmp_path: Path) -> None:
    with running(tmp_path, OTLP_ENDPOINT="http://127.0.0.1:9") as system:
        customer = linked(system)
        customer.follow(customer.push(make_lines(3)))
        began = time.monotonic()
        system.stop_platform()
        assert time.monotonic() - began < STOP_WITHIN_S
        system.restart_platform()
