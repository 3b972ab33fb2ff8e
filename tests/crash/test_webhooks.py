"""The platform dies by SIGKILL between a change and the delivery of its event: the event arrives, whatever was lost."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from processes import wait_until
from systems import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KILLS, EACH = 2, 5
LEASE_S = 30
"""An attempt that was under way is made again after so long."""
HELD_S_MAX = 200


class Receiver:
    """Answers nobody until it is opened; what came before that is lost on it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.url = ""
        self.waiting = 0
        self.opened = threading.Event()

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if not receiver.opened.is_set():
                    receiver.waiting += 1
                    receiver.opened.wait(HELD_S_MAX)
                    return
                receiver.names.append(body["payload"]["name"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.opened.set()
            server.shutdown()
            server.server_close()
            thread.join(10)


def test_no_event_is_lost_when_the_platform_dies_before_it_is_delivered(tmp_path: Path) -> None:
    with running(tmp_path, WEBHOOK_PRIVATE_TARGETS="on") as system, Receiver().listening() as receiver:
        _call(system, "/webhooks", {"url": receiver.url, "eventTypes": ["company.created"]}, 201)
        told: list[str] = []
        for kill in range(KILLS):
            if kill:
                system.restart_platform()
            before = receiver.waiting
            for number in range(EACH):
                told.append(f"Company {kill} {number}")
                _call(system, "/companies", {"name": told[-1]}, 200)
            wait_until(lambda before=before: receiver.waiting > before, "an attempt is under way", 60)
            system.kill_platform()
        assert receiver.names == []
        receiver.opened.set()
        system.restart_platform()
        wait_until(lambda: set(told) <= set(receiver.names), "every event arrives", LEASE_S + 60)
        assert set(receiver.names) == set(told)


def _call(system: System, path: str, body: object, status: int) -> None:
    answer = system.http.post(system.api_url + path, json=body, headers={"authorization": system.authorization})
    assert answer.status_code == status, answer.text
