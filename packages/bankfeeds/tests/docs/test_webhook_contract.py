"""The guide to webhooks says what holds, and names for each a test that is there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parents[2]
PART = (ROOT / "docs/guides/webhooks.md").read_text(encoding="utf-8").split("\n## What holds")[1]
ROWS = [line for line in PART.splitlines() if line.startswith("| ") and not line.startswith(("| what", "| ---"))]


def test_every_row_names_a_test_and_every_test_is_there() -> None:
    assert len(ROWS) == 21
    for row in ROWS:
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        for file, name in named:
            path = ROOT / file if file.startswith("tests/") else TESTS / file
            assert re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{name}"
