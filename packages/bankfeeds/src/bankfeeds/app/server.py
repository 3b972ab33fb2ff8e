"""`serve`: everything built, run until told to stop, and taken down in order."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import FrameType

import httpx2
import structlog
import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bankfeeds.app import facts
from bankfeeds.app.listening import address_of, listen
from bankfeeds.app.lock import ServeLock
from bankfeeds.app.measuring import Note
from bankfeeds.app.metrics import measuring
from bankfeeds.app.protocol import BoundedProtocol
from bankfeeds.app.registering import FIRST, ensure_first_listing
from bankfeeds.app.secret_key import sqlite_path
from bankfeeds.app.sign_on import TIMEOUT_S, OpenIdConnect
from bankfeeds.app.tracing import NoSpans, Spans, TracedReceivers, tracing
from bankfeeds.app.transcript import Recorded, Transcript
from bankfeeds.app.world import Opened, opened
from bankfeeds.domain.ports import Receivers
from bankfeeds.flows.context import World
from bankfeeds.flows.resealing import missing_cause
from bankfeeds.settings import Settings
from bankfeeds.store import revisions
from bankfeeds.web.authorise import routes as authorise
from bankfeeds.web.codat import routes as codat
from bankfeeds.web.metrics import Meters
from bankfeeds.web.portal import routes as portal
from bankfeeds.web.sage import routes as sage
from bankfeeds.web.server import Measure, make_app
from bankfeeds.web.surface import Surface
from bankfeeds.webhooks.body import Words
from bankfeeds.webhooks.receivers import HttpReceivers
from bankfeeds.work.loop import Workers
from bankfeeds.work.sender import Sender

ROLES = frozenset({"api", "sage", "portal", "worker"})
SWITCH_INTERVAL_S = 0.0005
"""How soon a thread that computes gives way to one that has its answer from the database or a socket. Python's own 5 ms
are longer than most of our transactions, whose every statement would wait for it.
"""
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.app")


def serve(
    settings: Settings, roles: frozenset[str], announce: Callable[[str], None], transcript: Path | None = None
) -> None:
    """`announce` is told the address once it answers. Returns after SIGTERM or SIGINT: requests in progress are
    finished, then the workers' steps, then the database is closed. Calls to and of Sage go into a `transcript`.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with ExitStack() as stack:
        path = sqlite_path(settings)
        if path is not None and path.parent.is_dir():
            stack.callback(ServeLock(path).release)
        kept = None if transcript is None else stack.enter_context(closing(Transcript(transcript, facts.now)))
        meters = Meters()
        instance = f"{socket.gethostname()}:{os.getpid()}"
        spans = stack.enter_context(tracing(settings, instance))
        everything = stack.enter_context(opened(settings, kept, _note(meters, spans)))
        listener = stack.enter_context(listen(settings.host, settings.port))
        address = address_of(settings.host, listener.getsockname()[1])
        public_url = settings.public_url or address
        ensure_first_listing(everything.world, settings, public_url)
        if "worker" in roles:
            workers = Workers(everything.world, instance)
            workers.start()
            stack.callback(workers.stop)
            sender = _sender(everything.world, public_url, spans)
            sender.start()
            stack.callback(sender.stop)
        pool = stack.enter_context(ThreadPoolExecutor(settings.request_threads, thread_name_prefix="request"))
        surface = Surface(
            pool,
            facts.correlation_id,
            public_url,
            settings.body_bytes_max,
            settings.api_requests_per_minute_max,
            settings.api_requests_per_day_max,
            settings_listing=FIRST if settings.has_first_listing else None,
        )
        app = _app(everything, roles, surface, _measure(meters, spans), _sign_on(settings, stack))
        if kept is not None:
            app = Recorded(kept, app)
        measured = stack.enter_context(measuring(settings, everything.world, meters))
        gc.freeze()  # what was made until now stays; the collector need not look at it again and again
        log.info("serving", address=address, metrics=measured, public_url=public_url, roles=sorted(roles))
        _Server(server_config(settings, app), lambda: announce(address)).run(sockets=[listener])
    log.info("stopped")


def _note(meters: Meters, spans: Spans) -> Note:
    def note(listing_id: str, call: str, outcome: str, took_s: float, correlation_ids: Sequence[str]) -> None:
        meters.sage_call(listing_id, call, outcome, took_s)
        spans.sage_call(listing_id, call, outcome, took_s, correlation_ids)

    return note


def _measure(meters: Meters, spans: Spans) -> Measure:
    def measure(method: str, route: str, status: int, took_s: float, correlation_id: str) -> None:
        meters.request(method, route, status, took_s)
        spans.request(method, route, status, took_s, correlation_id)

    return measure


def _sender(world: World, public_url: str, spans: Spans) -> Sender:
    def receivers() -> Receivers:
        made = HttpReceivers(world.clock, allows_private=world.limits.webhook_private_targets)
        return made if isinstance(spans, NoSpans) else TracedReceivers(made, spans)

    return Sender(world, Words(public_url), receivers)


def _sign_on(settings: Settings, stack: ExitStack) -> OpenIdConnect | None:
    if not settings.oidc_issuer:
        return None
    http = stack.enter_context(httpx2.Client(timeout=TIMEOUT_S))
    return OpenIdConnect(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, http)


def _app(
    everything: Opened, roles: frozenset[str], surface: Surface, measure: Measure, sign_on: OpenIdConnect | None
) -> ASGIApp:
    world = everything.world
    routes: list[BaseRoute] = []
    if "api" in roles:
        routes += codat.routes(world, surface)
    if "sage" in roles:
        routes += sage.routes(world, surface, everything.verify)
        routes += authorise.routes(world, surface)
    if "portal" in roles:
        routes += portal.routes(world, surface, everything.registrar, sign_on)

    def unready_cause() -> str | None:
        try:
            if not revisions.is_current(world.db):
                return "the database has not the schema of this program"
            return missing_cause(world.db, world.sealer)
        except Exception:
            log.exception("not ready")
            return "the database does not answer"

    is_https = surface.public_url.startswith("https://")
    return make_app(routes, unready_cause, codat.unrouted(surface), is_https=is_https, measure=measure)


def server_config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.drain_s,
    )


class _Server(uvicorn.Server):
    """Tells when it answers, and ends normally on a signal instead of dying of it once more."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number in before:
                signal.signal(number, signal.SIG_IGN)
