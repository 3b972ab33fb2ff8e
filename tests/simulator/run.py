"""Replays seeds: `python tests/simulator/run.py --seed 7 --database sqlite [--count 50] [--story]`."""

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

sys.path += [str(Path(__file__).resolve().parents[1] / "support")]

import structlog
from clusters import Cluster
from databases import Databases, PostgreSQLDatabases, SQLiteFiles, in_memory
from grounds import prepared
from lives import Bad
from simulation import Simulation


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1, help="so many seeds, from that one on")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--restarts", action="store_true", help="PostgreSQL is killed and started again, not only cut")
    parser.add_argument("--story", action="store_true", help="tell what happened")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    failures, faults, deaths = 0, Counter[str](), Counter[str]()
    with ExitStack() as stack:
        databases = _databases(given.database, stack, restarts=given.restarts)
        grounds = stack.enter_context(prepared())
        began = time.monotonic()
        for seed in range(given.seed, given.seed + given.count):
            simulation = Simulation(seed, grounds, databases)
            try:
                simulation.run()
            except Bad as error:
                failures += 1
                say(f"seed {seed}: {error}")
            faults.update(simulation.faults)
            deaths.update(simulation.deaths)
            if given.story:
                say("\n".join(simulation.story))
    say(f"{given.count} seeds, {failures} failed, {time.monotonic() - began:.1f} s")
    say("\n".join(f"{count:6} {name}" for name, count in sorted(faults.items())))
    say("\n".join(f"{count:6} died {name}" for name, count in sorted(deaths.items())))
    return 1 if failures else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _databases(kind: str, stack: ExitStack, *, restarts: bool) -> Databases:
    if kind == "sqlite":
        return SQLiteFiles(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=in_memory()))))
    cluster = Cluster()
    stack.callback(cluster.remove)
    cluster.init()
    cluster.start()

    def restart() -> None:
        cluster.kill()
        cluster.start()

    return PostgreSQLDatabases(cluster.new_database, cluster.new_database, restart if restarts else None)


if __name__ == "__main__":
    sys.exit(main())
