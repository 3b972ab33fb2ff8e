"""The whole test plan of a Sage provider, tried on Bankfeeds by the sandbox's own command: both programs on real ports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bankfeeds_hook import HOOKS
from systems import BIN, HEADER_NAME, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HOOK = Path(__file__).parents[1] / "support" / "bankfeeds_hook.py"
SOONEST_S = 60
"""The least that Bankfeeds lets an authorisation live, and the soonest it asks for a link it never heard of."""


def test_bankfeeds_passes_the_test_plan(tmp_path: Path) -> None:
    soonest = {"REPORT_CHECK_S": str(SOONEST_S), "SESSION_S": str(SOONEST_S)}
    with running(tmp_path, REQUESTS_PER_SECOND="8", **soonest) as system:
        callbacks = f"{system.api_url}/sage/default"
        file = {
            "name": "Bankfeeds",
            "callbackURLs": {
                "notification": f"{callbacks}/notification",
                "auth": f"{callbacks}/auth",
                "reAuth": f"{callbacks}/authrefresh",
                "availableAccounts": f"{callbacks}/availableaccounts",
            },
            "header": {"name": HEADER_NAME, "value": "env:CERTIFY_HEADER"},
            "hooks": {name: {"command": [sys.executable, str(HOOK)]} for name in HOOKS},
            "deliverySeconds": 60,
            "recoverySeconds": SOONEST_S + 60,
            "sessionSeconds": SOONEST_S,
        }
        provider, report = tmp_path / "provider.json", tmp_path / "report.json"
        provider.write_text(json.dumps(file), encoding="utf-8")
        environment = {
            "CERTIFY_API": system.api_url,
            "CERTIFY_AUTHORIZATION": system.authorization,
            "CERTIFY_HEADER": system.header_value,
            **system.settings,
        }
        options = ["--provider", str(provider), "--sandbox", str(tmp_path / "sandbox.json"), "--json", str(report)]
        done = subprocess.run(
            [str(BIN / "sage-sandbox"), "certify", *options],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    results = {each["id"]: each for each in json.loads(report.read_text(encoding="utf-8"))["results"]}
    untried = {id_: each for id_, each in results.items() if each["outcome"] != "passed"}
    assert untried == {}
