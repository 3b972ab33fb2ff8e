"""How many requests a caller may make in a minute and in a day (UTC). Each process counts for itself, in memory."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.webhook import Happening

RETRY_AFTER_S_MAX = 60
"""Codat's Python client sleeps for all of it, even when told not to retry."""
CALLERS_MAX = 10_000
"""More are not counted apart: all counts begin anew. A key has one; access tokens have one for each company."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands today."""

    limit: int
    remaining: int
    resets_at: datetime
    news: Happening | None = None
    """What consumers of webhooks have not been told yet."""

    @property
    def headers(self) -> Mapping[str, str]:
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": f"{self.resets_at:%Y-%m-%dT%H:%M:%SZ}",
        }


class TooManyRequests(Refusal):
    """The caller has to wait."""

    def __init__(self, message: str, retry_after_s: int, standing: Standing) -> None:
        super().__init__("rate_limit", message)
        self.retry_after_s = min(max(retry_after_s, 1), RETRY_AFTER_S_MAX)
        self.standing = standing


@dataclass(slots=True)
class _Count:
    day: int = 0
    minute: int = 0
    in_day: int = 0
    in_minute: int = 0
    is_reached: bool = False
    news: Happening | None = None


class Rates:
    def __init__(self, per_minute_max: int, per_day_max: int) -> None:
        self.per_minute_max = per_minute_max
        self.per_day_max = per_day_max
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def take(self, caller: str, now: datetime) -> Standing:
        """Counts one request; TooManyRequests, uncounted, if it is one too many."""
        with self._lock:
            count = self._count(caller, now.toordinal(), int(now.timestamp()) // 60)
            if self._is_spent(count):
                raise self._refusal(count, now)
            count.in_day += 1
            count.in_minute += 1
            return self._standing(count, now)

    def give_back(self, caller: str, now: datetime) -> None:
        """One that was taken at `now` and will be taken again."""
        day, minute = now.toordinal(), int(now.timestamp()) // 60
        with self._lock:
            count = self._counts.get(caller, _Count())
            count.in_day -= count.day == day
            count.in_minute -= count.minute == minute

    def told(self, caller: str) -> None:
        """Somebody tells the news of this caller."""
        with self._lock:
            count = self._counts.get(caller)
            if count is not None:
                count.news = None

    def _is_spent(self, count: _Count) -> bool:
        return count.in_day >= self.per_day_max or count.in_minute >= self.per_minute_max

    def _count(self, caller: str, day: int, minute: int) -> _Count:
        count = self._counts.get(caller)
        if count is None:
            if len(self._counts) >= CALLERS_MAX:
                self._counts = {}
            count = self._counts[caller] = _Count(day, minute)
        if count.day != day:
            count.day, count.in_day = day, 0
            if count.is_reached:
                count.is_reached, count.news = False, Happening.rate_limit_reset
        if count.minute != minute:
            count.minute, count.in_minute = minute, 0
        return count

    def _refusal(self, count: _Count, now: datetime) -> TooManyRequests:
        if count.in_day >= self.per_day_max and not count.is_reached:
            count.is_reached, count.news = True, Happening.rate_limit_reached
        standing = self._standing(count, now)
        if count.in_day >= self.per_day_max:
            message = f"{self.per_day_max} requests were made today; the next day begins at 00:00 UTC"
            return TooManyRequests(message, RETRY_AFTER_S_MAX, standing)
        wait_s = 60 - int(now.timestamp()) % 60
        return TooManyRequests(f"{self.per_minute_max} requests were made in this minute; slow down", wait_s, standing)

    def _standing(self, count: _Count, now: datetime) -> Standing:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return Standing(self.per_day_max, max(self.per_day_max - count.in_day, 0), midnight, count.news)
