"""Programs under measurement as child processes, and the CPU they use."""

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

START_S = 60.0
STOP_S = 60.0


class Server:
    """Ready when it prints its first line, whose last word is its address. Ended by its own process id."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BANKFEEDS_")}
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command, env={**kept, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        self.pid = self.process.pid
        try:
            self.first_line = self._first_line()
            self.address = self.first_line.rsplit(" ", 1)[-1]
        except BaseException:
            self.stop()
            raise

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[-1])

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        if not line:
            raise RuntimeError(f"it did not start: {self.log.read_text(errors='replace')[-2000:]}")
        return line

    def cpu_s(self) -> float:
        used = psutil.Process(self.pid).cpu_times()
        return used.user + used.system

    def memory_mb(self) -> float:
        """Resident, all of it."""
        return psutil.Process(self.pid).memory_info().rss / 2**20

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def children_cpu_s(pid: int) -> float:
    """Of all processes that live under this one: the backends of a PostgreSQL server and its helpers."""
    total = 0.0
    for child in psutil.Process(pid).children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


def settle(seconds: float = 0.5) -> None:
    """A pause between two measurements, so that the one does not pay for the other's last writes."""
    time.sleep(seconds)
