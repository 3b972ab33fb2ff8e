"""Fifty seeds of the simulator, on both databases, and proof that it notices what is broken on purpose.

A seed that fails is named with the command that replays it. `make soak` runs a thousand.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import soaked
from clusters import Cluster
from databases import Databases, PostgreSQLDatabases, SQLiteFiles, in_memory
from grounds import Grounds, prepared
from lives import Bad, Step
from simulation import Simulation

from bankfeeds.domain.delivery import Answered, Follow, Offer
from bankfeeds.domain.outcome import Done, Rejected, Taken, Unknown
from bankfeeds.flows import deliver, settle
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import POINTS
from bankfeeds.store.feeds import Claim

QUICK = {"sqlite": range(26), "postgresql": range(26, 50)}
LONG = {"sqlite": range(1000, 1600), "postgresql": range(2000, 2300), "restarts": range(3000, 3100)}
KINDS_OF_TROUBLE_MIN = 40


@dataclass
class Lives:
    """What became of some seeds."""

    count: int = 0
    failures: list[str] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)


def live(seeds: Iterable[int], grounds: Grounds, databases: Databases, lives: Lives) -> None:
    for seed in seeds:
        simulation = Simulation(seed, grounds, databases)
        lives.count += 1
        try:
            simulation.run()
        except Bad as error:
            replay = f"python tests/simulator/run.py --seed {seed} --database {databases.name} --story"
            lives.failures.append(f"seed {seed}: {error}; replay: {replay}")
        lives.deaths.update(simulation.deaths)
        lives.troubles.update(simulation.faults)


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    with prepared() as grounds:
        yield grounds


@pytest.fixture(scope="module")
def sqlite_files() -> Iterator[SQLiteFiles]:
    directory = Path(tempfile.mkdtemp(dir=in_memory()))
    yield SQLiteFiles(directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A server of our own: its connections are cut, and it may be killed."""
    made = Cluster()
    try:
        made.init()
        made.start()
        yield made
    finally:
        made.remove()


def on(cluster: Cluster, *, restarts: bool = False) -> PostgreSQLDatabases:
    def restart() -> None:
        cluster.kill()
        cluster.start()

    return PostgreSQLDatabases(cluster.new_database, cluster.new_database, restart if restarts else None)


# --- in `make test` ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fifty(grounds: Grounds, sqlite_files: SQLiteFiles, own_cluster: Cluster) -> Lives:
    lives = Lives()
    live(QUICK["sqlite"], grounds, sqlite_files, lives)
    live(QUICK["postgresql"], grounds, on(own_cluster), lives)
    return lives


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_seeds_lose_nothing_double_nothing_and_keep_the_order(fifty: Lives) -> None:
    assert fifty.count == 50
    assert not fifty.failures, "\n".join(fifty.failures)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_over_fifty_seeds_somebody_died_at_every_named_point(fifty: Lives) -> None:
    assert set(POINTS) - set(fifty.deaths) == set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_over_fifty_seeds_every_kind_of_trouble_struck(fifty: Lives) -> None:
    assert len(fifty.troubles) >= KINDS_OF_TROUBLE_MIN, sorted(fifty.troubles)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_over_fifty_seeds_pushes_were_held_released_and_dropped_and_the_gaps_that_dropping_makes_were_named(
    fifty: Lives,
) -> None:
    kinds = {"held in quarantine", "released from quarantine", "dropped in quarantine", "gap in the balances, named"}
    assert kinds <= fifty.troubles.keys()


# --- and the simulator would have noticed -------------------------------------------------------------------------------


def settles_with(change: Callable[[World, Claim, Answered], tuple[Claim, Answered]]) -> Step:
    """A deliverer whose third beat is told something else than what happened."""

    def step(world: World, claim: Claim) -> settle.Parked | None:
        plan = world.db.write(lambda tx: deliver.prepare(tx, world, claim))
        world.crash("deliver: after prepare")
        if plan is None:
            return None
        world.sleep(max((plan.not_before - world.clock()).total_seconds(), 0))
        answered = deliver.ask(world.destinations(plan.listing), plan.act, plan.account.external_id)
        world.crash("deliver: after call")
        claimed, told = change(world, claim, answered)
        return world.db.write(lambda tx: settle.settle(tx, world, claimed, told))

    return step


def ignoring_doubt(_world: World, claim: Claim, answered: Answered) -> tuple[Claim, Answered]:
    """No answer to an offer is taken for a good one."""
    if isinstance(answered.act, Offer) and isinstance(answered.outcome, Unknown):
        return claim, replace(answered, outcome=Done())
    return claim, answered


def hasty(_world: World, claim: Claim, answered: Answered) -> tuple[Claim, Answered]:
    """A statement that Sage has taken counts as finished."""
    if isinstance(answered.act, Offer | Follow) and isinstance(answered.outcome, Taken):
        return claim, replace(answered, outcome=Done())
    return claim, answered


def deaf(_world: World, claim: Claim, answered: Answered) -> tuple[Claim, Answered]:
    """A refusal is not listened to."""
    if isinstance(answered.act, Offer | Follow) and isinstance(answered.outcome, Rejected):
        return claim, replace(answered, outcome=Done())
    return claim, answered


def first_failure(step: Step, grounds: Grounds, databases: Databases) -> tuple[int, str]:
    for seed in range(50):
        try:
            Simulation(seed, grounds, databases, step).run()
        except (Bad, AssertionError) as error:
            return seed, str(error)
    return 50, "nothing was noticed"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("change", [ignoring_doubt, hasty, deaf], ids=lambda each: each.__name__)
def test_a_deliverer_broken_on_purpose_is_caught_within_fifty_seeds(
    change: Any, grounds: Grounds, sqlite_files: SQLiteFiles
) -> None:
    seed, told = first_failure(settles_with(change), grounds, sqlite_files)
    assert seed < 50, told


@pytest.mark.slow
def test_the_same_deliverer_unbroken_is_not_accused(grounds: Grounds, sqlite_files: SQLiteFiles) -> None:
    for seed in range(3):
        Simulation(seed, grounds, sqlite_files, settles_with(lambda _world, claim, answered: (claim, answered))).run()


# --- in `make soak` -----------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", list(LONG))
def test_a_thousand_seeds_lose_nothing_double_nothing_and_keep_the_order(
    kind: str, grounds: Grounds, sqlite_files: SQLiteFiles, own_cluster: Cluster
) -> None:
    """`restarts`: PostgreSQL itself is killed and started again in mid-step."""
    lives = Lives()
    databases = sqlite_files if kind == "sqlite" else on(own_cluster, restarts=kind == "restarts")
    live(LONG[kind], grounds, databases, lives)
    soaked.note(f"seeds {kind}", seeds=lives.count, bad_lines=len(lives.failures))
    assert not lives.failures, "\n".join(lives.failures)
