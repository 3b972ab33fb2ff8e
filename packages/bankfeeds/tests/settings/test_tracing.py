"""Traces only where they are wanted, and a plain word where their packages are missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bankfeeds.app import tracing
from bankfeeds.app.otlp import OtlpSpans
from bankfeeds.settings import WrongSetting, load

KEY = "6f1c2d3e-0000-4000-8000-00000000000a"


def event(kind: str) -> bytes:
    return json.dumps({"eventType": kind, "payload": {"id": KEY}}).encode()


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("bankTransactions.write.successful", KEY.replace("-", "")),
        ("bankTransactions.write.unsuccessful", KEY.replace("-", "")),
        ("company.created", None),
    ],
)
def test_an_event_of_a_push_knows_its_trace(kind: str, found: str | None) -> None:
    assert tracing.push_key_in(event(kind)) == found


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    code = "import sys, bankfeeds.app.server; print([name for name in sys.modules if 'opentelemetry' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_where_its_packages_are_missing_the_setting_is_refused_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "bankfeeds.app.otlp", None)
    settings = load({"BANKFEEDS_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    with pytest.raises(WrongSetting, match=r"pip install 'bankfeeds\[otel\]'"), tracing.tracing(settings, "here"):
        pass


def test_with_the_collector_away_nobody_waits_and_nothing_fails() -> None:
    spans = OtlpSpans("http://127.0.0.1:9", "development", "here")
    for _ in range(10_000):
        spans.request("GET", "/companies", 200, 0.001, KEY.replace("-", ""))
    spans.request("GET", "/companies", 500, 0.001, "no id of ours")
    spans.webhook(None, "no answer", 0.1, None)
    spans.sage_call("uk", "offer", "rejected", 0.1, ["no id of ours"])
    spans.close()


def test_the_packages_are_the_extra_that_the_words_name() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert "\notel = [" in project
    assert tracing.EXTRA == "bankfeeds[otel]"
