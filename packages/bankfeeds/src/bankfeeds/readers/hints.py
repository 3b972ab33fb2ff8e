"""What a file does not say of itself, told by whoever hands it in."""

from dataclasses import dataclass

from bankfeeds.readers.csv_profile import CsvProfile


@dataclass(frozen=True, slots=True)
class Hints:
    """`encoding`: a codec's name, for the formats that do not declare their own; `profile`: of CSV."""

    encoding: str | None = None
    profile: CsvProfile | None = None


NO_HINTS = Hints()
