"""The bank's own web app: `python examples/bank-web-app`, while `make dev` runs."""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import uvicorn

from bank_app.app import make_app
from bank_app.config import Config, from_details, from_environment

DETAILS = Path(".bankfeeds-dev/details.json")
LISTING = "default"


def main() -> int:
    given = _arguments()
    config = _config(given.details, given.data)
    server = uvicorn.Server(uvicorn.Config(make_app(config), log_level="warning", access_log=False))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.create_server(("127.0.0.1", given.port)) as listening, contextlib.ExitStack() as stack:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        if given.link_here:
            stack.enter_context(_customers_sent_to(f"{address}/link", given.details))
        sys.stdout.write(f"The bank's web app answers at {address}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            server.run([listening])
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bank-web-app", description=__doc__)
    port = int(os.environ.get("BANK_APP_PORT", "8070"))
    parser.add_argument("--port", type=int, default=port, help="8070, or BANK_APP_PORT; 0 is any free one")
    parser.add_argument("--details", type=Path, default=DETAILS, help="the details file of `make dev`")
    parser.add_argument("--data", type=Path, default=Path("bank-web-app.json"), help="where links are remembered")
    parser.add_argument(
        "--link-here", action="store_true", help="meanwhile Sage's customers link here, not on Bankfeeds' page"
    )
    return parser.parse_args()


def _config(details: Path, data: Path) -> Config:
    """The environment comes first."""
    if "BANK_APP_API_URL" in os.environ:
        return from_environment(os.environ, data)
    if not details.exists():
        sys.exit(f"{details} is missing: start `make dev`, or set BANK_APP_API_URL and BANK_APP_API_KEY")
    return from_details(json.loads(details.read_text(encoding="utf-8")), data)


@contextlib.contextmanager
def _customers_sent_to(url: str, details: Path) -> Generator[None]:
    """As an operator sets it, in the database of `make dev` beside the details file; taken back at the end."""
    database = {"BANKFEEDS_DATABASE_URL": f"sqlite:///{details.resolve().with_name('bankfeeds.db')}"}

    def change(value: str) -> None:
        command = [sys.executable, "-m", "bankfeeds", "integration", "change", LISTING]
        arguments = [f"authorization_redirect_url={value}", "--reason", "the example web app"]
        subprocess.run([*command, *arguments], env={**os.environ, **database}, check=True)  # noqa: S603 - our own words

    change(url)
    try:
        yield
    finally:
        change("")


if __name__ == "__main__":
    sys.exit(main())
