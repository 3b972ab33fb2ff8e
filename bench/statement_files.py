"""How fast a statement file goes the whole way to accepted lines, and in how much memory.

`python -m bench.statement_files [--lines N] [--profile] [FORMAT…]`: for each format a database of its own on SQLite
with one linked account, and `bankfeeds import` in a process of its own; prints lines a second, lines a second
of its CPU time, and its peak memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.seeding import seed
from bench.statement_writers import CSV_PROFILE, ENDINGS, WRITERS, Booked, booked

LINES = 100_000
TARGETS = {"camt053": 15_000, "mt940": 15_000, "ofx": 40_000, "bai2": 40_000, "csv": 40_000}
MEMORY_TARGET_MB = 150
_LIMIT_S = 300


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


def measure(form: str, lines: list[Booked], *, profile: bool = False) -> Taken:
    with tempfile.TemporaryDirectory(prefix="bankfeeds-bench-") as directory:
        path = Path(directory) / f"statement.{ENDINGS[form]}"
        with path.open("w", encoding="utf-8", newline="") as out:
            out.writelines(WRITERS[form](lines))
        seeded = seed(f"sqlite:///{directory}/own.db", 1)
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
            told = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
        if profile:
            print("\n".join(told.splitlines()[:160]))
        if process.returncode or f"{len(lines)} new" not in told:
            raise RuntimeError(told[:2000])
        return Taken(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, len(lines))


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
