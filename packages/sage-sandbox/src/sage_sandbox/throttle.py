"""The Provider API's throttle: how many requests of a provider were let in within the last second."""

from collections import deque

_WINDOW_S = 1.0


class Throttle:
    def __init__(self) -> None:
        self._admitted: dict[str, deque[float]] = {}

    def admits(self, provider_id: str, now_s: float, requests_per_second: int) -> bool:
        if requests_per_second == 0:
            return True
        admitted = self._admitted.setdefault(provider_id, deque())
        while admitted and admitted[0] <= now_s - _WINDOW_S:
            admitted.popleft()
        if len(admitted) >= requests_per_second:
            return False
        admitted.append(now_s)
        return True

    def clear(self) -> None:
        self._admitted.clear()
