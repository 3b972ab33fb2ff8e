"""Bad lines: counted by the judge over the soak's seeds and kills, read here from the file the soak leaves."""

import json
from pathlib import Path

from bench.results import NEITHER, Figure

PATH = Path(__file__).with_name("soak.json")
SEEDS_MIN, MINUTES_MIN = 1000, 60


def bad_lines() -> Figure:
    """`soak.json`: {"badLines": n, "seeds": n, "killMinutes": n, "date": text}. Not measured without it, or by less."""
    if not PATH.exists():
        return Figure("bad_lines", NEITHER, None, "lines", "no soak has left its result (bench/soak.json)")
    told = json.loads(PATH.read_text(encoding="utf-8"))
    note = f"{told['seeds']:,} seeds and {told['killMinutes']:g} minutes of random kills, on {told['date']}"
    if told["badLines"] == 0 and (told["seeds"] < SEEDS_MIN or told["killMinutes"] < MINUTES_MIN):
        return Figure(
            "bad_lines", NEITHER, None, "lines", f"the soak was shorter than the target asks: {note}, none bad"
        )
    return Figure("bad_lines", NEITHER, float(told["badLines"]), "lines", note)
