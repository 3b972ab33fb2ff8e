"""The socket that `serve` answers on, bound before anything else so that port 0 has a number."""

import socket

from bankfeeds.app.refusals import NotStarted


class CannotListen(NotStarted):
    """The message names the address and the reason."""


def listen(host: str, port: int, by: str = "BANKFEEDS_HOST, BANKFEEDS_PORT") -> socket.socket:
    """`by`: the settings that name the address, for the refusal."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"cannot listen on {host} port {port}: {reason} ({by})") from error


def address_of(host: str, port: int) -> str:
    """As a URL without a trailing slash; an address that means all of them is shown as this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
