"""`GET /metrics` for Prometheus: figures of the whole platform, read from the database when they are asked for.

Every process that serves it says the same, so that one of them is enough to ask. Counts and ages only; nothing of any
customer, nothing secret.
"""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bankfeeds.domain.errors import Unavailable
from bankfeeds.flows import overview
from bankfeeds.flows.context import World
from bankfeeds.flows.overview import Figures

PATH = "/metrics"


def routes(world: World) -> list[Route]:
    def metrics(_request: Request) -> Response:
        try:
            figures = overview.figures(world)
        except Unavailable as refusal:
            return PlainTextResponse(refusal.message, 503)
        registry = CollectorRegistry()
        registry.register(_Gauges(figures))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route(PATH, metrics)]


class _Gauges(Collector):
    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        figures = self._figures
        feeds = GaugeMetricFamily("bankfeeds_feeds", "Feeds by status.", labels=["status"])
        for status, count in figures.feeds.items():
            feeds.add_metric([status.value], count)
        yield feeds
        yield GaugeMetricFamily("bankfeeds_feeds_held", "Feeds that a pause holds.", value=figures.feeds_held)
        oldest = GaugeMetricFamily(
            "bankfeeds_lines_waiting_oldest_seconds",
            "How long the oldest line that is not in Sage yet has waited; 0 if none waits.",
            labels=["listing"],
        )
        for listing, seconds in figures.oldest_waiting_s.items():
            oldest.add_metric([listing], seconds)
        yield oldest
        yield GaugeMetricFamily(
            "bankfeeds_pushes_pending", "Push operations that are Pending.", value=figures.pushes_pending
        )
