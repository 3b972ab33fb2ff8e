"""A provider's side that takes whatever the sandbox sends, and remembers it as a transcript would."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from sage_sandbox.diff.transcript import Call, Half

CALLBACKS = {
    "notification": "notification",
    "auth": "auth",
    "reAuth": "authrefresh",
    "availableAccounts": "availableaccounts",
}
ACCOUNTS = [
    {
        "externalId": f"diff-{number}",
        "accountType": "business",
        "accountName": f"Account {number}",
        "bankIdentifier": "diff",
        "accountIdentifier": f"{number:08}",
    }
    for number in (1, 2)
]
_BODY_BYTES_MAX = 2**20


class Receiver:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._lock = Lock()
        self.url = ""

    def keep(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def callback_urls(self) -> dict[str, str]:
        return {name: f"{self.url}/{path}" for name, path in CALLBACKS.items()}


@contextmanager
def receiving() -> Generator[Receiver]:
    """Answers on a free port of this machine until the end."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take()

        def do_POST(self) -> None:
            self._take()

        def _take(self) -> None:
            parts = urlsplit(self.path)
            length = min(int(self.headers.get("content-length") or 0), _BODY_BYTES_MAX)
            body = self.rfile.read(length)
            asked = Half(headers={name.lower(): value for name, value in self.headers.items()})
            if body:
                asked.json = json.loads(body)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            receiver.keep(Call("sage", self.command, parts.path, query, asked, status=200))
            is_list = parts.path.endswith(CALLBACKS["availableAccounts"])
            told = json.dumps(ACCOUNTS).encode() if is_list else b"<p>diff</p>"
            self.send_response(200)
            self.send_header("content-type", "application/json" if is_list else "text/html")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
            """Says nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
