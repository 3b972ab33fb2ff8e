"""`python packages/sage-sandbox/bench [--quick] [--data]`: how fast the sandbox is, as a process of its own, over HTTP.

Nothing is asserted: figures belong to the machine they name. Ratios compare with what no sandbox on this server could
be faster than: an application that reads each statement, decodes its JSON into plain objects and answers.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from client import Connection, Link, connect
from process import Process
from statements import statement

CONNECTIONS = 8
LINES = 1000


def machine() -> str:
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = (line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line)
        model = next(named, model)
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, load {load:.1f}; Python {platform.python_version()}"


def starts(times: int) -> tuple[list[float], list[float]]:
    """Seconds from the command to the first answer, and of processor time."""
    seconds: list[float] = []
    spent: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        with Process.sandbox() as process:
            process.get("/admin/settings")
            seconds.append(time.perf_counter() - began)
            spent.append(process.cpu_s())
    return seconds, spent


def accepted(links: list[Link], origin: str, first: int, each: int) -> float:
    """Statements a second, every one asked after until it is finished; encoded before the clock starts."""
    bodies = {link: [statement(link, first + n, LINES) for n in range(each)] for link in links}

    async def work() -> float:
        connections = [await Connection.open(origin) for _ in links]
        began = time.perf_counter()
        await asyncio.gather(*(c.deliver(link, bodies[link]) for c, link in zip(connections, links, strict=True)))
        took = time.perf_counter() - began
        for connection in connections:
            connection.close()
        return took

    return len(links) * each / asyncio.run(work())


def bound(links: list[Link], each: int) -> float:
    """The same bodies to an application that does nothing but decode them."""
    with Process.bound() as process:
        return accepted(links, process.origin, 0, each)


def pages(links: list[Link], origin: str, lines: int, count: int) -> list[float]:
    """Milliseconds a consumer page of 100 takes, from all over each account."""

    async def work() -> list[float]:
        connection = await Connection.open(origin)
        times: list[float] = []
        for number in range(count):
            link = links[number % len(links)]
            start = 1 + number * 7919 % (lines - 100)
            began = time.perf_counter()
            page = await connection.page(link, start)
            times.append((time.perf_counter() - began) * 1000)
            if len(page["bankTransactionList"]["transactions"]) != 100:
                raise SystemExit("a page is short")
        connection.close()
        return times

    return asyncio.run(work())


def spread(values: list[float]) -> str:
    ordered = sorted(values)
    return (
        f"median {statistics.median(ordered):.1f}, 95% {ordered[int(len(ordered) * 0.95)]:.1f}, most {ordered[-1]:.1f}"
    )


def measure(*, quick: bool, data: bool) -> None:
    print(machine(), flush=True)
    seconds, spent = starts(3 if quick else 7)
    print(
        f"start to first answer: median {statistics.median(seconds):.2f} s of {len(seconds)}; "
        f"processor time {statistics.median(spent):.2f} s",
        flush=True,
    )
    each, rounds = (25, 2) if quick else (25, 5)
    with tempfile.TemporaryDirectory() as directory:
        arguments = ["--data", str(Path(directory) / "sandbox.db")] if data else []
        with Process.sandbox(*arguments) as process:
            links = connect(process.details, CONNECTIONS)
            first = _rates(process, links, each, rounds)
            if not quick:
                first = _fill(process, links, first, 1_000_000 // LINES // CONNECTIONS)
            _sizes(process, links, first)
        if data:
            _reopened(arguments)


def _timed(process: Process, links: list[Link], first: int, each: int) -> tuple[float, float]:
    """Statements a second; and processor milliseconds of the sandbox for one, which a busy machine distorts less."""
    before = process.cpu_s()
    rate = accepted(links, process.origin, first, each)
    return rate, (process.cpu_s() - before) * 1000 / (each * len(links))


def _rates(process: Process, links: list[Link], each: int, rounds: int) -> int:
    rates: list[float] = []
    ratios: list[float] = []
    spent: list[float] = []
    for number in range(rounds):
        rate, cpu_ms = _timed(process, links, number * each, each)
        rates.append(rate)
        spent.append(cpu_ms)
        ratios.append(rate / bound(links, each))
    print(
        f"statements of {LINES} lines: median {statistics.median(rates):.0f} a second, "
        f"{statistics.median(ratios):.2f} of the bound, {rounds} rounds of {len(links) * each}; "
        f"processor time of the sandbox {statistics.median(spent):.1f} ms each",
        flush=True,
    )
    return rounds * each


def _fill(process: Process, links: list[Link], first: int, until: int) -> int:
    while first < until:
        each = min(25, until - first)
        accepted(links, process.origin, first, each)
        first += each
    rate, cpu_ms = _timed(process, links, first, 10)
    stored = first * len(links) * LINES
    print(f"the same with {stored:,} lines stored: {rate:.0f} a second, {cpu_ms:.1f} ms each", flush=True)
    return first + 10


def _sizes(process: Process, links: list[Link], first: int) -> None:
    stored = first * len(links) * LINES
    print(f"{stored:,} lines take {process.resident_mb():.0f} MB", flush=True)
    before = process.cpu_s()
    times = pages(links, process.origin, first * LINES, 400)
    cpu_ms = (process.cpu_s() - before) * 1000 / len(times)
    print(f"a page of 100 lines then: {spread(times)} ms of {len(times)}; processor time {cpu_ms:.1f} ms", flush=True)
    began = time.perf_counter()
    clean = json.loads(process.get("/admin/verdict"))["clean"]
    print(f"the judge on all of it: {time.perf_counter() - began:.1f} s, clean: {clean}", flush=True)


def _reopened(arguments: list[str]) -> None:
    began = time.perf_counter()
    with Process.sandbox(*arguments) as process:
        process.get("/admin/settings")
        print(f"opened again with all of it: {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, and no million lines")
    parser.add_argument("--data", action="store_true", help="with a data file, synced before each answer")
    chosen = parser.parse_args()
    measure(quick=chosen.quick, data=chosen.data)
