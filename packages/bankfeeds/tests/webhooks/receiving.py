"""Real receivers on this machine, and a sender that sends to them; everything ends with the test."""

import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from bankfeeds.domain.webhook import Consumer, ConsumerDraft
from bankfeeds.domain.webhook_delivery import DeliveryStatus
from bankfeeds.flows import webhook_log, webhooks
from bankfeeds.flows.context import World
from bankfeeds.webhooks.body import Words
from bankfeeds.webhooks.receivers import HttpReceivers
from bankfeeds.work.sender import Sender

WORDS = Words("https://feeds.example")
WAIT_S = 30.0


@dataclass(frozen=True)
class Got:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Answers as it is told to, whoever comes; keeps what it got."""

    url: str
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], int] = lambda _got: 200
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 0

    def statuses(self, *statuses: int) -> None:
        """These, one after the other, then 200."""
        left = list(statuses)
        self.answer = lambda _got: left.pop(0) if left else 200


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Generator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got = Got({name.lower(): value for name, value in self.headers.items()}, body)
            status = receiver.answer(got)
            receiver.got.append(got)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if tls else "http"
    receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_address[1]}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def sending(world: World, **options: Any) -> Generator[Sender]:
    sender = Sender(
        world, WORDS, lambda: HttpReceivers(world.clock, **{"allows_private": True, "timeout_s": 5.0, **options})
    )
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def consumer(world: World, url: str, *event_types: str, tags: tuple[str, ...] = (), **headers: str) -> Consumer:
    """Subscribed to new companies, unless to something else."""
    draft = ConsumerDraft(url, event_types or ("company.created",), tags)
    return webhooks.create(world, "test", draft, {name.replace("_", "-"): value for name, value in headers.items()})


def is_settled(world: World, consumer_id: str) -> bool:
    """There are events, and none is on its way."""
    found = webhook_log.page(world, consumer_id)
    return bool(found) and all(each.status is not DeliveryStatus.pending for each in found)


def until(is_so: Callable[[], object]) -> None:
    """Waits for it, with a generous limit."""
    ends = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > ends:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)
