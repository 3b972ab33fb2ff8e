"""The two programs as child processes: started with their settings in the environment, ended by their own ids."""

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

START_S = 30.0
STOP_S = 20.0
_LOG_TAIL_BYTES = 8192
_POLL_S = 0.05


class DemoFailed(Exception):
    """The message says what went wrong and where to look."""


class Program:
    """One child process. What it logs goes to `log_path`; its standard output is for the starter to read."""

    def __init__(self, name: str, command: Sequence[str], settings: Mapping[str, str], log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own two programs, by path
                command,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,
            )

    def first_line(self) -> str:
        """What it prints once it answers; DemoFailed with its last words if it ends before."""
        output = self._output()
        ready, _, _ = select.select([output], [], [], START_S)
        line = output.readline().decode().strip() if ready else ""
        if not line:
            raise self.failure()
        return line

    def wait_for(self, path: Path) -> None:
        """Until it has written the file."""
        deadline = time.monotonic() + START_S
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self.failure()
            time.sleep(_POLL_S)

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def failure(self) -> DemoFailed:
        code = self.process.poll()
        state = "did not start in time" if code is None else f"ended with exit code {code}"
        return DemoFailed(f"{self.name} {state}: {last_line(self.log_path)} (its log: {self.log_path})")

    def stop(self) -> None:
        if self.is_running:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._output().close()

    def _output(self) -> IO[bytes]:
        if self.process.stdout is None:
            raise AssertionError("the child was started with a pipe")
        return self.process.stdout


def run_bankfeeds(arguments: Sequence[str], settings: Mapping[str, str]) -> str:
    """A command-line verb, to its end; what it printed. DemoFailed with its own words if it was refused."""
    done = subprocess.run(  # noqa: S603 - our own program, by path
        [sys.executable, "-m", "bankfeeds", *arguments],
        env=_environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it said nothing"]
        raise DemoFailed(f"bankfeeds {' '.join(arguments[:2])} was refused: {words[-1]}")
    return done.stdout.strip()


def sandbox_command() -> str:
    """The sandbox's console script: beside this Python, else on the path."""
    beside = Path(sys.executable).with_name("sage-sandbox")
    found = str(beside) if beside.exists() else shutil.which("sage-sandbox")
    if found is None:
        raise DemoFailed("the Sage sandbox is not installed; install the package sage-sandbox beside this one")
    return found


def last_line(path: Path) -> str:
    """The last words of a log."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LOG_TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours, without anybody's BANKFEEDS_ settings but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BANKFEEDS_")}
    return {**kept, **settings}
