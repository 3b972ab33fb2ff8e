"""Virtual time: threads that sleep in it, one running at a time, the clock jumping to whoever wakes first.

The platform's own flows run in such threads unchanged: their clock and their sleep are arguments.
"""

import heapq
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Task:
    def __init__(self) -> None:
        self.turn = threading.Semaphore(0)


class VirtualTime:
    def __init__(self, start: datetime) -> None:
        self.now_s = 0.0
        self._start = start
        self._queue: list[tuple[float, int, Task]] = []
        self._order = count()
        self._mine = threading.local()
        self._over = threading.Event()
        self._error: BaseException | None = None

    def clock(self) -> datetime:
        return self._start + timedelta(seconds=self.now_s)

    def spawn(self, work: Callable[[], None]) -> None:
        """`work` begins at this moment, when its turn comes; an error in it ends the run."""
        task = Task()

        def run() -> None:
            self._mine.task = task
            task.turn.acquire()
            try:
                work()
                self._pass_on()
            except BaseException as error:  # noqa: BLE001 - told by `run`
                self._error = error
                self._over.set()

        threading.Thread(target=run, daemon=True).start()
        self.wake(task)

    def sleep(self, seconds: float) -> None:
        task: Task = self._mine.task
        heapq.heappush(self._queue, (self.now_s + max(seconds, 0.0), next(self._order), task))
        self._pass_on()
        task.turn.acquire()

    def park(self) -> None:
        """Until somebody wakes this task."""
        task: Task = self._mine.task
        self._pass_on()
        task.turn.acquire()

    def me(self) -> Task:
        return self._mine.task

    def wake(self, task: Task) -> None:
        heapq.heappush(self._queue, (self.now_s, next(self._order), task))

    def _pass_on(self) -> None:
        if self._over.is_set():
            return
        if not self._queue:
            self._over.set()
            return
        at, _, task = heapq.heappop(self._queue)
        self.now_s = max(self.now_s, at)
        task.turn.release()

    def stop(self) -> None:
        """The run ends; every task stays where it is."""
        self._over.set()

    def run(self, within_s: float) -> None:
        """Until `stop`, or until nobody wakes any more; at most `within_s` seconds of real time."""
        self._pass_on()
        if not self._over.wait(within_s):
            raise TimeoutError(f"after {within_s:.0f} s of real time only {self.now_s:.0f} s had been simulated")
        if self._error is not None:
            raise self._error
