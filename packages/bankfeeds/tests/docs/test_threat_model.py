"""The threat model names tests that are there, and leaves out no risk of the list it goes by."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parents[2] / "docs/explanation/security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)


def test_every_test_that_is_named_is_there() -> None:
    missing = [
        f"{file}::{name}"
        for file, name in NAMED
        if not (TESTS / file).is_file()
        or re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE) is None
    ]
    assert missing == []


def test_every_row_names_a_test() -> None:
    rows = [
        line
        for line in PAGE.splitlines()
        if line.startswith("| ") and not re.match(r"\| (surface|risk|chapter|what) \|", line)
    ]
    assert rows
    assert [row for row in rows if "::test_" not in row] == []


def test_every_risk_of_the_top_ten_and_every_surface_stands_there() -> None:
    for number in range(1, 11):
        assert f"| API{number} " in PAGE
    for surface in ("API", "Connector API", "authorisation page", "portal", "webhooks", "statement files"):
        assert f"| {surface} |" in PAGE
