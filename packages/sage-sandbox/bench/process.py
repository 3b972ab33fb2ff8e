"""A sandbox, or the bound it is compared with, as a process of its own on a free port."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

HERE = Path(__file__).parent


class Process:
    """`details` is what the sandbox wrote of its addresses and credentials."""

    def __init__(self, command: list[str], details: Path | None) -> None:
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self._line()
        self.details: dict[str, Any] = {}
        if details is not None:
            self.details = json.loads(details.read_text())["sandbox"]
            line = self.details["adminUrl"]
        self.origin = line
        self.address = (urlsplit(line).hostname or "", urlsplit(line).port or 0)

    def _line(self) -> str:
        if self._process.stdout is None or not (line := self._process.stdout.readline().strip()):
            raise SystemExit("the process did not start")
        return line

    @classmethod
    def sandbox(cls, *arguments: str) -> Self:
        with tempfile.TemporaryDirectory() as directory:
            details = Path(directory) / "details.json"
            command = [sys.executable, "-m", "sage_sandbox", "serve", "--port", "0", "--details", str(details)]
            return cls([*command, *arguments], details)

    @classmethod
    def bound(cls) -> Self:
        return cls([sys.executable, str(HERE / "bound.py")], None)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.origin + path, timeout=300) as response:  # noqa: S310 - our own address
            return response.read()

    def resident_mb(self) -> float:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def cpu_s(self) -> float:
        """Processor time so far: what a busy machine distorts least."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()
