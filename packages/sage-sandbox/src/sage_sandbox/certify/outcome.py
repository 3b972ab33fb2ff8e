"""What an item of the plan can come to; values and exceptions only."""

from collections.abc import Iterable
from typing import Literal

import msgspec


class Failed(Exception):
    """The provider did something else than the contract says."""

    def __init__(self, expected: str, seen: str, blame: str | None = None) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected, self.seen, self.blame = expected, seen, blame


class Skipped(Exception):
    """The item could not be tried; the text says why."""


class Result(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One item of the plan, tried."""

    id: str
    title: str
    section: str
    kind: Literal["positive", "negative"]
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float
    expected: str = ""
    seen: str = ""
    reason: str = ""


class Report(msgspec.Struct, rename="camel", kw_only=True):
    provider: str
    began_at: str
    seconds: float
    passed: int
    failed: int
    skipped: int
    whole: bool
    results: list[Result]

    @property
    def certified(self) -> bool:
        """Nothing failed, and something passed: a plan of which nothing could be tried shows nothing."""
        return self.failed == 0 and self.passed > 0

    @property
    def verdict(self) -> str:
        """A part of the plan certifies nobody."""
        if not self.certified:
            return "not certified"
        return "certified" if self.whole else "passed what was tried"


def report_of(provider: str, began_at: str, seconds: float, results: Iterable[Result], *, whole: bool) -> Report:
    kept = list(results)
    counts = {word: sum(each.outcome == word for each in kept) for word in ("passed", "failed", "skipped")}
    return Report(provider=provider, began_at=began_at, seconds=round(seconds, 1), results=kept, whole=whole, **counts)
