"""Where the time goes: py-spy looks at a running process from outside, 200 times a second, while it works."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROFILE_S = 5
_TOP = 15
_FRAME = re.compile(r"^(?P<name>.+) \((?P<file>[^)]*?)(?::\d+)?\)$")


class Profiling:
    """Begins at once; `table` waits for its end. Only threads that hold Python's lock are counted: CPU, not waiting."""

    def __init__(self, pid: int, raw: Path, seconds: int) -> None:
        self._raw = raw
        self._seconds = seconds
        self._process = subprocess.Popen(
            [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid), "--duration", str(seconds),
             "--rate", "200", "--gil", "--format", "raw", "--output", str(raw)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def table(self) -> str:
        try:
            _, errors = self._process.communicate(timeout=self._seconds + 30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return "The profiler did not end in time.\n"
        if self._process.returncode or not self._raw.exists():
            words = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            return f"The profiler could not look: {words[0]}\n"
        return _table(self._raw.read_text(encoding="utf-8"))


def _table(raw: str) -> str:
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    samples = 0
    for line in raw.splitlines():
        stack, _, times = line.rpartition(" ")
        frames = [_short(frame) for frame in stack.split(";")]
        count = int(times)
        samples += count
        own[frames[-1]] += count
        for frame in set(frames):
            below[frame] += count
    if not samples:
        return "No sample found it working.\n"
    ours = {frame: n for frame, n in below.items() if "bankfeeds/" in frame or "web/" in frame or "store/" in frame}
    rows = [f"{samples} samples. Itself, then with all it calls:\n", "| % | function |", "|---|---|"]
    rows += [f"| {n / samples * 100:.0f} | {frame} |" for frame, n in own.most_common(_TOP)]
    rows += ["", "| % | function of ours |", "|---|---|"]
    rows += [f"| {n / samples * 100:.0f} | {frame} |" for frame, n in Counter(ours).most_common(_TOP)]
    return "\n".join(rows) + "\n"


def _short(frame: str) -> str:
    """`name (package/file.py)`."""
    found = _FRAME.match(frame.strip())
    if found is None:
        return frame
    where = "/".join(found["file"].split("/")[-2:])
    return f"`{found['name']}` {where}"
