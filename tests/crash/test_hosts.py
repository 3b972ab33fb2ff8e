"""Workers on hosts of their own; one is cut off in mid-delivery for longer than its lease, and then let back."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bank_lines import make_lines, parts_of
from clusters import Cluster
from fleets import Fleet, Member, running_fleet
from institutions import Customer
from networks import Network, NotPermittedError, made
from processes import wait_until
from pushers import Pusher, pushing
from sage_users import SageCompany

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LEASE_S = 10
CUT_S = 16
TAKEN_OVER_WITHIN_S = 2 * LEASE_S + 15
"""The lease, and what the server needs to notice that a host which had rows locked is gone."""
NAMES = ("Bakery", "Garage", "Nursery", "Smithy")
LINES = 2000
log = logging.getLogger(__name__)


@pytest.fixture
def network() -> Iterator[Network]:
    try:
        with made(2) as network:
            yield network
    except NotPermittedError as error:
        pytest.skip(str(error))


@pytest.fixture
def cluster_on(network: Network) -> Iterator[Cluster]:
    """Listens on this machine and to the network's own hosts."""
    made_here = Cluster(addresses=f"127.0.0.1,{network.address}")
    try:
        made_here.init()
        made_here.trust(network.range)
        made_here.start()
        yield made_here
    finally:
        made_here.remove()


@pytest.fixture
def fleet(tmp_path: Path, network: Network, cluster_on: Cluster) -> Iterator[Fleet]:
    url = cluster_on.new_database().replace("127.0.0.1", network.address)
    members = {"api": Member(("api", "sage"))}
    members |= {host: Member(("worker",), network.inside(host)) for host in network.hosts}
    with running_fleet(tmp_path, url, members, network.address, LEASE_S=str(LEASE_S)) as fleet:
        fleet.judge.set(processingMs=100, requestsPerSecond=0, strictOrder=True, notificationRetrySeconds=1)
        yield fleet


def test_a_host_cut_off_for_longer_than_its_lease_harms_nothing_and_work_goes_on_elsewhere(
    fleet: Fleet, network: Network, cluster_on: Cluster
) -> None:
    customers = [Customer(fleet, name) for name in NAMES]
    linked, expected = [], {}
    for customer in customers:
        customer.open_account()
        sage = SageCompany(fleet, customer.name)
        linked.append(sage.link(customer))
        expected[sage.external_id(linked[-1])] = make_lines(LINES, prefix=customer.name)
    fleet.judge.expect(expected)
    fleet.judge.fault("POST /v1/statements", "delay", delayMs=60)
    pushers = [
        Pusher(customer, parts_of(lines, 5)) for customer, lines in zip(customers, expected.values(), strict=True)
    ]
    lost = network.hosts[0]
    url = fleet.settings["BANKFEEDS_DATABASE_URL"]
    with pushing(*pushers), psycopg.connect(url, autocommit=True) as watcher:
        wait_until(lambda: _holds(fleet, watcher, lost), f"{lost} has feeds in hand", 60)
        network.cut(lost)
        cut_at = time.monotonic()
        for _ in range(2):
            _wait_for_more(fleet)
        taken_over_s = time.monotonic() - cut_at
        wait_until(lambda: time.monotonic() > cut_at + CUT_S, "the cut lasts longer than a lease", CUT_S + 5)
        network.mend(lost)
        cut_s = time.monotonic() - cut_at
        wait_until(lambda: _holds(fleet, watcher, lost), f"{lost} works again", 60)
        for pusher in pushers:
            pusher.finish(120)
    for customer, pusher in zip(customers, pushers, strict=True):
        customer.follow(*pusher.operations[-40:], within_s=90)
    log.info("cut off for %.1f s; everything taken over after %.1f s", cut_s, taken_over_s)
    assert cut_s > LEASE_S
    for bank_account, lines in zip(linked, expected.values(), strict=True):
        assert fleet.judge.stored(bank_account) == [line.id for line in lines]
    fleet.judge.find_clean(*linked)


def _holds(fleet: Fleet, watcher: psycopg.Connection, host: str) -> bool:
    """Whether the worker on that host has claimed a feed just now."""
    child = fleet.members[host].child
    assert child is not None
    query = "SELECT count(*) FROM feeds WHERE lease_owner LIKE %s AND lease_until > clock_timestamp()"
    found = watcher.execute(query, [f"%:{child.pid}"]).fetchone()
    return found is not None and found[0] > 0


def _wait_for_more(fleet: Fleet) -> None:
    """Once may be what the lost host had just sent; a second time is another host's work."""
    counts = _lines(fleet)
    wait_until(
        lambda: all(now > counts[each] for each, now in _lines(fleet).items()),
        "every account's lines go on",
        TAKEN_OVER_WITHIN_S,
    )


def _lines(fleet: Fleet) -> dict[str, int]:
    return {each["bankAccountId"]: each["lines"] for each in fleet.judge.get("/bankaccounts")}
