"""A backup gives way to whoever serves, and leaves the program's own priority as it was."""

import os
import subprocess
import sys
import threading

import pytest

from bankfeeds.app.backup import LOWEST_PRIORITY, giving_way

TELL = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_its_thread_and_what_it_starts_have_the_lowest_priority() -> None:
    before, seen = priority(), list[int]()

    def work() -> None:
        seen.append(priority())
        seen.append(int(subprocess.run([sys.executable, "-c", TELL], capture_output=True, check=True).stdout))

    giving_way(work)
    assert seen == [LOWEST_PRIORITY, LOWEST_PRIORITY]
    assert priority() == before


def test_what_fails_there_fails_here() -> None:
    with pytest.raises(ZeroDivisionError):
        giving_way(lambda: divmod(1, 0) and None)
