"""The guide to going live leaves none of Sage's ten requirements and six stages without something to show."""

import re
from pathlib import Path

GUIDE = (Path(__file__).parents[4] / "docs/guides/go-live.md").read_text(encoding="utf-8")
REQUIREMENTS = 10
STAGES = [
    "Kick-off",
    "Solution design",
    "Integrate",
    "Production credentials",
    "Support model and marketing",
    "Beta and launch",
]


def test_every_requirement_has_something_to_show() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|", GUIDE, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, REQUIREMENTS + 1))
    assert [number for number, _, shown in rows if "](" not in shown and "`" not in shown] == []


def test_every_stage_has_its_paragraph() -> None:
    assert re.findall(r"^\*\*(.+?)\.\*\*", GUIDE, re.MULTILINE) == STAGES
