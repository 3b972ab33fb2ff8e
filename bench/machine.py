"""The machine and the versions that a result belongs to."""

import os
import platform
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.databases import programs

_PACKAGES = ("fastapi", "pydantic", "sqlalchemy", "msgspec", "starlette", "uvicorn", "uvloop", "psycopg", "httpx2")
_FSYNCS = 200


def described(directory: Path) -> list[str]:
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return [
        f"date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"processor: {_cpu_model()}, {os.cpu_count()} cores; load {load:.1f} when the benchmark began",
        f"memory: {memory:.0f} GiB",
        f"disk: {_fsync_ms(directory):.2f} ms for a write of 4 KiB and its fsync, median of {_FSYNCS}",
        f"system: {platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"databases: SQLite {sqlite3.sqlite_version}, {_postgresql()}",
        "packages: " + ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    ]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _postgresql() -> str:
    done = subprocess.run([str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _fsync_ms(directory: Path) -> float:
    path = directory / "fsync-probe"
    times: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            started = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return sorted(times)[_FSYNCS // 2] * 1000
