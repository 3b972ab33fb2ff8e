"""The worker: claims feeds that are due, moves each on by one step in a pool of threads, and keeps the small clocks.

Any number of these may run on one database. Losing one loses nothing: its leases run out and others take its feeds.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import structlog

from bankfeeds.flows import authorise, complain, confirm, deliver, recover, uploads
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import TIMEOUTS, commit
from bankfeeds.store import feeds
from bankfeeds.store.feeds import Claim
from bankfeeds.work import alarms, retention

log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.work")

STEPS_AT_ONCE = 8
IDLE_WAIT_S = 0.2
"""How soon a due feed is seen when nothing else wakes the loop."""
TEND_WAIT_S = 1.0
ERROR_WAIT_S = 2.0


class Workers:
    """`start` and `stop` once each; `stop` lets running steps finish."""

    def __init__(self, world: World, owner: str, steps_at_once: int = STEPS_AT_ONCE) -> None:
        self._world = world
        self._owner = owner
        self._lease = timedelta(seconds=world.limits.lease_s)
        self._slots = steps_at_once
        self._pool = ThreadPoolExecutor(steps_at_once, thread_name_prefix="deliver")
        self._stopping = threading.Event()
        self._freed = threading.Condition()
        self._busy = 0
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._claim_and_step, IDLE_WAIT_S), name="claims", daemon=True),
            threading.Thread(target=self._repeat, args=(self._tend, TEND_WAIT_S), name="clocks", daemon=True),
            threading.Thread(
                target=self._repeat, args=(self._remind, alarms.REMIND_EVERY_S), name="alarms", daemon=True
            ),
        ]
        if world.limits.retention_days:
            self._threads.append(threading.Thread(target=self._retain, name="retention", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._freed:
            self._freed.notify_all()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown(wait=True)

    def _repeat(self, work: Callable[[], bool], idle_wait_s: float) -> None:
        """`work` answers whether there was anything to do; a failure of it is logged and tried again."""
        while not self._stopping.is_set():
            try:
                wait_s = 0.0 if work() else idle_wait_s
            except Exception:
                log.exception("round failed", owner=self._owner)
                wait_s = ERROR_WAIT_S
            self._stopping.wait(wait_s)

    def _retain(self) -> None:
        """As `_repeat`, at a pace of its own."""
        standing = retention.Round(self._world)
        while not self._stopping.is_set():
            try:
                wait_s = standing.step()
            except Exception:
                log.exception("retention failed", owner=self._owner)
                wait_s = ERROR_WAIT_S
            self._stopping.wait(wait_s)

    def _claim_and_step(self) -> bool:
        with self._freed:
            while self._busy >= self._slots and not self._stopping.is_set():
                self._freed.wait()
            room = self._slots - self._busy
        if self._stopping.is_set():
            return False
        now = self._world.clock()
        if not self._world.db.read(lambda tx: feeds.has_due(tx, now)):
            return False
        claims = self._world.db.write(lambda tx: feeds.claim_due(tx, self._owner, now, self._lease, room))
        for claim in claims:
            with self._freed:
                self._busy += 1
            self._pool.submit(self._step, claim).add_done_callback(self._stepped(claim))
        return bool(claims)

    def _step(self, claim: Claim) -> None:
        parked = deliver.step(self._world, claim)
        if parked is not None:
            alarms.tell(parked)
            complain.report(self._world, parked)

    def _remind(self) -> bool:
        alarms.remind(self._world)
        uploads.purge(self._world)
        return False

    def _stepped(self, claim: Claim) -> Callable[["Future[None]"], None]:
        def note(future: "Future[None]") -> None:
            with self._freed:
                self._busy -= 1
                self._freed.notify_all()
            error = future.exception()
            if error is not None:
                log.error("step crashed; its lease runs out", feed=claim.feed_pk, exc_info=error)

        return note

    def _tend(self) -> bool:
        """Timeouts of pushes, reports of authorisations that Sage has not answered, notifications we missed."""
        now = self._world.clock()
        ended = commit(self._world, TIMEOUTS, lambda tx: confirm.time_out_pushes(tx, now))
        reported = authorise.report_due(self._world, now)
        checked = recover.check_reported(self._world)
        return bool(ended or reported or checked)
