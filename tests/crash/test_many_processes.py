"""Two API processes and three workers on one PostgreSQL: any of them dies by SIGKILL at any moment, under load."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soaked
from bank_lines import Line, make_lines, parts_of
from fleets import MANY, Fleet, running_fleet
from institutions import Customer
from pushers import Pusher, pushing
from sage_users import SageCompany

LEASE_S = 10
LINES_PER_ROUND = 250
LONG_S = 3600
ROUNDS_MAX = 40
"""In one spell."""
NAMES = ("Bakery", "Garage", "Nursery", "Smithy")


@pytest.fixture
def fleet(tmp_path: Path, new_postgresql: Any) -> Iterator[Fleet]:
    with running_fleet(tmp_path, new_postgresql(), LEASE_S=str(LEASE_S)) as fleet:
        yield fleet


@dataclass
class Done:
    kills: int = 0
    retries: int = 0


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
        pytest.param(LONG_S, marks=[pytest.mark.soak, pytest.mark.timeout(5400)]),
    ],
)
def test_every_line_is_in_sage_once_whichever_processes_are_killed(fleet: Fleet, seconds: int) -> None:
    """In spells, each with accounts of its own, lest all that was ever expected has to be told again each round."""
    started = time.monotonic()
    done, bad_lines = Done(), 0
    while time.monotonic() < started + seconds:
        linked = spell(fleet, started + seconds, done)
        bad_lines += fleet.judge.bad_lines()
        fleet.judge.find_clean(*linked)
        if seconds >= LONG_S:
            minutes = (time.monotonic() - started) / 60
            soaked.note("kills", kill_minutes=minutes, bad_lines=bad_lines)
    assert done.kills > 0
    assert done.retries > 0, "no push was ever interrupted: this proves nothing"


def spell(fleet: Fleet, ends_at: float, done: Done) -> list[str]:
    """Rounds: lines are pushed to every account while processes die; then every push has to end in Success. The bank
    accounts.
    """
    begin(fleet)
    customers = [Customer(fleet, name) for name in NAMES]
    linked: dict[str, str] = {}
    for customer in customers:
        customer.open_account()
        linked[customer.name] = SageCompany(fleet, customer.name).link(customer)
    external = {name: sage_id(fleet, bank_account) for name, bank_account in linked.items()}
    sent: dict[str, list[Line]] = {name: [] for name in NAMES}
    for _ in range(ROUNDS_MAX):
        pushers = [pusher_of(customer, sent[customer.name]) for customer in customers]
        fleet.judge.expect({external[name]: lines for name, lines in sent.items()})
        with pushing(*pushers):
            while any(pusher.is_alive() for pusher in pushers):
                done.kills += kill_some(fleet)
            for pusher in pushers:
                pusher.finish()
        done.retries += sum(pusher.retries for pusher in pushers)
        for customer, pusher in zip(customers, pushers, strict=True):
            customer.follow(*pusher.operations, within_s=3 * LEASE_S + 60)
        if time.monotonic() > ends_at:
            break
    for name, bank_account in linked.items():
        assert fleet.judge.stored(bank_account) == [line.id for line in sent[name]]
    return list(linked.values())


def begin(fleet: Fleet) -> None:
    """Sage with nothing in it."""
    fleet.judge.reset()
    fleet.judge.set(processingMs=100, requestsPerSecond=0, strictOrder=True, notificationRetrySeconds=1)


def pusher_of(customer: Customer, sent: list[Line]) -> Pusher:
    lines = make_lines(LINES_PER_ROUND, prefix=customer.name, days=1, first=len(sent) + 1)
    sent += lines
    return Pusher(customer, parts_of(lines, 5))


def kill_some(fleet: Fleet) -> int:
    """One or two processes, at a random moment; they come back after another."""
    time.sleep(random.uniform(0.05, 0.8))
    victims = random.sample(list(MANY), random.choice([1, 1, 2]))
    for name in victims:
        fleet.kill(name)
    time.sleep(random.uniform(0, 0.5))
    for name in victims:
        fleet.start(name)
    return len(victims)


def sage_id(fleet: Fleet, bank_account: str) -> str:
    found = fleet.judge.get("/bankaccounts")
    return next(each["externalId"] for each in found if each["bankAccountId"] == bank_account)
