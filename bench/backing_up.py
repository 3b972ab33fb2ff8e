"""Backups while pushes come in: how much of the rate is left, by turns with and without, five million lines stored."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.databases import Kind
from bench.ingest import BIG, Client, Rounds, count_lines, rate_max
from bench.results import SQLITE, Figure
from bench.seeding import seed, serving
from bench.servers import settle
from bench.stored import ACCOUNTS, fill

ALONE, BACKING_UP = "alone", "backing up"


def measure(kind: Kind, lines: int, rounds: int, seconds: float) -> Figure:
    """1,000-line pushes into a full database, by turns with `bankfeeds backup` running all the while and without."""
    found = Rounds()
    seeded = seed(kind.fresh(), ACCOUNTS)
    first = fill(seeded, lines)
    with serving(seeded, kind.directory / "platform.log", () if kind.name == SQLITE else ("api",)) as server:
        client = Client(server, seeded, first, seeded.url)
        before = count_lines(seeded.url)
        client.push(BIG, 1.0, rate_max(BIG))
        files = _Files(seeded.url, kind.directory)
        for number in range(rounds):
            for arm in sorted((ALONE, BACKING_UP), reverse=bool(number % 2)):
                settle()
                with files.made(wanted=arm == BACKING_UP):
                    done = client.push(BIG, seconds, rate_max(BIG))
                found.note(arm, done.pushes * BIG / done.seconds)
        client.check(before)
    rates = f"{found.median(BACKING_UP):,.0f} lines/s meanwhile, {found.median(ALONE):,.0f} without"
    note = f"{rates}; {lines:,} lines stored; {files.count} whole copies"
    return Figure("backup_vs_alone", kind.name, found.ratio(BACKING_UP, ALONE), "ratio", note)


class _Files:
    """Backups one after the other, by the command that operators use."""

    def __init__(self, url: str, directory: Path) -> None:
        self._environment = {**os.environ, "BANKFEEDS_DATABASE_URL": url, "BANKFEEDS_LOG_LEVEL": "error"}
        self._file = directory / "backup.db"
        self._running: subprocess.Popen[bytes] | None = None
        self.count = 0

    @contextmanager
    def made(self, *, wanted: bool) -> Generator[None]:
        """All the while, the last one stopped in the middle."""
        if not wanted:
            yield
            return
        stopping, begun = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._repeat, args=(stopping, begun))
        thread.start()
        try:
            if not begun.wait(60):
                raise RuntimeError("the backup did not begin")
            yield
        finally:
            stopping.set()
            if self._running is not None:
                self._running.terminate()
            thread.join()
            for left in self._file.parent.glob(f"*{self._file.name}*"):
                left.unlink()

    def _repeat(self, stopping: threading.Event, begun: threading.Event) -> None:
        command = [sys.executable, "-m", "bankfeeds", "backup", str(self._file)]
        while not stopping.is_set():
            self._running = subprocess.Popen(command, env=self._environment, stdout=subprocess.DEVNULL)
            while self._running.poll() is None and not stopping.wait(0.02):
                if list(self._file.parent.glob(f"*{self._file.name}*")):
                    begun.set()
            code = self._running.wait()
            if not stopping.is_set():
                if code:
                    raise RuntimeError(f"the backup failed with {code}")
                self.count += 1
                self._file.unlink()
