"""What the long runs found, left for the benchmark's `bad_lines`: each part writes its own, the sums are made anew."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[2] / "bench" / "soak.json"


def note(part: str, *, seeds: int = 0, kill_minutes: float = 0.0, bad_lines: int, path: Path = PATH) -> None:
    """`part` replaces what an earlier run of the same part left."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"parts": {}}
    today = datetime.now(UTC).date().isoformat()
    parts: dict[str, dict[str, Any]] = told["parts"]
    parts[part] = {"seeds": seeds, "killMinutes": round(kill_minutes, 1), "badLines": bad_lines, "date": today}
    summed = {name: sum(each[name] for each in parts.values()) for name in ("badLines", "seeds", "killMinutes")}
    whole = {**summed, "date": min(each["date"] for each in parts.values()), "parts": parts}
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
