"""What must be true of the repository's own files, whoever changes them."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (.+?)\s*#*$", re.MULTILINE)
_MACHINE_PATH = re.compile(r"(?<![\w.:/}])/(?:home|Users|root|work|mnt|media)/[\w.-]+")
_TARGET = re.compile(r"^([A-Za-z][\w-]*):(?!=)(.*)$", re.MULTILINE)


def files() -> list[Path]:
    """Everything that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Empty for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match}"
        for path in files()
        if path != Path(__file__)
        for match in _MACHINE_PATH.findall(text_of(path))
    }
    assert not found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_names_no_address_to_download_from(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
    entries = [entry for entry in entries if not entry.startswith("#")]
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry
        assert "://" not in entry, entry
        assert not re.search(r"^\s*-(i|f|-index|-extra|-find)", entry, re.MULTILINE), entry


def test_the_lock_of_npm_pins_and_hashes_everything_and_names_no_address_to_download_from() -> None:
    locks = [path for path in files() if path.name == "package-lock.json"]
    for path in locks:
        assert "resolved" not in text_of(path)
        entries = [each for name, each in json.loads(text_of(path))["packages"].items() if name]
        assert entries
        assert all(each["version"] and each["integrity"].startswith("sha512-") for each in entries)
    assert len(locks) == 1


def test_everything_that_runs_is_in_the_lock_that_the_tests_are_run_with() -> None:
    pinned = [set(re.findall(r"^([\w.-]+==[^\s;]+)", text_of(ROOT / name), re.MULTILINE)) for name in LOCKS]
    assert pinned[0] <= pinned[1]


def test_there_is_no_other_lock() -> None:
    names = {path.name for path in files()}
    assert not names & {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def anchors(path: Path) -> set[str]:
    """As a forge makes them of headings."""
    headings = _HEADING.findall(_CODE.sub("", text_of(path)))
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def test_every_link_between_documents_leads_somewhere() -> None:
    broken: list[str] = []
    for path in documents():
        text = _CODE.sub("", text_of(path))
        for target in _LINK.findall(text) + _IMAGE.findall(text):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            address, _, anchor = target.partition("#")
            to = (path.parent / address).resolve() if address else path
            if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert not broken


def test_the_license_is_apache_2_0_whole_and_both_packages_say_so() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    for name in ("bankfeeds", "sage-sandbox"):
        project = tomllib.loads(text_of(ROOT / "packages" / name / "pyproject.toml"))["project"]
        assert project["license"] == "Apache-2.0"


def test_every_target_of_the_makefile_has_a_line_of_help_and_help_lists_them_all() -> None:
    targets = dict(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {"install", "demo", "dev", "check", "test", "soak"} <= set(targets)
    assert [name for name, rest in targets.items() if "## " not in rest] == []
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[0] for line in shown.splitlines()} == set(targets)


def test_continuous_integration_calls_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert commands[-1].removeprefix("exec ") == "make test"
    assert all(line.startswith(("set ", "cd ")) for line in commands[:-1])
