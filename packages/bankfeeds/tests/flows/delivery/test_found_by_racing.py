"""Races on PostgreSQL that a hostile reading found, each forced to happen."""

import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import confirm
from bankfeeds.flows import feeds as feed_flow
from bankfeeds.store import pushes
from bankfeeds.store import tables as t

from .conftest import CONNECTION, LISTING


@pytest.mark.parametrize("make_platform", ["postgresql"], indirect=True)
def test_a_repeat_ends_with_its_original_whatever_happens_meanwhile(
    make_platform: Any, make_lines: Any, request: Any
) -> None:
    platform = make_platform()
    platform.link()
    platform.run()
    platform.sage.troubles = ["refused connection"] * 500
    first = platform.push(*make_lines("2026-02-01"), timeout_minutes=1)
    platform.clock.advance(120)
    real = pushes.follow

    def follow(tx, pk, originals):  # the worker's round comes between the look and the follow
        t = threading.Thread(
            target=lambda: platform.world.db.write(lambda t2: confirm.time_out_pushes(t2, platform.clock()))
        )
        t.start()
        t.join(3)
        real(tx, pk, originals)

    pushes.follow = follow
    try:
        again = platform.push(*make_lines("2026-02-01"))
    finally:
        pushes.follow = real
    platform.sage.troubles = []
    platform.run()
    platform.world.db.write(lambda t2: confirm.time_out_pushes(t2, platform.clock()))
    assert platform.operation(first).status is PushStatus.timed_out
    assert platform.operation(again).status is not PushStatus.pending


@pytest.mark.parametrize("make_platform", ["postgresql"], indirect=True)
def test_no_feed_is_opened_for_a_deleted_account(make_platform: Any) -> None:
    platform = make_platform()
    db = platform.world.db
    done = []
    with db.engine.begin() as c:
        c.execute(sa.select(t.connections).where(t.connections.c.id == CONNECTION).with_for_update())
        notice = threading.Thread(
            target=lambda: done.append(
                db.write(
                    lambda tx: feed_flow.open_feed(
                        tx, platform.world, LISTING, "ext-acc-001", "ba-1", "2026-01-01", "sage"
                    )
                )
            )
        )
        notice.start()
        time.sleep(1.0)
        c.execute(
            t.source_accounts.update()
            .where(t.source_accounts.c.external_id == "ext-acc-001")
            .values(deleted_at=platform.clock())
        )
    notice.join(10)
    assert done != ["opened"]


@pytest.mark.parametrize("make_platform", ["postgresql"], indirect=True)
def test_closing_what_sage_cancelled_needs_no_deadlock(make_platform: Any, make_lines: Any) -> None:
    platform = make_platform()
    db = platform.world.db
    platform.link()
    platform.run()
    platform.push(*make_lines("2026-02-01"))
    platform.sage.cancelled = {"ba-1"}
    platform.sage.found = FoundAccount("ba-1", "cancelled", "2026-01-01")
    with db.engine.connect() as c:
        c.begin()
        c.execute(
            sa.select(t.connections).where(t.connections.c.id == CONNECTION).with_for_update()
        )  # unlink's first lock
        worker = threading.Thread(target=platform.step)
        worker.start()

        def waits():
            with db.engine.connect() as o:
                return o.execute(
                    sa.text(
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    )
                ).scalar()

        for _ in range(100):
            if waits():
                break
            time.sleep(0.1)
        else:
            raise AssertionError("the worker never waits for the connection")
        c.execute(sa.text("SET LOCAL lock_timeout = '500ms'; "))
        try:
            c.execute(
                sa.select(t.source_accounts).where(t.source_accounts.c.external_id == "ext-acc-001").with_for_update()
            )  # and its second
        except Exception as e:  # noqa: BLE001 - whatever it is, it is the finding
            err = e
        else:
            err = None
        c.rollback()
    worker.join(10)
    assert err is None, repr(err)[:200]
