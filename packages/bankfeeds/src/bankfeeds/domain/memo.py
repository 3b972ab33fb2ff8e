"""A small bounded memory of facts read before, each for a limited time. Losing it costs only reading them again."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")
ENTRIES_MAX = 10_000


class Memo(Generic[T]):
    """Thread-safe: every operation on it is one operation on a dict."""

    def __init__(self, lifetime: timedelta, entries_max: int = ENTRIES_MAX) -> None:
        self._lifetime = lifetime
        self._entries_max = entries_max
        self._known: dict[Hashable, tuple[datetime, T]] = {}

    def get(self, key: Hashable, now: datetime) -> T | None:
        """None if it was never put, or too long ago."""
        found = self._known.get(key)
        return found[1] if found is not None and found[0] <= now < found[0] + self._lifetime else None

    def put(self, key: Hashable, value: T, now: datetime) -> None:
        """Forgets everything once there is too much: rare, and simpler than choosing."""
        if len(self._known) >= self._entries_max:
            self._known = {}
        self._known[key] = (now, value)

    def forget(self, key: Hashable) -> None:
        self._known.pop(key, None)

    def clear(self) -> None:
        self._known = {}
