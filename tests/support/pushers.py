"""An institution that sends its lines whatever happens: a push without an answer is sent again, with the same ids."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
from bank_lines import Line
from institutions import Customer

PAUSE_S = 0.05
UNAVAILABLE = 503
"""It says itself that the same may be sent again."""


class Pusher(threading.Thread):
    """Pushes part after part, each until it is answered 200. `retries` counts the calls that got no answer."""

    def __init__(self, customer: Customer, parts: Sequence[Sequence[Line]]) -> None:
        super().__init__(daemon=True)
        self._customer = customer
        self._parts = parts
        self.retries = 0
        self.operations: list[dict[str, Any]] = []
        self.failure: str | None = None
        self._stopping = threading.Event()
        self._has_enough = threading.Event()

    def run(self) -> None:
        for part in self._parts:
            if self._has_enough.is_set():
                return
            while not self._stopping.is_set() and not self._sent(part):
                self.retries += 1
                self._stopping.wait(PAUSE_S)
            if self._stopping.is_set():
                return
            self._stopping.wait(PAUSE_S)

    def _sent(self, part: Sequence[Line]) -> bool:
        try:
            answer = self._customer.try_push(part)
        except httpx2.TransportError:
            return False
        if answer.status_code == UNAVAILABLE:
            return False
        if answer.status_code != 200:
            self.failure = f"{answer.status_code}: {answer.text}"
            self._stopping.set()
            return False
        self.operations.append(answer.json())
        return True

    def enough(self) -> None:
        """No further part after the one that is on its way."""
        self._has_enough.set()

    def finish(self, within_s: float = 120) -> None:
        """Waits for the last answer; fails if a push was refused."""
        self.join(within_s)
        assert self.failure is None, self.failure
        assert not self.is_alive(), f"{len(self.operations)} of {len(self._parts)} pushes were answered"

    def give_up(self) -> None:
        self._stopping.set()
        self.join(60)


@contextmanager
def pushing(*pushers: Pusher) -> Generator[None]:
    """All at once; none is left running, whatever becomes of the test."""
    for pusher in pushers:
        pusher.start()
    try:
        yield
    finally:
        for pusher in pushers:
            pusher.give_up()
