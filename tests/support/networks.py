"""Hosts of a test's own: network namespaces on a bridge that nothing else is on. Needs root and iproute2."""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

NETWORK = "198.18.77"
"""Of the range that is set aside for tests of networks (RFC 2544)."""


class NotPermittedError(Exception):
    """Nobody may make hosts on this machine; the message says why."""


class Network:
    """`address` is where this machine is reached from the hosts; `hosts` are their namespaces."""

    def __init__(self, hosts: int) -> None:
        self.address = f"{NETWORK}.1"
        self.range = f"{NETWORK}.0/24"
        self._bridge = f"bf{os.getpid()}"
        self.hosts = [f"{self._bridge}h{number}" for number in range(hosts)]

    def inside(self, host: str) -> tuple[str, ...]:
        """Before a command that is to run there; it becomes that command, under the same process id."""
        return ("ip", "netns", "exec", host)

    def cut(self, host: str) -> None:
        """Nothing gets through any more, and nobody is told."""
        _ip("link", "set", self._cable(host), "down")

    def mend(self, host: str) -> None:
        _ip("link", "set", self._cable(host), "up")

    def _cable(self, host: str) -> str:
        return f"{host}v"

    def make(self, stack: ExitStack) -> None:
        _ip("link", "add", self._bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", self._bridge)
        _ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for number, host in enumerate(self.hosts, 2):
            _ip("netns", "add", host)
            stack.callback(_ip, "netns", "del", host)
            _ip("link", "add", self._cable(host), "type", "veth", "peer", "name", "eth0", "netns", host)
            _ip("link", "set", self._cable(host), "master", self._bridge, "up")
            _ip("-n", host, "addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0")
            _ip("-n", host, "link", "set", "eth0", "up")
            _ip("-n", host, "link", "set", "lo", "up")


@contextmanager
def made(hosts: int) -> Generator[Network]:
    if os.geteuid() != 0:
        raise NotPermittedError("network namespaces need root")
    if shutil.which("ip") is None:
        raise NotPermittedError("iproute2 is not installed: sudo apt-get install iproute2")
    with ExitStack() as stack:
        network = Network(hosts)
        try:
            network.make(stack)
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode(errors="replace").strip()
            raise NotPermittedError(f"this machine permits no network namespaces: {words}") from error
        yield network


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
