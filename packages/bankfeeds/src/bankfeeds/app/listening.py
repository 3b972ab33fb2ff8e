"""The socket that `serve` answers on, bound before anything else so that port 0 has a number."""

import socket

from bankfeeds.app.refusals import NotStarted


class CannotListen(NotStarted):
    """The message names the address and the reason."""


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"cannot listen on {host} port {port}: {reason} (BANKFEEDS_HOST, BANKFEEDS_PORT)") from error


def address_of(host: str, port: int) -> str:
    """As a URL without a trailing slash; an address that means all of them is shown as this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
