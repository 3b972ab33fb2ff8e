"""The guides to connecting: one listing, then one for each country, their commands typed as they stand, against a sandbox."""

import json
from pathlib import Path
from typing import Any

import pytest
from guides import Terminal, following
from systems import FAST, HEADER_NAME, System

pytestmark = pytest.mark.slow
TOKENS = "https://id-shadow.sage.com/oauth/token"
PROVIDERS = {region: f"https://papi-snd01-{cluster}.sagebanking-sandbox.cloud" for region, cluster in
             (("eu", "eu-west-1"), ("us", "us-east-1"))}  # fmt: skip


@pytest.fixture
def terminal(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Terminal:
    """Where the pages name Sage's sandbox, ours answers."""
    made = Terminal(monkeypatch, capsys, tmp_path)
    system.judge.set(**FAST)
    details: dict[str, Any] = system.details
    for region, provider in PROVIDERS.items():
        own = details["regions"][region]
        made.words[provider] = own["providerUrl"]
        lines = [own["clientSecret"], own["providerApiKey"], "a value that only Sage and the bank know"]
        name = "secrets.txt" if region == "eu" else "secrets-us.txt"
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.words |= {
        TOKENS: f"{details['cloudIdUrl']}/oauth/token",
        "US_CLIENT_ID": details["regions"]["us"]["clientId"],
        "CLIENT_ID": details["regions"]["eu"]["clientId"],
        "AUDIENCE": details["audience"],
        "X-Harbour-Key": HEADER_NAME,
    }
    made.set({"BANKFEEDS_SAGE_JWKS_URL": ""})
    return made


def test_one_listing(terminal: Terminal) -> None:
    with following("docs/guides/connect-to-sage.md", "console") as guide:
        told = [terminal.type(command) for command in guide.steps()]
    assert "/sage/uk/notification" in told[1]
    assert [each for each in told if each == "well\n"], told
    shown = json.loads(terminal.type("bankfeeds listings show uk --json"))
    assert (shown["bankId"] or "", shown["amountUnit"]) != ("", "minor")


def test_one_for_each_country(terminal: Terminal) -> None:
    with following("docs/guides/several-countries.md", "console") as guide:
        told = [terminal.type(command) for command in guide.steps()]
    assert told[-1] == "well\n"
    listed = {each["id"]: each for each in json.loads(terminal.type("bankfeeds listings list --json"))}
    assert {name: each["region"] for name, each in listed.items()} == {"ireland": "eu", "us": "us"}
    assert listed["ireland"]["bankId"] != listed["us"]["bankId"]
