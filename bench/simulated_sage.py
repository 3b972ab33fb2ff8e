"""Sage's Provider API on virtual time, behind the platform's own HTTP client: throttled, slow, and at times away."""

import random
import re
from collections import deque
from collections.abc import Callable
from itertools import count

import httpx2

from bench.virtual import VirtualTime

LATENCY_S = 0.12
SLOWEST_S, FASTEST_S = 5.0, 0.5
PER_SECOND = 10
_PRINCIPAL = re.compile(rb'"principalId":"([^"]+)"')
_COUNT = re.compile(rb'"transactionDetailsCount":(\d+)')
_ALMOST_S = 1e-6


class SimulatedSage:
    """`on_handed` is told the bank account and the number of lines of each statement it takes."""

    def __init__(self, time: VirtualTime, on_handed: Callable[[str, int], None]) -> None:
        self.time = time
        self.on_handed = on_handed
        self.away_until_s = 0.0
        self.calls = 0
        self.refused = 0
        self.finished = 0
        self._chance = random.Random(1)  # noqa: S311 - alike in every run
        self._admitted: deque[float] = deque()
        self._ready_at: dict[str, float] = {}
        self._numbers = count(1)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if self.time.now_s < self.away_until_s:
            raise httpx2.ConnectError("connection refused", request=request)
        if request.url.path.endswith("/token"):
            return httpx2.Response(200, json={"access_token": "t", "token_type": "Bearer", "expires_in": 86_400})
        self.time.sleep(LATENCY_S / 2)
        answer = self._answer(request)
        self.time.sleep(LATENCY_S / 2)
        return answer

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        now = self.time.now_s
        while self._admitted and self._admitted[0] <= now - 1 + _ALMOST_S:
            self._admitted.popleft()
        self.calls += 1
        if len(self._admitted) >= PER_SECOND:
            self.refused += 1
            return httpx2.Response(429, json={"message": "Too Many Requests"})
        self._admitted.append(now)
        return self._take(request.read()) if request.method == "POST" else self._tell(request.url.path)

    def _take(self, body: bytes) -> httpx2.Response:
        principal, lines = _PRINCIPAL.search(body), _COUNT.search(body)
        assert principal is not None
        assert lines is not None
        self.on_handed(principal[1].decode(), int(lines[1]))
        statement = f"st-{next(self._numbers)}"
        self._ready_at[statement] = self.time.now_s + self._chance.uniform(FASTEST_S, SLOWEST_S)
        return httpx2.Response(201, json={"data": {"_id": statement, "status": "pending"}})

    def _tell(self, path: str) -> httpx2.Response:
        statement = path.rsplit("/", 1)[1]
        is_done = self.time.now_s >= self._ready_at[statement]
        if is_done:
            del self._ready_at[statement]
            self.finished += 1
        status = "completed" if is_done else "processing"
        return httpx2.Response(200, json={"data": {"_id": statement, "status": status}})
