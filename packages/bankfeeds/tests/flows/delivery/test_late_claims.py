"""A worker that stood still for longer than its lease, between writing a statement down and sending it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bankfeeds.flows import deliver, reauthorise, report
from bankfeeds.store import feeds

LEASE = timedelta(seconds=60)


def stall(platform: Any, meanwhile: Any) -> None:
    """One step of a worker that stands still before its call while `meanwhile` happens."""

    def crash(point: str) -> None:
        if point == "deliver: before call":
            platform.clock.advance(LEASE.total_seconds() + 5)
            meanwhile()

    claims = platform.world.db.write(lambda tx: feeds.claim_due(tx, "slow", platform.clock(), LEASE, 1))
    deliver.step(replace(platform.world, crash=crash), claims[0])


def test_an_opening_statement_does_not_set_the_balance_back(platform: Any, make_lines: Any) -> None:
    platform.link()

    def meanwhile() -> None:
        platform.run()
        platform.push(*make_lines("2026-02-01"))
        platform.run()

    stall(platform, meanwhile)
    platform.run()
    assert [len(delivery.batch) for delivery in platform.sage.offers] == [0, 1]
    assert platform.sage.stored == {"ba-1": ["t-1"]}


def test_a_request_to_authorise_again_does_not_come_after_the_user_did(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    reauthorise.ask(platform.world, "operator:test", "ext-acc-001", "consent ends")

    def meanwhile() -> None:
        platform.run()
        connection_id = platform.connection().id
        platform.world.db.write(lambda tx: report._renew(tx, connection_id, platform.clock()))
        platform.push(*make_lines("2026-02-01"))
        platform.run()

    stall(platform, meanwhile)
    platform.run()
    assert platform.sage.statuses["ba-1"] == ["active", "authRequired", "active"]
