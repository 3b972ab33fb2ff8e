"""Child processes of a test: started with their own environment, ended by their own process ids."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

START_WITHIN_S = 90.0
STOP_WITHIN_S = 90.0
"""Longer than a call to Sage may take: a program that ends finishes what it has begun."""
_LOG_SHOWN = 4000
_T = TypeVar("_T")


class Child:
    """One program. Standard error goes to `log`; the first line of standard output says that it is ready."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def first_line(self) -> str:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], START_WITHIN_S)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        assert line, f"it did not start: {self.last_words()}"
        return line

    def kill(self) -> None:
        """As a crash would: at once, with no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> int:
        """By SIGTERM; its exit code. One that does not end in time is killed, and that is a failure."""
        if self.process.poll() is None:
            self.process.terminate()
        return self._wait()

    def _wait(self) -> int:
        try:
            return self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:]


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Ours, without anybody's settings of the platform."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BANKFEEDS_")}
    return {**kept, **more}


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """A command to its end; what it printed."""
    done = subprocess.run(
        command, env=clean_environment(environment), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_until(look: Callable[[], _T], what: str, within_s: float = 60.0) -> _T:
    """The first truthy answer; fails with the last one when the time is over."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {within_s:.0f} s; last seen: {found!r}"
        time.sleep(0.05)
