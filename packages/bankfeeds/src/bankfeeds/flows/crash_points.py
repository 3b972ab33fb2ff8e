"""The named points at which a process may die and nothing may be lost: before and after each commit and each call.

`commit` and `call` do a beat of a step and pass its two points; outside tests nothing happens there.
"""

from collections.abc import Callable
from typing import TypeVar

from bankfeeds.flows.context import World
from bankfeeds.store.engine import Write

T = TypeVar("T")

ACCEPT, ACCEPT_WITH_CARE = "accept: {} store", "accept: {} store with care"
NOTIFICATION = "notification: {} effect"
TIMEOUTS = "timeouts: {} end"
PREPARE, OFFER, SETTLE = "deliver: {} prepare", "deliver: {} call", "deliver: {} settle"
BIND, REPORT, FINISH = "report: {} bind", "report: {} call", "report: {} finish"
TAKE, FIND, LEARN = "recover: {} take", "recover: {} call", "recover: {} learn"
RESERVE, COMPLAIN, RECORD = "complain: {} reserve", "complain: {} call", "complain: {} record"

COMMITS = (ACCEPT_WITH_CARE, NOTIFICATION, TIMEOUTS, PREPARE, SETTLE, BIND, FINISH, TAKE, LEARN, RESERVE, RECORD)
CALLS = (ACCEPT, OFFER, REPORT, FIND, COMPLAIN)
POINTS = tuple(beat.format(when) for beat in (*COMMITS, *CALLS) for when in ("before", "after"))


def commit(world: World, beat: str, work: Callable[[Write], T]) -> T:
    """A transaction. Dying before its commit, still inside it, leaves nothing; dying after it leaves all."""

    def run(tx: Write) -> T:
        answer = work(tx)
        world.crash(beat.format("before"))
        return answer

    answer = world.db.write(run)
    world.crash(beat.format("after"))
    return answer


def call(world: World, beat: str, ask: Callable[[], T]) -> T:
    """A call to Sage, or a write that is a transaction of its own; none is open at either point."""
    world.crash(beat.format("before"))
    answer = ask()
    world.crash(beat.format("after"))
    return answer
