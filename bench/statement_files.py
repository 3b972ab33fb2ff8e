"""How fast a statement file goes the whole way to accepted lines, and in how much memory.

A part of the benchmark (`python -m bench --only files`); by itself `python -m bench.statement_files [--lines N]
[--profile] [FORMAT…]` on SQLite. For each format a database with one linked account, and `bankfeeds import` in a
process of its own, its start included. The bound is the bare insert of the same number of lines (`bound.py`).
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.bound import Bound
from bench.databases import Kind
from bench.results import Figure
from bench.seeding import seed
from bench.servers import settle
from bench.statement_writers import CSV_PROFILE, ENDINGS, WRITERS, Booked, booked

LINES = 100_000
_BOUND_S = 3.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One import: how long the process took whole, its start included, and the most that was resident."""

    seconds: float
    cpu_s: float
    memory_mb: float
    lines: int

    @property
    def per_second(self) -> float:
        return self.lines / self.seconds


def figures(kind: Kind, count: int, rounds: int) -> list[Figure]:
    """The median of the rounds in each format, and the most memory that any of them took."""
    lines = booked(count)
    bound = Bound(kind.fresh(), 1)
    try:
        inserted = bound.run(_BOUND_S)
    finally:
        bound.close()
    told: list[Figure] = []
    largest, form_of_largest = 0.0, ""
    for form in WRITERS:
        settle()
        taken = [measure(form, lines, kind.fresh()) for _ in range(rounds)]
        rate = statistics.median(each.per_second for each in taken)
        cpu = statistics.median(each.lines / each.cpu_s for each in taken)
        note = f"{rate / inserted:.2f} of the bare insert; {cpu:,.0f} lines a second of CPU; {count:,} lines"
        told.append(Figure(f"import_{form}_per_s", kind.name, rate, "lines/s", note))
        memory = max(each.memory_mb for each in taken)
        if memory > largest:
            largest, form_of_largest = memory, form
    note = f"the most of all formats, {form_of_largest}; {count:,} lines"
    return [*told, Figure("import_memory_mb", kind.name, largest, "MB", note)]


def measure(form: str, lines: list[Booked], url: str | None = None, *, profile: bool = False) -> Taken:
    """Without `url` into a new SQLite database."""
    with tempfile.TemporaryDirectory(prefix="bankfeeds-bench-") as directory:
        path = Path(directory) / f"statement.{ENDINGS[form]}"
        with path.open("w", encoding="utf-8", newline="") as out:
            out.writelines(WRITERS[form](lines))
        seeded = seed(url or f"sqlite:///{directory}/own.db", 1)
        environment = {**os.environ, "BANKFEEDS_DATABASE_URL": seeded.url, "BANKFEEDS_SECRET_KEY": seeded.secret_key}
        profiling = ["-m", "cProfile", "-s", "tottime"] if profile else []
        command = [
            sys.executable,
            *profiling,
            "-m",
            "bankfeeds",
            "import",
            str(path),
            "--account",
            "ext-00000001",
            "--accept-unproved",
            "--reason",
            "bench",
        ]
        if form == "csv":
            profile_path = Path(directory) / "profile.json"
            profile_path.write_text(CSV_PROFILE)
            command += ["--profile", str(profile_path)]
        began = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told, memory_kb = "", 0
            for line in process.stdout:
                told += line
                memory_kb = max(memory_kb, _peak_kb(process.pid))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
        if profile:
            print("\n".join(told.splitlines()[:160]))
        if process.returncode or f"{len(lines)} new" not in told:
            raise RuntimeError(told[:2000])
        return Taken(took, usage.ru_utime + usage.ru_stime, memory_kb / 1024, len(lines))


def _peak_kb(pid: int) -> int:
    """Of the program itself: what wait4 tells also counts the parent's memory, from between fork and exec."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.statement_files")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("formats", nargs="*", default=list(WRITERS))
    asked = parser.parse_args()
    lines = booked(asked.lines)
    for form in asked.formats:
        taken = measure(form, lines, profile=asked.profile)
        rates = f"{taken.per_second:8.0f} lines/s  {taken.lines / taken.cpu_s:8.0f} lines/CPU s"
        print(f"{form:10} {rates}  {taken.memory_mb:6.0f} MB")


if __name__ == "__main__":
    main()
