"""The way of the soak's findings into the benchmark's results."""

import json
from pathlib import Path

import soaked
from bench.report import Report
from bench.results import NEITHER, SQLITE, Figure, update


def test_each_part_of_a_soak_replaces_its_own_and_the_sums_are_of_all(tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    soaked.note("seeds sqlite", seeds=600, bad_lines=3, path=path)
    soaked.note("kills", kill_minutes=60.04, bad_lines=0, path=path)
    soaked.note("seeds sqlite", seeds=500, bad_lines=1, path=path)
    told = json.loads(path.read_text(encoding="utf-8"))
    assert (told["seeds"], told["killMinutes"], told["badLines"]) == (500, 60.0, 1)


def test_a_figure_measured_later_takes_its_place_in_both_files(tmp_path: Path) -> None:
    report = Report(["a machine"], is_quick=False)
    report.add([
        Figure("lines_per_statement", SQLITE, 1000.0, "lines"),
        Figure("bad_lines", NEITHER, None, "lines", "no soak has left its result"),
    ])  # fmt: skip
    report.add([Figure("cpu_ms_per_statement", SQLITE, 15.2, "ms")])
    report.profile(SQLITE, "delivery", "| % | function |\n|---|---|\n| 15 | `read` body.py |\n")
    report.write(tmp_path)
    assert "was not measured" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")

    slow = Figure("portal_page_p95_ms", SQLITE, 60.0, "ms", "the slowest").measured_alone("2026-02-01")
    update(tmp_path, [Figure("bad_lines", NEITHER, 0.0, "lines", "1,000 seeds").measured_alone("2026-02-01"), slow])

    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [(row["figure"], row["value"], row["met"]) for row in rows] == [
        ("lines_per_statement", 1000.0, True),
        ("bad_lines", 0.0, True),
        ("cpu_ms_per_statement", 15.2, False),
        ("portal_page_p95_ms", 60.0, False),
    ]
    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "| `bad_lines` | - | 0 | lines |  0 | yes | 1,000 seeds |".replace("  ", " ") in page
    assert "was not measured" not in page
    assert page.index("| `bad_lines`") < page.index("| `portal_page_p95_ms` | sqlite | 60 |") < page.index("## Missed")
    assert "10 over 50 (120% of the target). the slowest; by itself, 2026-02-01" in page

    update(tmp_path, [Figure("portal_page_p95_ms", SQLITE, 40.0, "ms", "the slowest")])

    page = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert page.count("`portal_page_p95_ms`") == 1, "neither the old row nor the old miss is left"
