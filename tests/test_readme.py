"""The figures that the README tells, in both languages, are those that were measured last."""

import json
import re

import pytest
from bench.results import Figure
from guides import ROOT, text

_ROW = re.compile(r"^\|[^|]*\(`(\w+)`\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "README.fr.md"])
def test_a_measured_figure_is_the_benchmarks(page: str) -> None:
    measured = {
        (row["figure"], row["database"]): Figure(row["figure"], row["database"], row["value"], row["unit"])
        for row in json.loads((ROOT / "bench" / "results.json").read_text(encoding="utf-8"))
    }
    told = _ROW.findall(text(page))
    assert len(told) == 5
    for name, sqlite, postgresql, target in told:
        figures = [measured[name, database] for database in ("sqlite", "postgresql")]
        said = [_plain(each, page) for each in (sqlite, postgresql, target)]
        assert said == [*(each.value_shown for each in figures), figures[0].target_shown], name


def _plain(number: str, page: str) -> str:
    """As English writes it."""
    if page == "README.md":
        return number.strip()
    return re.sub(r"(?<=\d)[ \u202f\u00a0](?=\d{3})", ",", number.strip().replace(",", "."))


def test_both_languages_have_the_same_parts_and_sources() -> None:
    parts = [
        (
            len(re.findall(r"^## ", text(page), re.MULTILINE)),
            sorted(re.findall(r"^\[[\w-]+\]: .*$", text(page), re.MULTILINE)),
        )
        for page in ("README.md", "README.fr.md")
    ]
    assert parts[0] == parts[1]
    assert len(parts[0][1]) == 7
