"""The primary PostgreSQL dies by SIGKILL under load; its synchronous standby is promoted; nothing is lost."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from bank_lines import make_lines, parts_of
from clusters import Cluster
from fleets import Fleet, running_fleet
from institutions import Customer
from processes import wait_until
from pushers import Pusher, pushing
from sage_users import SageCompany

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RESUMED_WITHIN_S = 30
LEASE_S = 10
NAMES = ("Bakery", "Garage", "Nursery")
LINES = 900


@pytest.fixture
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    """A primary that answers a commit only when its standby has it."""
    with ExitStack() as stack:
        primary, standby = Cluster(durable=True), Cluster(durable=True)
        stack.callback(primary.remove)
        stack.callback(standby.remove)
        primary.init()
        primary.start()
        standby.init_standby(primary)
        standby.start()
        primary.wait_for_standby()
        yield primary, standby


@pytest.fixture
def fleet(tmp_path: Path, pair: tuple[Cluster, Cluster]) -> Iterator[Fleet]:
    primary, standby = pair
    name = primary.new_database().rsplit("/", 1)[1]
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    with running_fleet(tmp_path, f"postgresql://bankfeeds@{hosts}/{name}", LEASE_S=str(LEASE_S)) as fleet:
        fleet.judge.set(processingMs=100, requestsPerSecond=0, strictOrder=True, notificationRetrySeconds=1)
        yield fleet


def test_delivery_goes_on_within_thirty_seconds_and_nothing_is_lost_when_the_primary_dies(
    fleet: Fleet, pair: tuple[Cluster, Cluster]
) -> None:
    primary, standby = pair
    customers = [Customer(fleet, name) for name in NAMES]
    linked, expected = [], {}
    for customer in customers:
        customer.open_account()
        sage = SageCompany(fleet, customer.name)
        linked.append(sage.link(customer))
        expected[sage.external_id(linked[-1])] = make_lines(LINES, prefix=customer.name)
    fleet.judge.expect(expected)
    pushers = [
        Pusher(customer, parts_of(lines, 5)) for customer, lines in zip(customers, expected.values(), strict=True)
    ]
    with pushing(*pushers):
        wait_until(lambda: _stored(fleet) > 100, "deliveries are under way")
        kill_between_commit_and_answer(primary)
        died_at = time.monotonic()
        wait_until(lambda: not _in_flight(fleet), "Sage finishes what it has")
        before = _stored(fleet)
        standby.promote()
        wait_until(lambda: _stored(fleet) > before, "delivery goes on", RESUMED_WITHIN_S + 10)
        resumed_after_s = time.monotonic() - died_at
        for pusher in pushers:
            pusher.finish(120)
    for customer, pusher in zip(customers, pushers, strict=True):
        customer.follow(*pusher.operations, within_s=90)
    logging.getLogger(__name__).info("delivery went on after %.1f s", resumed_after_s)
    assert resumed_after_s < RESUMED_WITHIN_S
    assert sum(pusher.retries for pusher in pushers) > 0, "no push was ever interrupted: this proves nothing"
    for bank_account, lines in zip(linked, expected.values(), strict=True):
        assert fleet.judge.stored(bank_account) == [line.id for line in lines]
    fleet.judge.find_clean(*linked)


def kill_between_commit_and_answer(primary: Cluster) -> None:
    """While somebody's commit waits for the standby: it is on the primary's disk, and nobody has been told."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with psycopg.connect(primary.url("postgres"), autocommit=True) as watcher:
        wait_until(lambda: watcher.execute(query).fetchall()[0][0] > 0, "a commit waits for the standby", 60)
        primary.kill()


def _stored(fleet: Fleet) -> int:
    return sum(each["lines"] for each in fleet.judge.get("/bankaccounts"))


def _in_flight(fleet: Fleet) -> bool:
    return any(each["status"] in {"pending", "processing"} for each in fleet.judge.get("/statements"))
