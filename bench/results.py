"""The figures: their targets, whether they are met, and how they are written down."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

AT_LEAST, AT_MOST, EXACTLY = ">=", "<=", "="
SQLITE, POSTGRESQL, NEITHER = "sqlite", "postgresql", "-"
TARGETS: dict[str, tuple[str, dict[str, float]]] = {
    "ingest_1000_vs_bound": (AT_LEAST, {SQLITE: 0.65, POSTGRESQL: 0.95}),
    "ingest_1000_vs_baseline": (AT_LEAST, {SQLITE: 11, POSTGRESQL: 11}),
    "ingest_1_vs_baseline": (AT_LEAST, {SQLITE: 15, POSTGRESQL: 10}),
    "cpu_s_per_million_lines": (AT_MOST, {SQLITE: 9, POSTGRESQL: 4.5}),
    "cpu_ms_per_statement": (AT_MOST, {SQLITE: 5, POSTGRESQL: 5}),
    "requests_per_statement": (AT_MOST, {SQLITE: 2.3, POSTGRESQL: 2.3}),
    "lines_per_statement": (AT_LEAST, {SQLITE: 950, POSTGRESQL: 950}),
    "delivery_vs_bare_client": (AT_LEAST, {SQLITE: 0.6, POSTGRESQL: 0.6}),
    "worker_memory_mb": (AT_MOST, {SQLITE: 150, POSTGRESQL: 150}),
    "ingest_5m_vs_empty": (AT_LEAST, {SQLITE: 0.85, POSTGRESQL: 0.85}),
    "claim_5m_vs_empty": (AT_LEAST, {SQLITE: 0.85, POSTGRESQL: 0.85}),
    "backup_vs_alone": (AT_LEAST, {SQLITE: 0.85, POSTGRESQL: 0.85}),
    "reconcile_s": (AT_MOST, {SQLITE: 3, POSTGRESQL: 3}),
    "portal_page_p95_ms": (AT_MOST, {SQLITE: 50, POSTGRESQL: 50}),
    "import_camt053_per_s": (AT_LEAST, {SQLITE: 15_000, POSTGRESQL: 15_000}),
    "import_mt940_per_s": (AT_LEAST, {SQLITE: 15_000, POSTGRESQL: 15_000}),
    "import_csv_per_s": (AT_LEAST, {SQLITE: 40_000, POSTGRESQL: 40_000}),
    "import_ofx_per_s": (AT_LEAST, {SQLITE: 40_000, POSTGRESQL: 40_000}),
    "import_bai2_per_s": (AT_LEAST, {SQLITE: 40_000, POSTGRESQL: 40_000}),
    "import_memory_mb": (AT_MOST, {SQLITE: 150, POSTGRESQL: 150}),
    "webhooks_per_s": (AT_LEAST, {SQLITE: 500, POSTGRESQL: 500}),
    "freshness_p95_s": (AT_MOST, {NEITHER: 10}),
    "drain_after_outage_min": (AT_MOST, {NEITHER: 75}),
    "bad_lines": (EXACTLY, {NEITHER: 0, SQLITE: 0, POSTGRESQL: 0}),
}
MISSED = "## Missed, by how much"
_SYMBOLS = {AT_LEAST: "\u2265", AT_MOST: "\u2264", EXACTLY: ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `value` None where it was not measured, and `note` then says why."""

    figure: str
    database: str
    value: float | None
    unit: str
    note: str = ""

    def measured_alone(self, on: str) -> "Figure":
        """As it stands in the results of a whole run that it was no part of; what the soak left tells its own day."""
        return self if self.figure == "bad_lines" else replace(self, note=f"{self.note}; by itself, {on}")

    @property
    def target(self) -> float:
        return TARGETS[self.figure][1][self.database]

    @property
    def is_met(self) -> bool | None:
        if self.value is None:
            return None
        kind = TARGETS[self.figure][0]
        if kind == AT_LEAST:
            return self.value >= self.target
        return self.value <= self.target if kind == AT_MOST else self.value == self.target

    @property
    def target_shown(self) -> str:
        return f"{_SYMBOLS[TARGETS[self.figure][0]]} {self.target:g}".strip()

    @property
    def value_shown(self) -> str:
        return (
            "not measured"
            if self.value is None
            else f"{self.value:,.3g}"
            if self.value < 1000
            else f"{self.value:,.0f}"
        )


def _row(f: Figure) -> dict[str, object]:
    return {
        "figure": f.figure,
        "database": f.database,
        "value": None if f.value is None else round(f.value, 4),
        "unit": f.unit,
        "target": f.target_shown,
        "met": f.is_met,
    }


def _shown(f: Figure) -> str:
    met = {True: "yes", False: "**no**", None: "-"}[f.is_met]
    return f"| `{f.figure}` | {f.database} | {f.value_shown} | {f.unit} | {f.target_shown} | {met} | {f.note} |"


def write_json(path: Path, figures: list[Figure]) -> None:
    path.write_text(json.dumps([_row(f) for f in figures], indent=1) + "\n", encoding="utf-8")


def update(directory: Path, figures: list[Figure]) -> None:
    """Puts figures measured by themselves into the place of what results.json and RESULTS.md told of them."""
    path = directory / "results.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    page = directory / "RESULTS.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    for figure in figures:
        _put_row(rows, _row(figure))
        lines = _put_line(lines, figure)
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _put_row(rows: list[dict[str, object]], row: dict[str, object]) -> None:
    for place, old in enumerate(rows):
        if (old["figure"], old["database"]) == (row["figure"], row["database"]):
            rows[place] = row
            return
    rows.append(row)


def _put_line(lines: list[str], figure: Figure) -> list[str]:
    """The page's lines with the figure's own in the table, and in the list of misses if it is one."""
    start = f"| `{figure.figure}` | {figure.database} |"
    old = (f"`{figure.figure}` ({figure.database}) was not measured", f"- `{figure.figure}` on {figure.database}:")
    kept = [_shown(figure) if line.startswith(start) else line for line in lines if not line.startswith(old)]
    if _shown(figure) not in kept:
        last = max(place for place, line in enumerate(kept) if line.startswith("| `"))
        kept.insert(last + 1, _shown(figure))
    if figure.is_met is False:
        place = kept.index(MISSED) if MISSED in kept else len(kept)
        kept[place : place + 1] = [MISSED, "", missed(figure)]
    return kept


def table(figures: list[Figure]) -> str:
    rows = ["| figure | database | value | unit | target | met | behind it |", "|---|---|---|---|---|---|---|"]
    rows += [_shown(f) for f in figures]
    return "\n".join(rows) + "\n"


def missed(figure: Figure) -> str:
    """By how much a figure misses its target, as a line of a list."""
    assert figure.value is not None
    of_target = figure.value / figure.target * 100 if figure.target else 0.0
    word = "short of" if TARGETS[figure.figure][0] == AT_LEAST else "over"
    by = abs(figure.value - figure.target)
    return (
        f"- `{figure.figure}` on {figure.database}: {figure.value_shown} {figure.unit}, {by:.3g} {word} "
        f"{figure.target:g} ({of_target:.0f}% of the target). {figure.note}"
    )
