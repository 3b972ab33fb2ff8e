"""Commands: `serve` runs the sandbox; `verdict`, `clock`, `faults` ask one; `certify` tries a provider, `diff` Sage."""

import gc
import math
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, cast

import httpx2
import msgspec
import uvicorn
from cyclopts import App, CycloptsError, Parameter

from sage_sandbox import cli_faults, wiring
from sage_sandbox.app import make_app, open_store, open_world
from sage_sandbox.certify.command import certify
from sage_sandbox.diff.command import diff
from sage_sandbox.findings import AccountVerdict, Verdict
from sage_sandbox.store import UnusableFile
from sage_sandbox.terminal import DONE, REFUSED, URL, accepted, ask
from sage_sandbox.terminal import stop as _stop
from sage_sandbox.world import Addresses, World

_DRAIN_S = 3

app = App(name="sage-sandbox", help="A faithful local stand-in for Sage's Banking Service.")
app.command(cli_faults.app)
app.command(certify)
app.command(diff)


def main() -> None:
    """Run a command; wrong usage is one line and exit code 2."""
    try:
        result = app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _stop(" ".join(str(error).split()))
    sys.exit(result)


# --- serve --------------------------------------------------------------------------------------------------------


@app.command
def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 9080,
    data: Path | None = None,
    details: Path | None = None,
    wiring_file: Annotated[Path | None, Parameter(name="--wiring")] = None,
    public_url: str | None = None,
    playground: bool = True,
) -> int:
    """Run the sandbox until it is told to stop.

    Parameters
    ----------
    host
        Address to listen on. The admin API has no secret: leave it on loopback.
    port
        Port to listen on; 0 takes a free one.
    data
        File to keep the state in; without it everything is gone at the end.
    details
        File to write the addresses and credentials to once everything answers.
    wiring_file
        JSON file that fixes the first provider's credentials and its bank's registration.
    public_url
        How others reach the sandbox if a proxy stands before it, as https://sage.example.
    playground
        Register the playground bank, a provider of the sandbox's own, and serve its pages.
    """
    if not 0 <= port <= 65535:  # noqa: PLR2004 - what a port can be
        _stop(f"--port must be from 0 to 65535, not {port}")
    if details is not None and not os.access(details.parent, os.W_OK):
        _stop(f"--details {details}: cannot write there")
    if public_url is not None and not public_url.startswith(("http://", "https://")):
        _stop(f"--public-url must be a URL, not {public_url}")
    world = _world(data)
    if wiring_file is not None:
        _wire(world, wiring_file)
    listener = _listen(host, port)
    own = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    world.addresses = Addresses((public_url or own).rstrip("/"))
    _run(world, listener, details, playground=playground)
    return DONE


def _world(data: Path | None) -> World:
    try:
        return open_world(open_store(data))
    except (sqlite3.Error, UnusableFile) as error:
        _stop(f"--data {data}: {error}")


def _wire(world: World, path: Path) -> None:
    try:
        wiring.apply(world, path.read_bytes())
    except OSError as error:
        _stop(f"--wiring {path}: {error.strerror}")
    except ValueError as error:
        _stop(f"--wiring {path}: {error}")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, connections get TCP_NODELAY: an answer must not wait 40 ms for an acknowledgement
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        _stop(f"cannot listen on {host}:{port}: {error.strerror or error}")
    return listener


def _shown(host: str) -> str:
    """How others reach a listening address."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read here, not bound
    return loopback.get(host, f"[{host}]" if ":" in host else host)


class _Server(uvicorn.Server):
    """Writes the details file and says where it is, once everything answers."""

    def __init__(self, config: uvicorn.Config, world: World, details: Path | None) -> None:
        super().__init__(config)
        self._world, self._details = world, details

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Being told to stop is a good end: exit code 0, where uvicorn would raise the signal again."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        gc.freeze()  # what is there by now stays: the garbage collector need not look at it again and again
        if self._details is not None:
            wiring.write_details(self._world, self._details)
        a = self._world.addresses
        sys.stdout.write(
            f"sage-sandbox: provider {a.provider} · cloud id {a.cloud_id} · consumer {a.consumer}"
            f" · ui {a.ui} · admin {a.admin}/admin\n"
        )
        sys.stdout.flush()


def _run(world: World, listener: socket.socket, details: Path | None, *, playground: bool) -> None:
    config = uvicorn.Config(
        make_app(world, playground=playground),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
        lifespan="on",
    )
    server = _Server(config, world, details)
    server.run(sockets=[listener])


# --- verdict --------------------------------------------------------------------------------------------------------


@app.command(name="verdict")
def ask_judge(
    *,
    url: str = URL,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Ask the judge of a running sandbox: exit code 0 if all is well, 1 if not.

    Parameters
    ----------
    url
        Where the sandbox runs: what comes before /admin.
    as_json
        The whole verdict as JSON.
    """
    try:
        response = httpx2.get(f"{url.rstrip('/')}/admin/verdict", timeout=60, trust_env=False)
        response.raise_for_status()
        found = msgspec.json.decode(response.content, type=Verdict)
    except (httpx2.HTTPError, httpx2.InvalidURL, msgspec.DecodeError) as error:
        _stop(f"no verdict from {url}: {error}")
    if as_json:
        sys.stdout.write(msgspec.json.format(response.content, indent=2).decode() + "\n")
    else:
        _tell(found)
    return DONE if found.clean else REFUSED


def _tell(found: Verdict) -> None:
    for account in found.accounts:
        _tell_account(account)
    without = "" if found.expectations else " (no expectations were posted: losses cannot be seen)"
    sys.stdout.write(("clean" if found.clean else "NOT CLEAN") + without + "\n")


def _tell_account(account: AccountVerdict) -> None:
    counts = [f"{kind} {len(offences)}" for kind, offences in account.offences().items()]
    told = f"{account.external_id}  {account.bank_account_id or 'never linked'}  {account.lines} lines"
    if account.expected or account.offered:
        told += f" ({account.expected} expected, {account.offered} offered, {account.accepted} accepted)"
    first = account.first_offence
    why = f"; first: {first.kind} {first.unique_id or first.statement_id or ''}: {first.message}" if first else ""
    sys.stdout.write(f"{told}  {', '.join(counts) or 'clean'}{why}\n")


# --- clock ----------------------------------------------------------------------------------------------------------


@app.command
def clock(*, advance: float | None = None, url: str = URL) -> int:
    """Tell the time of a running sandbox, or move it forward first.

    Parameters
    ----------
    advance
        Seconds to move it forward by; everything that falls due by then happens at once.
    url
        Where the sandbox runs: what comes before /admin.
    """
    if advance is not None and not math.isfinite(advance):
        _stop(f"--advance must be a number of seconds, not {advance}")
    asked = ask(url, "GET", "/clock") if advance is None else ask(url, "POST", "/clock", {"advanceSeconds": advance})
    told = cast("dict[str, Any]", accepted(asked))
    sys.stdout.write(f"{told['now']}  advanced {told['advancedSeconds']} s\n")
    return DONE
