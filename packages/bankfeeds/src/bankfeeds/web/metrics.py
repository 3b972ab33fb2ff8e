"""`GET /metrics` for Prometheus, on an address of its own: the platform's figures, and what this process has measured.

The platform's figures are read from the database when they are asked for, and every process says the same. What a
process measured is its own; Prometheus adds up. Counts and durations only; nothing of any customer, nothing secret.
"""

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bankfeeds.domain.errors import Unavailable
from bankfeeds.flows.context import World
from bankfeeds.flows.figures import Figures, figures

PATH = "/metrics"
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SAGE_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class Meters:
    """What one process measures while it runs. Thread-safe."""

    def __init__(self) -> None:
        disable_created_metrics()  # or each histogram says a second time since when it has counted
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Histogram(
            "bankfeeds_request_seconds",
            "Requests answered, by route and status; how long each took.",
            ("method", "route", "status"),
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self._calls = Histogram(
            "bankfeeds_sage_call_seconds",
            "Calls to Sage, by what came of them; how long each took.",
            ("listing", "call", "outcome"),
            buckets=SAGE_BUCKETS_S,
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, took_s: float) -> None:
        """`route` is its pattern, never the path's values."""
        self._requests.labels(method, route, str(status)).observe(took_s)

    def sage_call(self, listing_id: str, call: str, outcome: str, took_s: float) -> None:
        self._calls.labels(listing_id, call, outcome).observe(took_s)


def make_metrics_app(world: World, meters: Meters) -> Starlette:
    """503 while the database does not answer: what a process measured alone would look like a platform that is well."""

    def metrics(_request: Request) -> Response:
        try:
            now = _Gauges(figures(world))
        except Unavailable as refusal:
            return PlainTextResponse(refusal.message, 503)
        registry = CollectorRegistry()
        registry.register(now)
        whole = generate_latest(registry) + generate_latest(meters.registry)
        return Response(whole, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route(PATH, metrics)])


class _Gauges(Collector):
    def __init__(self, now: Figures) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._now
        yield from self._feeds()
        yield _by_listing(
            "bankfeeds_lines_waiting_oldest_seconds",
            "How long the oldest line that is not in Sage yet has waited; 0 if none waits.",
            now.oldest_waiting_s,
        )
        yield GaugeMetricFamily(
            "bankfeeds_pushes_pending", "Push operations that are Pending.", value=now.pushes_pending
        )
        delivery = GaugeMetricFamily(
            "bankfeeds_push_delivery_seconds",
            "From accepting a push to all of it in Sage, of the newest pushes; none before the first.",
            labels=["quantile"],
        )
        for quantile, seconds in now.push_delivery_s.items():
            delivery.add_metric([f"{quantile:g}"], seconds)
        yield delivery
        yield _by_listing(
            "bankfeeds_budget_ahead_seconds",
            "How far ahead the budget of calls to Sage is spent; 0 if a call may leave now.",
            now.budget_ahead_s,
        )
        yield _by_listing(
            "bankfeeds_sage_failures_in_a_row", "Calls that Sage did not answer, one after the other.", now.failures
        )
        yield GaugeMetricFamily(
            "bankfeeds_listings_unconfirmed",
            "Listings for which production delivers nothing: nobody confirmed their amount unit.",
            value=now.unconfirmed,
        )
        yield GaugeMetricFamily(
            "bankfeeds_accounts_verifying",
            "Accounts that wait, after a restore, for what the institution pushed since the backup.",
            value=now.accounts_verifying,
        )
        yield from self._webhooks()
        build = GaugeMetricFamily("bankfeeds_build_info", "This process's version; always 1.", labels=["version"])
        build.add_metric([version("bankfeeds")], 1)
        yield build

    def _webhooks(self) -> Iterator[GaugeMetricFamily]:
        consumers = GaugeMetricFamily("bankfeeds_webhook_consumers", "Webhook consumers by state.", labels=["state"])
        for state, count in self._now.webhook_consumers.items():
            consumers.add_metric([state], count)
        yield consumers
        yield GaugeMetricFamily(
            "bankfeeds_webhooks_pending", "Events on their way to a consumer.", value=self._now.webhooks_pending
        )
        yield GaugeMetricFamily(
            "bankfeeds_webhook_lag_seconds",
            "How long the oldest event has waited for a consumer that takes events; 0 if none waits.",
            value=self._now.webhook_lag_s,
        )

    def _feeds(self) -> Iterator[GaugeMetricFamily]:
        feeds = GaugeMetricFamily("bankfeeds_feeds", "Feeds by status.", labels=["status"])
        for status, count in self._now.feeds.items():
            feeds.add_metric([status.value], count)
        yield feeds
        yield GaugeMetricFamily("bankfeeds_feeds_held", "Feeds that a pause holds.", value=self._now.feeds_held)
        newest = GaugeMetricFamily(
            "bankfeeds_feeds_newest_line",
            "Feeds that are not closed, by the age of their newest accepted line; each is counted once.",
            labels=["listing", "age"],
        )
        for (listing, age), count in self._now.newest_lines.items():
            newest.add_metric([listing, age], count)
        yield newest


def _by_listing(name: str, meaning: str, values: dict[str, float] | dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=["listing"])
    for listing, value in values.items():
        family.add_metric([listing], value)
    return family
