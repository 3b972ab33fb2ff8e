"""The sandbox's time, which a test can move, and the timers that hang on it."""

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

_IDLE_S = 3600.0


class Clock:
    """Real time plus what the admin API has advanced it by."""

    def __init__(self) -> None:
        self.advanced = timedelta(0)

    def now(self) -> datetime:
        return self.actual() + self.advanced

    def actual(self) -> datetime:
        """The machine's own time: what others will compare our signed tokens with."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        self.advanced += timedelta(seconds=seconds)


class Timers:
    """Things due at an instant of the sandbox's clock; moving the clock fires them."""

    def __init__(self, clock: Clock, after: Callable[[], None]) -> None:
        self._clock = clock
        self._after = after
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()

    def at(self, due: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (due, next(self._order), act))
        self._wake.set()

    def clear(self) -> None:
        self._heap.clear()

    def fire_due(self) -> None:
        """Run everything that is due by now, in order of its instant, then what must follow a change."""
        fired = False
        while self._heap and self._heap[0][0] <= self._clock.now():
            _, _, act = heapq.heappop(self._heap)
            fired = True
            try:
                act()
            except Exception:
                log.exception("a timer failed")
        if fired:
            self._after()

    async def run(self) -> None:
        while True:
            self._wake.clear()
            self.fire_due()
            wait_s = _IDLE_S
            if self._heap:
                wait_s = max(0.0, (self._heap[0][0] - self._clock.now()).total_seconds())
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue
