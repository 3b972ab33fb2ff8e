"""RESULTS.md: the figures for people, the machine they belong to, and for each miss by how much and why."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.results import MISSED, Figure, missed, table, write_json

_PROFILE_OF = {
    "ingest_1000_vs_bound": "1,000-line pushes",
    "ingest_1000_vs_baseline": "1,000-line pushes",
    "cpu_s_per_million_lines": "1,000-line pushes",
    "ingest_1_vs_baseline": "1-line pushes",
    "ingest_5m_vs_empty": "1,000-line pushes",
    "cpu_ms_per_statement": "delivery",
    "delivery_vs_bare_client": "delivery",
}


@dataclass
class Report:
    machine: list[str]
    is_quick: bool
    minutes: float = 0.0
    figures: list[Figure] = field(default_factory=list[Figure])
    profiles: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def add(self, figures: list[Figure]) -> None:
        for figure in figures:
            print(f"{figure.database:10} {figure.figure:24} {figure.value_shown:>12}  {figure.note}", flush=True)
        self.figures += figures

    def profile(self, database: str, work: str, found: str) -> None:
        self.profiles[database, work] = found

    def write(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        write_json(directory / "results.json", self.figures)
        (directory / "RESULTS.md").write_text(self._text(), encoding="utf-8")

    def _text(self) -> str:
        kind = "a quick run, for development only" if self.is_quick else "one run"
        parts = [
            "# What the benchmark measured\n",
            f"By `make bench`, in {kind} of {self.minutes:.0f} minutes; how to read it: [README.md](README.md).\n",
            "".join(f"- {line}\n" for line in self.machine),
            table(self.figures),
            *self._misses(),
        ]
        return "\n".join(parts)

    def _misses(self) -> list[str]:
        misses = [f for f in self.figures if f.is_met is False]
        unmeasured = [f for f in self.figures if f.value is None]
        parts = [_not_measured(figure) for figure in unmeasured]
        if not misses:
            return parts
        parts.append(f"{MISSED}\n")
        parts += [f"{missed(figure)}\n" for figure in misses]
        wanted = sorted({(f.database, _PROFILE_OF[f.figure]) for f in misses if f.figure in _PROFILE_OF})
        if any(each in self.profiles for each in wanted):
            parts.append("## Where the time goes there\n")
            parts.append("The platform's process under py-spy, samples in which a thread held Python's lock.\n")
        for database, work in wanted:
            if (database, work) in self.profiles:
                parts.append(f"### {work} on {database}\n\n{self.profiles[database, work]}")
        return parts


def _not_measured(figure: Figure) -> str:
    return f"`{figure.figure}` ({figure.database}) was not measured: {figure.note}\n"
