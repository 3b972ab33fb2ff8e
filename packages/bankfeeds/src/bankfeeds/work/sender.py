"""The sender of webhooks: one thread with an event loop, any number of them on one database.

Each consumer has room of its own, a failing one little of it, so that a dead one slows nobody else. The events of an
account to a consumer stand in a lane: one at a time, in their order.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
import uvloop

from bankfeeds.domain.ports import EventWords, Receivers
from bankfeeds.domain.webhook_delivery import Answered, Claim
from bankfeeds.flows import notify, webhook_log
from bankfeeds.flows.context import World
from bankfeeds.flows.notify import Errand

T = TypeVar("T")
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.webhooks")

AT_ONCE = 16
"""Attempts under way to one consumer, while it takes what it is sent."""
AT_ONCE_FAILING = 2
HELD_MAX = 128
"""Deliveries to one consumer that a sender has taken, waiting ones included."""
SETTLED_MAX = 200
IDLE_WAIT_S = 0.2
"""How soon something new is seen when nothing else wakes the loop."""
ERROR_WAIT_S = 2.0
PURGE_EVERY_S = 600.0
STOP_S = 5.0
"""Attempts under way when it is told to stop have so long to end; they are made again otherwise."""
RESOLVERS = 64
Lane = tuple[int, int, int]


class Sender:
    """`start` and `stop` once each. `open_receivers` is called in the sender's own thread."""

    def __init__(self, world: World, words: EventWords, open_receivers: Callable[[], Receivers]) -> None:
        self._world = world
        self._words = words
        self._open_receivers = open_receivers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()), name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve"))
        with ThreadPoolExecutor(2, thread_name_prefix="webhooks") as pool:
            await _Round(self._world, self._words, self._open_receivers(), pool, self._stopping).run()


class _Round:
    """All of it belongs to the loop's thread."""

    def __init__(
        self,
        world: World,
        words: EventWords,
        receivers: Receivers,
        pool: ThreadPoolExecutor,
        stopping: threading.Event,
    ) -> None:
        self._world, self._words, self._receivers = world, words, receivers
        self._pool, self._stopping = pool, stopping
        self._lanes: dict[Lane, deque[Errand]] = {}
        self._ready: dict[int, deque[Lane]] = {}
        self._held: Counter[int] = Counter()
        self._running: Counter[int] = Counter()
        self._failing: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[tuple[Claim, Answered]] = []
        self._late: list[Errand] = []
        self._freed = asyncio.Event()
        self._finished = asyncio.Event()

    async def run(self) -> None:
        settling = asyncio.create_task(self._settle_always())
        purging = asyncio.create_task(self._purge_always())
        while not self._stopping.is_set():
            try:
                moved = await self._step()
            except Exception:
                log.exception("round failed")
                await asyncio.sleep(ERROR_WAIT_S)
                continue
            if not moved:
                self._freed.clear()
                await _wait(self._freed, IDLE_WAIT_S)
        await self._wind_up()
        for task in (settling, purging):
            task.cancel()
        await asyncio.gather(settling, purging, return_exceptions=True)
        await self._settle()
        await self._receivers.close()

    async def _step(self) -> bool:
        """Whether there was anything to do, and may be more."""
        made = await self._in_thread(lambda: notify.fan_out(self._world, self._words))
        errands = await self._in_thread(lambda: notify.take(self._world, self._words, self._room))
        for errand in errands:
            self._line_up(errand)
        return bool(made or errands)

    def _room(self, consumer_pk: int, is_failing: bool) -> int:  # noqa: FBT001 - called by `take` alone
        if is_failing:
            self._failing.add(consumer_pk)
            return AT_ONCE_FAILING - self._held[consumer_pk]
        self._failing.discard(consumer_pk)
        return HELD_MAX - self._held[consumer_pk]

    def _line_up(self, errand: Errand) -> None:
        claim = errand.claim
        account = claim.event.account_pk
        lane = (claim.consumer_pk, 0, claim.pk) if account is None else (claim.consumer_pk, 1, account)
        self._held[claim.consumer_pk] += 1
        waiting = self._lanes.get(lane)
        if waiting is None:
            self._lanes[lane] = deque([errand])
            self._ready.setdefault(claim.consumer_pk, deque()).append(lane)
            self._pump(claim.consumer_pk)
        else:
            waiting.append(errand)

    def _pump(self, consumer_pk: int) -> None:
        ready = self._ready.get(consumer_pk)
        limit = AT_ONCE_FAILING if consumer_pk in self._failing else AT_ONCE
        while ready and self._running[consumer_pk] < limit and not self._stopping.is_set():
            lane = ready.popleft()
            self._running[consumer_pk] += 1
            task = asyncio.create_task(self._send(lane, self._lanes[lane].popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, lane: Lane, errand: Errand) -> None:
        consumer_pk = errand.claim.consumer_pk
        try:
            if notify.is_late(self._world, errand):
                self._late.append(errand)
            else:
                answered = await self._receivers.post(errand.parcel)
                self._done.append((errand.claim, answered))
                if not answered.is_success:
                    self._failing.add(consumer_pk)
        except asyncio.CancelledError:
            self._late.append(errand)
        except Exception:
            log.exception("attempt crashed; its lease runs out", delivery=errand.claim.pk)
        self._running[consumer_pk] -= 1
        self._held[consumer_pk] -= 1
        if self._lanes[lane]:
            self._ready[consumer_pk].append(lane)
        else:
            del self._lanes[lane]
        self._pump(consumer_pk)
        self._finished.set()

    async def _settle_always(self) -> None:
        while True:
            await self._finished.wait()
            self._finished.clear()
            try:
                await self._settle()
            except Exception:
                log.exception("settling failed; what was sent is sent again")
                await asyncio.sleep(ERROR_WAIT_S)
            self._freed.set()

    async def _purge_always(self) -> None:
        while True:
            try:
                await self._in_thread(lambda: webhook_log.purge(self._world))
            except Exception:
                log.exception("old events stay for now")
            await asyncio.sleep(PURGE_EVERY_S)

    async def _settle(self) -> None:
        while self._done or self._late:
            done, self._done = self._done[:SETTLED_MAX], self._done[SETTLED_MAX:]
            late, self._late = self._late, []
            for each in await self._in_thread(lambda done=done: notify.settle(self._world, done)):
                log.error("webhook consumer disabled", consumer=each.consumer_id, url=each.url, cause=each.cause)
            if late:
                await self._in_thread(lambda late=late: notify.give_back(self._world, late))

    async def _wind_up(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._late += [errand for lane in self._lanes.values() for errand in lane]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
