"""What happens is in the outbox if a consumer would hear of it, and nothing is if none would; on both databases."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec import Raw

from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.webhook import CATALOGUE
from bankfeeds.flows import accept, companies, connections, operate, products, reauthorise, source_accounts
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.source_accounts import AccountChange
from bankfeeds.store import pushes
from bankfeeds.store import tables as base
from bankfeeds.store import tables_webhooks as t
from bankfeeds.web.codat.wire import Transaction

from .. import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


def subscribe(world: World, *event_types: str) -> None:
    """As the flow of consumers does, and nothing more."""
    values = {"id": world.ids.uuid(), "url": "https://bank.example", "company_tags": [], "sealed_secret": "s"}

    def run(tx: Any) -> None:
        tx.run(t.webhook_consumers.insert().values(**values, is_disabled=False, created_at=world.clock()))
        pk = tx.value(sa.select(sa.func.max(t.webhook_consumers.c.pk)))
        for each in event_types:
            tx.run(t.webhook_subscriptions.insert().values(event_type=each, consumer_pk=pk))

    world.db.write(run)


def happened(world: World) -> list[str]:
    query = sa.select(t.webhook_outbox.c.happening).order_by(t.webhook_outbox.c.pk)
    return [row.happening for row in world.db.read(lambda tx: tx.rows(query))]


def facts(world: World) -> list[Any]:
    query = sa.select(t.webhook_outbox.c.facts).order_by(t.webhook_outbox.c.pk)
    return [row.facts for row in world.db.read(lambda tx: tx.rows(query))]


def push(world: World, made: worlds.Linked, *ids: str) -> str:
    one = Raw(b"1.00")
    items = [Transaction(id=each, date="2026-02-03", description="d", amount=one, balance=one) for each in ids]
    request = PushRequest(made.company_id, made.connection_id, made.account_id, made.account_id, items, None)
    return accept.accept(world, "test", request).key


def end(world: World, key: str, status: PushStatus) -> None:
    def run(tx: Any) -> None:
        pk = tx.value(sa.select(base.pushes.c.pk).where(base.pushes.c.key == key))
        pushes.end(tx, [pk], status, world.clock())

    world.db.write(run)


def test_without_a_subscription_nothing_is_written_down(world: World) -> None:
    made = worlds.make_account(world)
    worlds.link(world, made)
    end(world, push(world, made, "t-1"), PushStatus.success)
    connections.delete(world, "test", made.company_id, made.connection_id)
    assert happened(world) == []


def test_a_subscription_to_something_else_writes_nothing_down_either(world: World) -> None:
    subscribe(world, "company.deleted")
    made = worlds.make_account(world)
    worlds.link(world, made)
    assert happened(world) == []
    companies.delete(world, "test", made.company_id)
    assert happened(world) == ["company deleted"]


def test_a_company_from_its_first_day_to_its_last(world: World) -> None:
    subscribe(world, *CATALOGUE)
    made = worlds.make_account(world)
    products.remove(world, "test", made.company_id, "bank-feeds")
    products.remove(world, "test", made.company_id, "bank-feeds")
    products.add(world, "test", made.company_id, "bank-feeds")
    worlds.link(world, made)
    worlds.link(world, made, "sage-2")
    connections.unlink(world, "test", made.company_id, made.connection_id)
    worlds.link(world, made, "sage-3")
    companies.delete(world, "test", made.company_id)
    assert happened(world) == [
        "company created",
        "connection created",
        "product removed",
        "product added",
        "connection connected",
        "account connected",
        "connection disconnected",
        "account disconnected",
        "connection reconnected",
        "account connected",
        "connection deleted",
        "account disconnected",
        "company deleted",
    ]
    told = facts(world)
    assert told[4] == {"status": "Linked", "was": "PendingAuth"}
    assert told[6] == {"status": "Unlinked", "was": "Linked"}
    assert told[10] == {"status": "Linked", "was": None}


def test_an_account_that_was_never_linked_is_disconnected_once(world: World) -> None:
    subscribe(world, *CATALOGUE)
    made = worlds.make_account(world)
    for _ in range(2):
        source_accounts.update(
            world, "test", made.company_id, made.connection_id, made.account_id, AccountChange(status="disconnected")
        )
    assert happened(world)[2:] == ["account disconnected"]


@pytest.mark.parametrize("status", [PushStatus.success, PushStatus.failed, PushStatus.timed_out])
def test_a_push_ends_once_and_so_do_those_that_follow_it(world: World, status: PushStatus) -> None:
    subscribe(world, "PushOperationStatusChanged")
    made = worlds.make_account(world)
    worlds.link(world, made)
    key = push(world, made, "t-1")
    follower = push(world, made, "t-1")
    assert happened(world) == []
    for _ in range(2):
        end(world, key, status)
    names = {PushStatus.success: "push succeeded", PushStatus.failed: "push failed"}
    name = names.get(status, "push timed out")
    assert happened(world) == [name, name]
    keys = sa.select(t.webhook_outbox.c.push_key).order_by(t.webhook_outbox.c.pk)
    assert [row.push_key for row in world.db.read(lambda tx: tx.rows(keys))] == [key, follower]
    push(world, made, "t-1")
    assert happened(world) == [name, name, name]


def test_a_change_that_is_undone_announces_nothing(world: World) -> None:
    subscribe(world, *CATALOGUE)

    def run(tx: Any) -> None:
        connections.retire(tx, made.connection_id, world.clock(), "test", "test")
        raise LookupError

    made = worlds.make_account(world)
    before = happened(world)
    with pytest.raises(LookupError):
        world.db.write(run)
    assert happened(world) == before


def test_what_the_customer_or_an_operator_has_to_see_to(world: World) -> None:
    subscribe(world, "bankFeeds.sourceAccount.reauthorizationRequired", "bankFeeds.feed.resumed")
    made = worlds.make_account(world)
    worlds.link(world, made)
    reauthorise.ask(world, "operator:test", f"{made.connection_id}/{made.account_id}", "the mandate has run out")
    park(world)
    operate.resume(world, "operator:test", "sage-1", "Sage has seen to it")
    assert happened(world) == ["reauthorisation required", "feed resumed"]
    assert facts(world)[1] == {"status": "connected", "bankAccountId": "sage-1", "line": None}


def park(world: World) -> None:
    values = {"status": "parked", "parked_at": world.clock(), "parked_cause": "Sage refuses it"}
    world.db.write(lambda tx: tx.run(base.feeds.update().values(**values)))


def test_a_company_created_and_one_connected_to_it_come_in_that_order(world: World, clock: worlds.MovableClock) -> None:
    subscribe(world, *CATALOGUE)
    company = companies.create(world, "test", CompanyDraft("Harbour Bakery Ltd", None, None)).company
    clock.forward(seconds=5)
    connections.create(world, "test", company.id)
    at = sa.select(t.webhook_outbox.c.at).order_by(t.webhook_outbox.c.pk)
    first, second = (row.at for row in world.db.read(lambda tx: tx.rows(at)))
    assert second - first == timedelta(seconds=5)
