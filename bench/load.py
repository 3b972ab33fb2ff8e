"""The load generator: a process of its own, keep-alive connections, bodies encoded before the clock starts.

`python -m bench.load` reads a Job as JSON from standard input and writes a Load as JSON. Push number n goes to account
n modulo the number of accounts, on connection n modulo the number of connections: an account's pushes stay in order.
"""

import asyncio
import resource
import subprocess
import sys
import time
from typing import Any

import msgspec
import uvloop

from bench.lines import Push, request_body

SPARE = 1.2


class Job(msgspec.Struct):
    """`paths` are the accounts' URLs, one each; `first` is the number of the first push, so that none comes twice."""

    port: int
    authorization: str
    accounts: list[str]
    paths: list[str]
    size: int
    connections: int
    first: int
    seconds: float
    pushes_max: int


class Load(msgspec.Struct):
    pushes: int
    seconds: float
    statuses: dict[str, int]
    median_ms: float
    p95_ms: float
    generator_cpu_s: float
    first_error: str = ""


class _Connection(asyncio.Protocol):
    """One request at a time; the answer's status and length are all that is read of it."""

    def __init__(self, job: Job, bodies: dict[int, bytes], index: int, until: float) -> None:
        self.job, self.bodies, self.number, self.until = job, bodies, job.first + index, until
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = bytearray()
        self.times: list[float] = []
        self.statuses: dict[str, int] = {}
        self.first_error = ""
        self.ended = 0.0
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def begin(self) -> None:
        self._send()

    def _send(self) -> None:
        job, at = self.job, self.number % len(self.job.accounts)
        self.started = time.perf_counter()
        blob = self.bodies.get(self.number // len(job.accounts))
        if self.started >= self.until or self.number >= job.first + job.pushes_max or blob is None:
            self.ended = self.started
            self.done.set_result(None)
            return
        parts = request_body(job.accounts[at], blob)
        head = (
            f"POST {job.paths[at]} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {job.authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {sum(map(len, parts))}\r\n\r\n"
        ).encode()
        self.transport.writelines([head, *parts])

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at : head.index(b"\r\n", at) if b"\r\n" in head[at:] else None])
        if len(self.buffer) < end + 4 + length:
            return
        status = head[9:12].decode()
        if status != "200" and not self.first_error:
            self.first_error = bytes(self.buffer[end + 4 :][:300]).decode("utf-8", "replace")
        self.buffer.clear()
        self.times.append(time.perf_counter() - self.started)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.number += self.job.connections
        self._send()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed the connection"))


async def _run(job: Job) -> Load:
    rounds = range(job.first // len(job.accounts), (job.first + job.pushes_max) // len(job.accounts) + 1)
    bodies = {number: Push(number, job.size).body() for number in rounds}
    loop = asyncio.get_running_loop()
    made: list[_Connection] = []
    for index in range(job.connections):
        _, connection = await loop.create_connection(
            lambda index=index: _Connection(job, bodies, index, 0.0), "127.0.0.1", job.port
        )
        made.append(connection)
    cpu = _cpu_s()
    started = time.perf_counter()
    for connection in made:
        connection.until = started + job.seconds
        connection.begin()
    await asyncio.wait_for(asyncio.gather(*(c.done for c in made)), job.seconds * 3 + 60)
    ended = max(c.ended for c in made)
    return _summary(made, ended - started, _cpu_s() - cpu)


def _summary(made: list[_Connection], seconds: float, cpu_s: float) -> Load:
    times = sorted(t for c in made for t in c.times)
    statuses: dict[str, int] = {}
    for connection in made:
        for status, count in connection.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    pick = lambda q: round(times[min(int(len(times) * q), len(times) - 1)] * 1000, 2) if times else 0.0  # noqa: E731
    error = next((c.first_error for c in made if c.first_error), "")
    return Load(len(times), seconds, statuses, pick(0.5), pick(0.95), cpu_s, error)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(job: Job) -> Load:
    """In a process of its own. Anything but 200s is a fault of the benchmark and ends it."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=msgspec.json.encode(job), capture_output=True, check=False,
        timeout=job.seconds * 3 + 300,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    load = msgspec.json.decode(done.stdout, type=Load)
    if set(load.statuses) - {"200"}:
        raise RuntimeError(f"answers {load.statuses}: {load.first_error}")
    return load


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(job))))


if __name__ == "__main__":
    main()
