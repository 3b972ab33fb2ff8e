"""Notifications: each has its effect once, in whatever order they come."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.errors import Forbidden, NotFound
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.notification import Notification, NotificationKind
from bankfeeds.flows import connections, listings, notifications
from bankfeeds.flows.available_accounts import available
from bankfeeds.store import authorisations, feeds

from ... import consent, worlds


def receive(world, notification):
    return notifications.receive(world, consent.LISTING, notification)


def feed(world, bank_account_id="sage-1"):
    return world.db.read(lambda tx: feeds.by_bank_account(tx, consent.LISTING, bank_account_id))


@pytest.fixture
def started(sage_world):
    """A connection whose accounts Sage was told of."""
    begun = consent.start(sage_world)
    begun.submit()
    return begun


@pytest.fixture
def external_id(started):
    return consent.external_id(started.world, started.made)


def test_a_new_session_is_good_for_twenty_minutes_and_a_repeat_is_known(sage_world, clock):
    assert receive(sage_world, consent.session_created("s-1")) == "session stored"
    before = sage_world.db.read(lambda tx: authorisations.find(tx, consent.LISTING, "s-1"))
    clock.forward(minutes=5)

    assert receive(sage_world, consent.session_created("s-1")) == "known already: session stored"

    after = sage_world.db.read(lambda tx: authorisations.find(tx, consent.LISTING, "s-1"))
    assert after == before
    assert after.expires_at == after.received_at + timedelta(minutes=20)


@pytest.mark.parametrize("kind", ["session", "account"])
def test_another_banks_notification_is_refused_audited_and_not_remembered(started, external_id, kind):
    world = started.world
    about = {"session": consent.session_created("s-1"), "account": consent.account_created("sage-1", external_id)}[kind]
    before = worlds.everything(world)

    with pytest.raises(Forbidden):
        receive(world, replace(about, bank_id="another bank"))

    after = worlds.everything(world)
    assert {name for name in after if after[name] != before[name]} == {"audit"}
    assert worlds.audited(world)[-1] == ("sage:uk", "notification.refuse", "listing:uk")
    assert receive(world, about) in {"session stored", "opened"}


def test_a_listing_without_a_bank_id_believes_nothing(sage_world):
    listings.update(sage_world, "operator:ann", consent.LISTING, {"bank_id": None})

    with pytest.raises(Forbidden):
        receive(sage_world, consent.session_created("s-1", None))


def test_a_removed_listing_hears_nothing(sage_world):
    listings.remove(sage_world, "operator:ann", consent.LISTING)

    with pytest.raises(NotFound):
        receive(sage_world, consent.session_created("s-1"))


def test_a_bank_account_opens_a_feed_once(started, external_id):
    world = started.world

    assert receive(world, consent.account_created("sage-1", external_id, "2026-02-01T00:00:00Z")) == "opened"
    before = feed(world)
    assert receive(world, consent.account_created("sage-1", external_id)).startswith("known already")

    assert feed(world) == before
    assert before.start_on.isoformat() == "2026-02-01"
    connection = connections.get(world, started.made.company_id, started.made.connection_id)
    assert connection.status is ConnectionStatus.linked


def test_an_account_never_reported_opens_no_feed(sage_world):
    made = worlds.make_account(sage_world)
    before = worlds.everything(sage_world)

    result = receive(sage_world, consent.account_created("sage-1", consent.external_id(sage_world, made)))

    after = worlds.everything(sage_world)
    assert result == "refused: never reported"
    assert {name for name in after if after[name] != before[name]} == {"audit", "notifications"}


def test_a_bank_account_of_no_named_account_opens_no_feed(sage_world):
    assert receive(sage_world, consent.account_created("sage-1", None)) == "refused: no externalId"
    assert feed(sage_world) is None


def test_a_deletion_closes_the_feed_and_a_repeated_creation_does_not_reopen_it(started, external_id):
    world = started.world
    receive(world, consent.account_created("sage-1", external_id))

    assert receive(world, consent.account_deleted("sage-1", external_id)) == "closed"
    receive(world, consent.account_created("sage-1", external_id))
    receive(world, consent.account_deleted("sage-1", external_id))

    assert feed(world).status is FeedStatus.closed


def test_a_deletion_that_overtakes_its_creation_leaves_no_feed(started, external_id):
    world = started.world

    assert receive(world, consent.account_deleted("sage-1", external_id)) == "unknown"
    assert receive(world, consent.account_created("sage-1", external_id)) == "refused: deleted already"

    assert feed(world) is None
    connection = connections.get(world, started.made.company_id, started.made.connection_id)
    assert connection.status is ConnectionStatus.pending_auth


def test_linked_again_after_a_deletion_is_another_feed(started, external_id):
    world = started.world
    receive(world, consent.account_created("sage-1", external_id))
    receive(world, consent.account_deleted("sage-1", external_id))

    assert receive(world, consent.account_created("sage-2", external_id)) == "opened"
    assert feed(world, "sage-2").status is FeedStatus.open


def test_unknown_kinds_are_accepted_and_kept(sage_world):
    odd = Notification(NotificationKind.unknown, "resourceUpdated", "weather", "w-1")

    assert receive(sage_world, odd) == "ignored: unknown type"
    assert receive(sage_world, odd) == "known already: ignored: unknown type"
    assert len(worlds.everything(sage_world)["notifications"]) == 1


def test_accounts_opened_since_are_offered_and_may_then_be_linked(started, external_id):
    world, made = started.world, started.made
    late = worlds.add_account(world, made.company_id, made.connection_id, "late", name="Savings", type="savings")

    offered = available(world, consent.LISTING, external_id)

    assert [account.name for account in offered] == ["Trading account", "Savings"]
    assert {account.bank_identifier for account in offered} == {made.company_id}
    assert receive(world, consent.account_created("sage-2", consent.external_id(world, late))) == "opened"


def test_nothing_is_offered_for_what_was_never_reported(sage_world):
    made = worlds.make_account(sage_world)
    before = worlds.everything(sage_world)

    assert available(sage_world, consent.LISTING, consent.external_id(sage_world, made)) == []
    assert available(sage_world, consent.LISTING, "unknown") == []
    assert worlds.everything(sage_world) == before
