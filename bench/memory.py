"""Memory of a worker that has 10,000 feeds waiting, while it works them off at Sage's pace."""

import time
from datetime import timedelta

from bench.databases import Kind
from bench.delivery import FASTEST_MS, PER_SECOND, SLOWEST_MS, sandbox, worker
from bench.results import Figure
from bench.seeding import seed
from bench.stored import fill

FEEDS = 10_000
LINES_EACH = 20
_LOOK_S = 0.5


def measure(kind: Kind, seconds: float) -> Figure:
    """The most that was resident."""
    most = 0.0
    with sandbox(kind, FEEDS, (FASTEST_MS, SLOWEST_MS), PER_SECOND) as sage:
        seeded = seed(kind.fresh(), FEEDS, sage=sage.sage, due_in=timedelta())
        fill(seeded, FEEDS * LINES_EACH)
        with worker(kind, seeded, PER_SECOND) as server:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                most = max(most, server.memory_mb())
                time.sleep(_LOOK_S)
        delivered = sage.counts().statements
    role = "one process with all roles" if not kind.cluster else "a worker process"
    return Figure("worker_memory_mb", kind.name, most, "MB", f"resident, {role}, {delivered} statements meanwhile")
