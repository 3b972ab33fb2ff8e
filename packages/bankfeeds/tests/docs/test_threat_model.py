"""The threat model names tests that are there, and leaves out no risk of the list it goes by."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parents[2]
PAGE = (ROOT / "docs/explanation/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))
MET, *UNSHOWN = PAGE.partition("## ASVS 5.0")[2].partition("## Rotation")[0].split("\n### ")[1:]
"""The tables of what is met, of what is not, and of what does not apply; the latter two name no tests."""
ASVS = {
    1: "2 9 11 3 2", 2: "3 3 4 1", 3: "0 2 4 6 5 0 2", 4: "3 1 2 4", 5: "1 3 2 3", 6: "3 12 4 4 5 3 0 4", 7: "3 4 2 5 2 2",
    8: "2 3 1 1", 9: "3 4", 10: "2 2 4 11 5 2 3", 11: "2 3 3 4 1 1 0", 12: "3 2 4", 13: "1 5 2 5", 14: "2 4 3", 15: "3 3 7 0",
    16: "1 5 4 3 3", 17: "1 4 2",
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section of a chapter has; those of level 3 come after them. From OWASP's
list of version 5.0.0.
"""
_NOT_IN_MAKE_TEST = re.compile(r"mark\.(soak|skip|xfail)\b")


def flaw_of(file: str, name: str) -> str | None:
    """Why a test that the page names shows nothing; None if it is there and run by `make test`."""
    path = (ROOT if file.startswith("tests/") else TESTS) / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(rf"((?:^@.*\n(?:^[ )].*\n)*)*)^(async )?def {name}\(", text, re.MULTILINE)
    if found is None:
        return "is not there"
    of_all = "".join(line for line in text.splitlines(keepends=True) if line.startswith("pytestmark"))
    return "is not run by make test" if _NOT_IN_MAKE_TEST.search(found[1] + of_all) else None


def test_every_test_that_is_named_is_there_and_run() -> None:
    flaws = [f"{file}::{name} {flaw}" for file, name in NAMED if (flaw := flaw_of(file, name))]
    assert flaws == []
    assert flaw_of("docs/test_threat_model.py", "test_that_nobody_wrote") == "is not there"
    assert flaw_of("web/codat/test_fuzzed.py", "test_a_fuzzer_finds_nothing_in_a_quarter_of_an_hour") is not None


def test_every_row_names_a_test() -> None:
    rows = [
        line
        for line in PAGE.splitlines()
        if line.startswith("| ")
        and not re.match(r"\| (surface|risk|section|what) \|", line)
        and not any(line in table for table in UNSHOWN)
    ]
    assert rows
    assert [row for row in rows if "::test_" not in row] == []


def test_every_risk_of_the_top_ten_and_every_surface_stands_there() -> None:
    for number in range(1, 11):
        assert f"| API{number} " in PAGE
    for surface in ("API", "Connector API", "authorisation page", "portal", "webhooks", "statement files"):
        assert f"| {surface} |" in PAGE


def requirements(table: str) -> list[str]:
    """`9.2.3`, of each row's section and its numbers and ranges."""
    found: list[str] = []
    for section, numbers in re.findall(r"^\| V(\d+\.\d+)[^|]*\| ([\d -]+) \|", table, re.MULTILINE):
        for part in numbers.split():
            first, _, last = part.partition("-")
            found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def test_every_requirement_of_asvs_at_level_2_stands_there_once() -> None:
    wanted = [
        f"{chapter}.{section}.{number}"
        for chapter, counts in ASVS.items()
        for section, count in enumerate(counts.split(), 1)
        for number in range(1, int(count) + 1)
    ]
    assert len(wanted) == 253
    assert sorted(requirements(MET) + [each for table in UNSHOWN for each in requirements(table)]) == sorted(wanted)
