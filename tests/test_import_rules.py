"""Each import rule of the house is seen to fail when it is broken on purpose, and to hold as the house stands."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CONFIGURATION = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
RULES = [contract["name"] for contract in tomllib.loads(CONFIGURATION)["tool"]["importlinter"]["contracts"]]

OFFENCES = {
    "One direction of import in the platform": ("bankfeeds/domain/money.py", "import bankfeeds.store.engine"),
    "The sandbox and the platform know nothing of each other": ("sage_sandbox/wire.py", "import bankfeeds.domain.ids"),
    "Flows reach Sage, webhook receivers, file readers and other servers through domain/ports only": (
        "bankfeeds/flows/companies.py",
        "import bankfeeds.sage.client",
    ),
    "The domain is standard library only, without clock, randomness or IO": (
        "bankfeeds/domain/backoff.py",
        "import random",
    ),
    "SQL only in the store": ("bankfeeds/web/endpoint.py", "import sqlalchemy"),
    "Settings are read in app and cli only": ("bankfeeds/demo/wire.py", "import bankfeeds.settings"),
    "The web sees the store through flows only": ("bankfeeds/web/codat/companies.py", "import bankfeeds.store.engine"),
}
"""For each rule, a module and an import that it forbids there."""

OTHER_DIRECTION = ("bankfeeds/domain/ids.py", "import sage_sandbox.wire")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of both packages and the configuration of the rules, and nothing else."""
    directory = tmp_path_factory.mktemp("house")
    for package in ("bankfeeds/src/bankfeeds", "sage-sandbox/src/sage_sandbox"):
        source = ROOT / "packages" / package
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, directory / source.name, ignore=ignored)
    (directory / "pyproject.toml").write_text(CONFIGURATION, encoding="utf-8")
    return directory


def lint(copy: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the copy: it comes before the installed packages on the path."""
    script = f"import sys; sys.path.insert(0, {str(copy)!r}); from importlinter.cli import lint_imports_command as run; run()"
    environment = {**os.environ, "PYTHONPATH": str(copy), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=60)


def outcomes(copy: Path) -> dict[str, bool]:
    """Of each rule, whether it is kept."""
    done = lint(copy)
    told = {line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1] for line in done.stdout.splitlines() if " " in line}
    found = {rule: told[rule] == "KEPT" for rule in RULES if told.get(rule) in {"KEPT", "BROKEN"}}
    assert set(found) == set(RULES), done.stdout + done.stderr
    assert (done.returncode == 0) is all(found.values())
    return found


def offend(copy: Path, module: str, line: str) -> dict[str, bool]:
    """The outcomes with the line added to the module; the module is put back."""
    path = copy / module
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        return outcomes(copy)
    finally:
        path.write_text(before, encoding="utf-8")


def test_every_rule_has_an_offence_here() -> None:
    assert set(OFFENCES) == set(RULES)


def test_every_rule_holds_in_the_house_as_it_stands(copy: Path) -> None:
    assert outcomes(copy) == dict.fromkeys(RULES, True)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_broken_is_seen_to_be(copy: Path, rule: str) -> None:
    assert offend(copy, *OFFENCES[rule])[rule] is False


def test_the_platform_may_know_the_sandbox_as_little_as_the_other_way_round(copy: Path) -> None:
    assert offend(copy, *OTHER_DIRECTION)["The sandbox and the platform know nothing of each other"] is False
