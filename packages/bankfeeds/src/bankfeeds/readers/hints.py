"""What a file does not say of itself, told by whoever hands it in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hints:
    """`encoding`: a codec's name, for the formats that do not declare their own."""

    encoding: str | None = None


NO_HINTS = Hints()
