"""Connections to receivers: the name is resolved here, every address it has is judged, and only a judged one is called.

Nothing resolves the name again after that, so a name that changes its mind meanwhile gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

import httpcore2

from bankfeeds.domain.target import may_reach

ADDRESSES_MAX = 4
"""Of one name, tried one after the other."""


Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Every address of a name; OSError if it has none."""


async def resolve(host: str, port: int) -> list[str]:
    """As this machine does it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class TargetRefused(Exception):
    """The receiver's name leads where we do not go."""


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """TLS still asks the receiver for the name, not for the address."""

    def __init__(self, *, allows_private: bool, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._allows_private = allows_private
        self._network = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception | None = None
        for address in await self._addresses(host, port):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or TargetRefused(f"{host} has no address")

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = list(dict.fromkeys(await self._resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} is not found") from error
        for address in addresses:
            if not may_reach(address, allows_private=self._allows_private):
                raise TargetRefused(f"{host} leads to {address}, which is not an address on the public network")
        return addresses[:ADDRESSES_MAX]
