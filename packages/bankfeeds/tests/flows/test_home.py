"""The first page's figures: hours of UTC, what was delivered and refused in them, and what waits."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.flows.home import HOURS, home
from bankfeeds.store import tables as t

from .. import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


def finish(world, at, status="done", lines=0, kind="lines"):
    def run(tx):
        feed = tx.value(sa.select(t.feeds.c.pk))
        tx.run(
            t.statements.insert().values(
                feed_pk=feed, kind=kind, status=status, line_count=lines, created_at=at, finished_at=at
            )
        )

    world.db.write(run)


@pytest.fixture
def linked(world):
    made = worlds.make_account(world)
    worlds.link(world, made)
    return made


def test_an_empty_platform_has_its_hours_and_nothing_in_them(world):
    found = home(world)
    assert [each.begins_at.hour for each in found.hours] == [*range(13, 24), *range(13)]
    assert sum(each.delivered + each.statements + each.refused for each in found.hours) == 0
    assert (found.waiting_lines, found.oldest_waiting_at, found.listings) == (0, None, [])
    assert found.feeds == dict.fromkeys(FeedStatus, 0)


def test_statements_count_in_the_hour_in_which_they_ended(world, linked, clock):
    now = clock()
    finish(world, now, lines=7)
    finish(world, now, lines=3)
    finish(world, now, "refused", lines=1)
    finish(world, now, "dropped", lines=50)
    finish(world, datetime(2026, 2, 3, 0, 0, tzinfo=UTC), lines=20)
    finish(world, datetime(2026, 2, 2, 23, 59, 59, tzinfo=UTC), lines=100)
    finish(world, now - timedelta(hours=HOURS), lines=1000)

    found = home(world)

    hours = {each.begins_at.hour: (each.delivered, each.statements, each.refused) for each in found.hours}
    assert (hours[12], hours[0], hours[23]) == ((10, 2, 1), (20, 1, 0), (100, 1, 0))
    assert (found.delivered_today, found.refused_today) == (30, 1)
    assert found.feeds[FeedStatus.open] == 1


def test_lines_behind_a_feeds_cursor_wait(world, linked):
    world.db.write(lambda tx: tx.run(t.source_accounts.update().values(last_seq=5)))
    assert home(world).waiting_lines == 5
    world.db.write(lambda tx: tx.run(t.feeds.update().values(cursor=2)))
    assert home(world).waiting_lines == 3
    world.db.write(lambda tx: tx.run(t.feeds.update().values(status="closed")))
    assert home(world).waiting_lines == 0


def test_a_listings_sage_is_told_with_its_budget_and_its_silence(world, linked, clock):
    def run(tx):
        tx.run(t.budgets.delete())
        next_at = clock() + timedelta(seconds=30)
        tx.run(t.budgets.insert().values(listing_id=worlds.LISTING_ID, next_at=next_at, failures=4))

    world.db.write(run)
    (state,) = home(world).listings
    assert (state.listing.id, state.ahead_s, state.failures) == (worlds.LISTING_ID, 30.0, 4)
    assert not state.needs_confirmation
