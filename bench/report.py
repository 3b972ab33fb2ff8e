"""RESULTS.md: the figures for people, the machine they belong to, and for each miss by how much and why."""

from dataclasses import dataclass, field
from pathlib import Path

from bench.results import AT_LEAST, TARGETS, Figure, table, write_json

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
        missed = [f for f in self.figures if f.is_met is False]
        unmeasured = [f for f in self.figures if f.value is None]
        parts = [_not_measured(figure) for figure in unmeasured]
        if not missed:
            return parts
        parts.append("## Missed, by how much\n")
        parts += [_missed(figure) for figure in missed]
        wanted = sorted({(f.database, _PROFILE_OF[f.figure]) for f in missed if f.figure in _PROFILE_OF})
        if any(each in self.profiles for each in wanted):
            parts.append("## Where the time goes there\n")
            parts.append("The platform's process under py-spy, samples in which a thread held Python's lock.\n")
        for database, work in wanted:
            if (database, work) in self.profiles:
                parts.append(f"### {work} on {database}\n\n{self.profiles[database, work]}")
        return parts


def _missed(figure: Figure) -> str:
    assert figure.value is not None
    of_target = figure.value / figure.target * 100 if figure.target else 0.0
    word = "short of" if TARGETS[figure.figure][0] == AT_LEAST else "over"
    by = abs(figure.value - figure.target)
    return (
        f"- `{figure.figure}` on {figure.database}: {figure.value_shown} {figure.unit}, {by:.3g} {word} "
        f"{figure.target:g} ({of_target:.0f}% of the target). {figure.note}\n"
    )


def _not_measured(figure: Figure) -> str:
    return f"`{figure.figure}` ({figure.database}) was not measured: {figure.note}\n"
