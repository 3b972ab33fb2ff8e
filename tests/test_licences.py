"""Every direct dependency has a row in the decision on dependencies, and nothing installed is under the GPL or AGPL."""

import json
import re
import tomllib
from importlib.metadata import PackageMetadata, distributions, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/decisions/0010-dependencies.md").read_text(encoding="utf-8")
ROWS: dict[str, list[str]] = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for cells in (line.strip("|\n ").split("|") for line in PAGE.splitlines() if line.startswith("| `"))
}
OURS = {"bankfeeds", "sage-sandbox"}
DECLARES_NOTHING = {"axe-playwright-python", "codat-bankfeeds", "codat-platform"}
"""Test-only; their packages' metadata names no licence (the first has a licence file: MIT)."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FORBIDDEN = re.compile(r"(?<![A-Z])A?GPL|(?<!Lesser )General Public", re.IGNORECASE)


def spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> set[str]:
    """Of both packages, and of what the tests are run with."""
    wanted: list[str] = []
    for package in ("bankfeeds", "sage-sandbox"):
        text = (ROOT / "packages" / package / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        wanted += project["dependencies"]
        wanted += [each for extra in project.get("optional-dependencies", {}).values() for each in extra]
    lines = (ROOT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
    wanted += [line for line in lines if line.strip() and not line.startswith("#")]
    names = [_NAME.match(each) for each in wanted]
    return {spelled(name[0]) for name in names if name}


def declared(found: PackageMetadata) -> str:
    """What a package says of its licence: the expression, else the first line of the old field and the classifiers."""
    if expression := found.get("License-Expression"):
        return expression
    old = (found.get("License") or "").strip().split("\n")[0]
    return "; ".join([old, *(each for each in found.get_all("Classifier") or [] if each.startswith("License"))])


def test_the_page_has_a_row_for_every_direct_dependency_and_no_other() -> None:
    assert set(ROWS) == direct()


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_for_instead_of_what_who_keeps_it_and_the_licence(name: str) -> None:
    assert all(ROWS[name])
    found = metadata(name)
    if expression := found.get("License-Expression"):
        assert ROWS[name][-1] == expression
    elif name not in DECLARES_NOTHING:
        assert re.split(r"[- ]", ROWS[name][-1])[0].lower() in declared(found).lower()


def test_nothing_installed_is_under_the_gpl_or_agpl() -> None:
    licences = {spelled(each.metadata["Name"]): declared(each.metadata) for each in distributions()}
    assert len(licences) > len(ROWS)
    assert {name: text for name, text in licences.items() if _FORBIDDEN.search(text)} == {}
    silent = {name for name, text in licences.items() if not text.strip("; ")}
    assert silent - OURS == DECLARES_NOTHING


def test_what_npm_brings_is_told_and_not_under_the_gpl_or_agpl() -> None:
    (lock,) = (path for path in (ROOT / "packages").rglob("package-lock.json") if "node_modules" not in path.parts)
    packages = {name: each for name, each in json.loads(lock.read_text(encoding="utf-8"))["packages"].items() if name}
    licences = {name.removeprefix("node_modules/"): each.get("license", "") for name, each in packages.items()}
    assert [name for name in licences if f"`{name}`" not in PAGE] == []
    assert [name for name, text in licences.items() if _FORBIDDEN.search(text)] == []
    assert {name for name, text in licences.items() if not text} == {"@codat/platform"}


@pytest.mark.parametrize(
    "text", ["GPL-3.0-only", "AGPL-3.0-or-later", "GNU General Public License v3 (GPLv3)", "GPLv2"]
)
def test_the_check_knows_what_it_looks_for(text: str) -> None:
    assert _FORBIDDEN.search(text)


@pytest.mark.parametrize("text", ["LGPL-3.0-only", "GNU Lesser General Public License v3 (LGPLv3)", "MPL-2.0", "MIT"])
def test_the_lesser_gpl_is_not_taken_for_the_gpl(text: str) -> None:
    assert not _FORBIDDEN.search(text)
