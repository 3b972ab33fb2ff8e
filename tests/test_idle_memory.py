"""An idle platform is a small one."""

from pathlib import Path

import psutil
import pytest
from systems import running

pytestmark = pytest.mark.slow

MEGABYTES_MAX = 120


def test_the_platform_after_its_start_and_one_request_takes_less_than_120_mb(tmp_path: Path) -> None:
    with running(tmp_path) as system:
        answer = system.http.get(f"{system.api_url}/companies", headers={"authorization": system.authorization})
        assert answer.status_code == 200

        process = psutil.Process(system.running.pid)
        used = sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / 2**20

        assert used < MEGABYTES_MAX, f"{used:.0f} MB"
        print(f"idle: {used:.0f} MB")  # noqa: T201 - shown by `pytest -rP`
