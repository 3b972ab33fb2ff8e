"""When to ask whether Sage has finished: learnt from how the asking went, so that most statements cost one question.

A first question that came too early lengthens the wait, one that found the statement finished shortens it a little; the
two balance where about one first question in eight is too early.
"""

import threading

FIRST_GUESS_S = 0.5
WAIT_MIN_S = 0.05
WAIT_MAX_S = 60.0
TOO_EARLY = 1.25
IN_TIME = 0.97


class Pace:
    """What this process has learnt of each listing's Sage. Losing it costs a few questions, so it is not stored."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[str, float] = {}

    def usual_s(self, listing_id: str) -> float:
        return self._waits.get(listing_id, FIRST_GUESS_S)

    def learn(self, listing_id: str, *, in_time: bool) -> None:
        """Of the first question after a statement was taken."""
        with self._lock:
            wait = self.usual_s(listing_id) * (IN_TIME if in_time else TOO_EARLY)
            self._waits[listing_id] = min(max(wait, WAIT_MIN_S), WAIT_MAX_S)
