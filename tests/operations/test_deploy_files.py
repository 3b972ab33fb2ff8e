"""What deploy/ starts exists: verbs, roles and settings are those of the program; the bill of materials is the lock."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bankfeeds import settings
from bankfeeds.app.server import ROLES
from bankfeeds.cli import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
_SETTING = re.compile(r"\bBANKFEEDS_[A-Z_]+")
NAMES = {row.name for row in settings.TABLE}


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))


def check_command(words: list[str]) -> None:
    """A verb of ours with its options, as the program reads it."""
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_verb_that_there_is(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    for command in re.findall(r"bin/bankfeeds ([^'\n]+)", text):
        check_command(
            command.replace("%i", "worker").replace('"', "").replace("$(date +%%Y-%%m-%%dT%%H%%M)", "now").split()
        )
    assert re.search(r"^\[(Service|Timer)\]$", text, re.MULTILINE)
    if unit.suffix == ".service":
        assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"} <= set(text.splitlines())


@pytest.mark.parametrize(
    "file", sorted(path for path in DEPLOY.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_every_setting_that_is_named_exists(file: Path) -> None:
    assert set(_SETTING.findall(file.read_text(encoding="utf-8"))) <= NAMES


def test_the_compose_file_runs_every_role_and_the_migration_before() -> None:
    services = compose()["services"]
    ours = {name: each for name, each in services.items() if each.get("image") == "bankfeeds"}
    for each in ours.values():
        check_command(each["command"])
    assert {each["command"][-1] for each in ours.values() if each["command"][0] == "serve"} == ROLES
    waiting = [each for name, each in ours.items() if name != "migrate"]
    assert all(each["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}} for each in waiting)


def test_processes_are_given_longer_to_end_than_they_wait_for_requests_and_for_sage() -> None:
    drain_s = settings.Settings().drain_s + 20
    for unit in UNITS:
        for seconds in re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
            assert int(seconds) > drain_s
    assert int(compose()["x-bankfeeds"]["stop_grace_period"].removesuffix("s")) > drain_s


def test_the_bill_of_materials_names_every_pinned_package_with_its_hashes() -> None:
    made = subprocess.run(
        [sys.executable, str(DEPLOY / "sbom.py")], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    bill = json.loads(made)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)
    assert [(each["name"], each["version"]) for each in bill["components"]] == pinned
    assert len(re.findall("--hash=", lock)) == sum(len(each["hashes"]) for each in bill["components"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    told = {each["name"] for each in bill["components"] if each.get("licenses")}
    assert {"sqlalchemy", "starlette", "cryptography"} <= told
