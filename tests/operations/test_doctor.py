"""The doctor asks a Sage that answers, one that refuses us, and one that is not there."""

import json
import subprocess
import sys
from typing import Any

import pytest
from processes import clean_environment
from systems import System

pytestmark = pytest.mark.slow


def doctor(system: System, **settings: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bankfeeds", "doctor", "--sage", "--json"]
    given = {**system.settings, **{f"BANKFEEDS_{name}": value for name, value in settings.items()}}
    done = subprocess.run(
        command, env=clean_environment(given), capture_output=True, text=True, check=False, timeout=60
    )
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["well"] else 1), done.stderr
    return told


def test_it_says_what_keeps_sage_from_answering(system: System) -> None:
    assert doctor(system)["findings"] == []
    system.judge.fault("POST /v1/accountqueries", "status", status=403)
    (refused,) = doctor(system)["findings"]
    assert (refused["area"], "refuses our credentials (403)" in refused["what"]) == ("Sage", True)
    assert "bankfeeds listings show" in refused["nextStep"]
    opened = doctor(system, SECRET_KEY="another secret key that sealed nothing here")["findings"]
    assert [each["area"] for each in opened if "cannot be opened" in each["what"]] == ["keys"] * 3
