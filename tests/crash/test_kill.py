"""The running platform dies by SIGKILL in mid-delivery, again and again, while the institution goes on pushing."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank_lines import make_lines, parts_of
from institutions import Customer
from processes import wait_until
from pushers import Pusher, pushing
from sage_users import SageCompany
from systems import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LINES_PER_KILL = 150
LEASE_S = 10
"""The least the setting takes: what a dead worker had in hand is free again after it."""

LONG_LEASE_S = 120


@pytest.fixture
def lease_s() -> int:
    return LEASE_S


@pytest.fixture
def system(tmp_path: Path, lease_s: int) -> Iterator[System]:
    with running(tmp_path, LEASE_S=str(lease_s)) as system:
        system.judge.set(processingMs=150, requestsPerSecond=0, strictOrder=True, notificationRetrySeconds=1)
        yield system


@pytest.mark.parametrize("kills", [6, pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_every_line_is_in_sage_once_however_often_the_platform_is_killed(system: System, kills: int) -> None:
    """Every other moment is chance, seeded by pytest-randomly: the seed it prints at the start replays them."""
    customers = [Customer(system, name) for name in ("Bakery", "Garage", "Nursery")]
    linked: list[str] = []
    expected = {}
    for customer in customers:
        customer.open_account()
        sage = SageCompany(system, customer.name)
        linked.append(sage.link(customer))
        expected[sage.external_id(linked[-1])] = make_lines(LINES_PER_KILL * kills, prefix=customer.name)
    system.judge.expect(expected)
    system.judge.fault("POST /v1/statements", "delay", delayMs=120)
    pushers = [
        Pusher(customer, parts_of(lines, 5)) for customer, lines in zip(customers, expected.values(), strict=True)
    ]
    in_flight = 0
    with pushing(*pushers):
        for number in range(kills):
            before = _taken(system)
            wait_until(
                lambda before=before: _taken(system) > before or not any(pusher.is_alive() for pusher in pushers),
                "deliveries go on",
                LEASE_S + 60,
            )
            time.sleep(random.uniform(0, 0.5))
            if number % 2:
                wait_until(lambda: _in_flight(system) or not any(pusher.is_alive() for pusher in pushers), "a delivery")
            system.kill_platform()
            in_flight += _in_flight(system)
            system.restart_platform()
        for pusher in pushers:
            pusher.finish(60 + 3 * kills)

    for customer, pusher in zip(customers, pushers, strict=True):
        customer.follow(*_some(pusher), within_s=90)
    assert sum(pusher.retries for pusher in pushers) > 0, "no push was ever interrupted: this proves nothing"
    assert in_flight > 0, "no delivery was ever interrupted: this proves nothing"
    for bank_account, lines in zip(linked, expected.values(), strict=True):
        assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(*linked)


def _in_flight(system: System) -> int:
    return sum(each["status"] in {"pending", "processing"} for each in system.judge.get("/statements"))


def _taken(system: System) -> int:
    return len(system.judge.get("/statements"))


def _some(pusher: Pusher) -> list[dict[str, str]]:
    """An account's pushes end in order: when the last has succeeded, so have all."""
    return [pusher.operations[0], *pusher.operations[-20:]]


def test_a_platform_killed_while_its_user_is_being_connected_connects_them_all_the_same(system: System) -> None:
    """Sage repeats a notification that nobody heard; the link is made, and the lines go."""
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    link, picker = sage.authorise(customer)
    start_on = make_lines(30)[0].on
    sage.pick(picker, "Trading account", start_on)
    picked = sage.poll(link)
    system.kill_platform()

    bank_account = sage.add(picked, start_on)

    wait_until(
        lambda: any(n["attempts"] for n in system.judge.get("/notifications") if n["resourceId"] == bank_account),
        "Sage has called in vain",
    )
    system.restart_platform()
    customer.wait_account("connected")
    lines = make_lines(30)
    system.judge.expect({sage.external_id(bank_account): lines})
    customer.follow(customer.push(lines))
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)


@pytest.mark.parametrize("lease_s", [LONG_LEASE_S])
def test_a_platform_told_to_end_finishes_what_it_has_begun_and_goes_on_afterwards(system: System) -> None:
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    bank_account = sage.link(customer)
    lines = make_lines(300)
    system.judge.expect({sage.external_id(bank_account): lines})
    system.judge.wait_active(bank_account)
    system.judge.fault("POST /v1/statements", "delay", delayMs=800, times=1)
    pushed = customer.push(lines)

    began = time.monotonic()
    system.stop_platform()

    assert time.monotonic() - began < LONG_LEASE_S
    system.restart_platform()
    customer.follow(pushed, within_s=LONG_LEASE_S - 30)
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    assert len([each for each in system.judge.statements(bank_account) if each["transactionDetailsCount"]]) == 1
    system.judge.find_clean(bank_account)
