"""`python -m bench [--quick] [--only NAME]… [--output DIRECTORY | --put]`: writes results.json and RESULTS.md.

A quick run takes minutes, is for development, and writes nothing unless told where. `--put` puts what was measured by
itself, or what the soak left, into the results of the last whole run, with its day.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    backing_up,
    day,
    delivery,
    ingest,
    memory,
    notifying,
    reading,
    reconciling,
    soak,
    statement_files,
    stored,
)
from bench.databases import Kind, opened
from bench.machine import described
from bench.report import Report
from bench.results import POSTGRESQL, SQLITE, Figure, table, update

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int
    seconds: float
    stored_lines: int
    read_lines: int
    delivery: tuple[int, int]
    throttled: tuple[int, int]
    memory_s: float
    fresh_h: float
    drained: int
    webhooks: int
    file_lines: int


FULL = Effort(
    5,
    6.0,
    5_000_000,
    reading.LINES,
    (100, 5),
    (50, 5),
    30.0,
    1.0,
    day.ACCOUNTS,
    notifying.EVENTS,
    statement_files.LINES,
)
QUICK = Effort(2, 1.5, 200_000, 40_000, (20, 3), (10, 2), 5.0, 0.05, 200, notifying.QUICK_EVENTS, 10_000)
PARTS = ("ingest", "stored", "backup", "delivery", "memory", "webhooks", "pages", "reconcile", "files", "day", "soak")


def measure_database(kind: Kind, effort: Effort, parts: set[str], report: Report) -> None:
    name = kind.name
    if "ingest" in parts:
        big = ingest.measure(kind, ingest.BIG, effort.rounds, effort.seconds)
        small = ingest.measure(kind, ingest.SMALL, effort.rounds, effort.seconds)
        report.profile(name, "1,000-line pushes", big.profile)
        report.profile(name, "1-line pushes", small.profile)
        report.add(ingest.figures(name, big, small))
    if "delivery" in parts:
        figures, profile = delivery.unthrottled(kind, *effort.delivery, effort.rounds)
        report.profile(name, "delivery", profile)
        report.add(figures)
        report.add(delivery.throttled(kind, *effort.throttled))
    if "memory" in parts:
        report.add([memory.measure(kind, effort.memory_s)])
    if "webhooks" in parts:
        report.add([notifying.measure(kind, effort.webhooks)])
    if "pages" in parts:
        report.add([reading.pages(kind, effort.read_lines)])
    if "reconcile" in parts:
        report.add([reconciling.measure(kind, reconciling.LINES)])
    if "files" in parts:
        report.add(statement_files.figures(kind, effort.file_lines, effort.rounds))
    if "stored" in parts:
        report.add([stored.ingest(kind, effort.stored_lines, effort.rounds, effort.seconds)])
        report.add([stored.claims(kind, effort.stored_lines, effort.rounds * 2)])
    if "backup" in parts:
        report.add([backing_up.measure(kind, effort.stored_lines, effort.rounds, effort.seconds)])


def measure_rest(effort: Effort, parts: set[str], report: Report) -> None:
    rest: dict[str, Callable[[], list[Figure]]] = {
        "day": lambda: [day.freshness(effort.fresh_h), day.drain(effort.drained)],
        "soak": lambda: [soak.bad_lines()],
    }
    for part, work in rest.items():
        if part in parts:
            report.add(work())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--database", action="append", choices=(SQLITE, POSTGRESQL))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--put", action="store_true")
    asked = parser.parse_args()
    effort, parts = (QUICK if asked.quick else FULL), set(asked.only or PARTS)
    started = time.monotonic()
    report = Report(described(Path(tempfile.gettempdir())), is_quick=asked.quick)
    for name in asked.database or (SQLITE, POSTGRESQL):
        with opened(name) as kind:
            measure_database(kind, effort, parts, report)
    measure_rest(effort, parts, report)
    report.minutes = (time.monotonic() - started) / 60
    print(table(report.figures))
    if asked.put and not asked.quick:
        day_measured = f"{datetime.now(UTC):%Y-%m-%d}"
        update(HERE, [each.measured_alone(day_measured) for each in report.figures])
        print("put into results.json and RESULTS.md")
        return
    whole = not (asked.quick or asked.only or asked.database)
    output = asked.output or (HERE if whole else None)
    if output is not None:
        report.write(output)
        print(f"written: results.json and RESULTS.md, after {report.minutes:.0f} minutes")


if __name__ == "__main__":
    main()
