"""The audit of dependencies: a weakness stops, a missing network is said and does not."""

import json
import os
from pathlib import Path

import pytest
from auditing import UNREACHED, audit, verdict

LOCK = Path(__file__).parents[1] / "requirements.lock"
CLEAN = {"name": "starlette", "version": "1.0", "vulns": []}
WEAK = {"name": "starlette", "version": "0.1", "vulns": [{"id": "PYSEC-2023-83", "fix_versions": ["0.27"]}]}
MISSED = {"name": "uvicorn", "skip_reason": "not found"}


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_weakness_stops_and_is_named() -> None:
    may_go_on, message = verdict(report(CLEAN, WEAK), "")
    assert not may_go_on
    assert "starlette 0.1: PYSEC-2023-83" in message


def test_what_was_not_looked_up_is_told_and_counts_for_nothing() -> None:
    assert verdict(report(CLEAN, MISSED), "") == (True, "no known weakness in 1 packages; not looked up: uvicorn")
    assert verdict(report(MISSED), "") == (True, UNREACHED)


def test_an_audit_that_failed_otherwise_stops() -> None:
    assert not verdict("", "Traceback: something else")[0]


@pytest.mark.timeout(180)
def test_without_a_network_it_says_so_and_goes_on() -> None:
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    may_go_on, message = audit(str(LOCK), {**os.environ, **nowhere, "https_proxy": nowhere["HTTPS_PROXY"]})
    assert (may_go_on, message) == (True, UNREACHED)
