"""A move that a transition table has not is refused by the store, or changes nothing there."""

from datetime import timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from bankfeeds.domain import authorisation, push_operation
from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.push_operation import FINAL, PushOperation, PushStatus
from bankfeeds.domain.statement import StatementKind, StatementStatus
from bankfeeds.flows.context import World
from bankfeeds.store import authorisations, feeds, pushes, statements
from bankfeeds.store import tables as t

from .. import worlds

FINISHED = (StatementStatus.done, StatementStatus.refused, StatementStatus.dropped)


def session(world: World, status: AuthorisationStatus) -> authorisation.Authorisation:
    """A session with this status, however it came to it."""
    made = worlds.make_account(world)
    worlds.link(world, made)
    now = world.clock()

    def run(tx):
        authorisations.insert(tx, worlds.LISTING_ID, "s-1", "bank-1", now, now + timedelta(minutes=20))
        tx.run(t.authorisations.update().values(status=status.value))
        found = authorisations.find(tx, worlds.LISTING_ID, "s-1")
        assert found is not None
        return found

    return world.db.write(run)


def is_legal(before: AuthorisationStatus, after: AuthorisationStatus) -> bool:
    return before is after or after in authorisation.TRANSITIONS[before]


@pytest.mark.parametrize(("before", "after"), list(product(AuthorisationStatus, AuthorisationStatus)))
def test_an_authorisation_moves_by_its_table_or_not_at_all(world, before, after):
    found = session(world, before)
    rows = worlds.everything(world)

    if not is_legal(before, after):
        with pytest.raises(AssertionError, match="cannot become"):
            world.db.write(lambda tx: authorisations.move(tx, found, after, connection_id="other"))
        assert worlds.everything(world) == rows
        return
    world.db.write(lambda tx: authorisations.move(tx, found, after, connection_id="other"))
    moved = world.db.read(lambda tx: authorisations.get(tx, found.pk))
    assert (moved.status, moved.connection_id) == (after, "other")


def operation(world: World, status: PushStatus) -> int:
    made = worlds.make_account(world)
    push = PushOperation("key-1", made.company_id, made.connection_id, made.account_id, world.clock(), status)
    return world.db.write(lambda tx: pushes.insert(tx, made.account_pk, push, None))


@pytest.mark.parametrize(("before", "after"), list(product(PushStatus, sorted(FINAL))))
def test_a_push_operation_ends_once(world, before, after):
    pk = operation(world, before)
    rows = worlds.everything(world)

    world.db.write(lambda tx: pushes.end(tx, [pk], after, world.clock()))

    if after in push_operation.TRANSITIONS[before]:
        assert world.db.read(lambda tx: tx.value(sa.select(t.pushes.c.status))) == after.value
    else:
        assert worlds.everything(world) == rows


def feed_with(world: World, status: FeedStatus) -> tuple[worlds.Linked, feeds.Claim]:
    """A feed with this status, and the claim on it that was made while it was open."""
    made = worlds.make_account(world)
    worlds.link(world, made, start_on="2026-01-01")
    now = world.clock()

    def run(tx):
        (claim,) = feeds.claim_due(tx, "test", now, timedelta(minutes=1), 10)
        if status is FeedStatus.closed:
            feeds.close(tx, claim.feed_pk, now, "test")
        else:
            feeds.release(tx, claim.feed_pk, now, status=status.value)
        return claim

    return made, world.db.write(run)


@pytest.mark.parametrize("status", [FeedStatus.parked, FeedStatus.closed])
def test_a_feed_that_is_not_open_is_neither_claimed_nor_woken_nor_held_by_anybody(world, clock, status):
    made, claim = feed_with(world, status)
    rows = worlds.everything(world)
    clock.forward(days=30)

    world.db.write(lambda tx: feeds.wake(tx, made.account_pk, clock()))
    world.db.write(lambda tx: feeds.wake_listing(tx, worlds.LISTING_ID, clock()))
    assert world.db.write(lambda tx: feeds.claim_due(tx, "test", clock(), timedelta(minutes=1), 10)) == []
    assert world.db.write(lambda tx: feeds.held(tx, claim)) is None
    assert worlds.everything(world) == rows


@pytest.mark.parametrize("status", StatementStatus)
def test_closing_a_feed_drops_what_was_under_way_and_leaves_what_had_ended(world, status):
    _, claim = feed_with(world, FeedStatus.open)
    now = world.clock()
    made = world.db.write(lambda tx: statements.insert(tx, claim.feed_pk, StatementKind.opening, None, None, now))
    world.db.write(lambda tx: statements.change(tx, made.pk, status=status.value))
    rows = worlds.everything(world)

    world.db.write(lambda tx: statements.drop_open(tx, claim.feed_pk, now))

    if status in FINISHED:
        assert worlds.everything(world) == rows
    else:
        assert world.db.read(lambda tx: statements.get(tx, made.pk)).status is StatementStatus.dropped
