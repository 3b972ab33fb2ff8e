"""Events on their way to real receivers: signed, in order, retried, given up, brought back."""

import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
import standardwebhooks
import svix

from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.domain.source_account import AccountInfo, Routing
from bankfeeds.domain.webhook import ConsumerDraft
from bankfeeds.domain.webhook_delivery import ATTEMPTS_MAX, RETRY_S, DeliveryStatus
from bankfeeds.flows import companies, connections, webhook_log, webhooks
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import World
from bankfeeds.flows.figures import figures
from bankfeeds.store import tables_webhooks as t
from bankfeeds.webhooks.receivers import TIMEOUT_S

from .. import worlds
from .receiving import WORDS, Got, Receiver, consumer, is_settled, receiving, sending, until

both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


def make_company(world: World, name: str = "Harbour Bakery Ltd", **tags: str) -> str:
    return companies.create(world, "test", CompanyDraft(name, None, tags)).company.id


def entry(world: World, consumer_id: str) -> Any:
    return webhook_log.page(world, consumer_id)[0]


def names(receiver: Receiver) -> list[str]:
    """Of the companies told of, as they came."""
    return [each.json["payload"]["name"] for each in receiver.got]


def attempted(world: World, consumer_id: str, times: int) -> bool:
    """The newest event, so often."""
    found = webhook_log.page(world, consumer_id)
    return bool(found) and found[0].attempts == times


@both
def test_an_event_arrives_signed_for_both_libraries(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    clock.now = worlds.datetime.now(worlds.UTC)
    made = consumer(near, receiver.url, x_tenant="blue")
    with sending(near):
        company_id = make_company(near, region="uk")
        until(lambda: is_settled(near, made.id))
    (got,) = receiver.got
    (secret,) = webhooks.secrets(near, "test", made.id)
    for library, prefix in ((standardwebhooks.Webhook, "webhook-"), (svix.Webhook, "svix-")):
        own = {name: value for name, value in got.headers.items() if name.startswith(prefix)}
        library(secret).verify(got.body, own)
        with pytest.raises(Exception, match=r"[Nn]o matching signature"):
            library(secret).verify(got.body + b" ", own)
    told = got.json
    assert (told["eventType"], told["payload"]["id"]) == ("company.created", company_id)
    assert told["payload"]["tags"] == {"region": "uk"}
    assert "sequence" not in told
    assert got.id == "msg_" + told["id"].replace("-", "")
    assert got.headers["x-tenant"] == "blue"
    assert got.headers["content-type"] == "application/json"
    seen = entry(near, made.id)
    assert (seen.status, seen.attempts, seen.last_status_code) == (DeliveryStatus.success, 1, 200)


@both
def test_an_event_shows_what_the_api_shows(server: worlds.Server, near: World, receiver: Receiver) -> None:
    types = ("company.created", "connection.connected", "bankFeeds.sourceAccount.connected")
    made = consumer(near, receiver.url, *types)
    info = AccountInfo("till", "Shop", available_balance=Decimal("9.50"))
    account = worlds.make_account(near, routing=Routing("112233", "sortcode"), info=info, opened_on="2019-05-01")
    worlds.link(near, account, start_on="2026-01-31")
    with server.serving(near) as site, sending(near):
        company = site.call("GET", f"/companies/{account.company_id}").json()
        path = f"/companies/{account.company_id}/connections/{account.connection_id}/connectionInfo/bankFeedAccounts"
        (shown,) = site.call("GET", path).json()
        until(lambda: len(receiver.got) == 3 and is_settled(near, made.id))
    told = {each.json["eventType"]: each.json["payload"] for each in receiver.got}
    (connection,) = company.pop("dataConnections")
    assert told["company.created"] == company
    assert told["connection.connected"]["connection"] == connection
    assert (shown["accountInfo"]["accountOpenDate"], shown.pop("requestedStartDate")) == ("2019-05-01", "2026-01-31")
    assert told["bankFeeds.sourceAccount.connected"]["sourceAccount"] == shown


@both
def test_events_of_an_account_arrive_in_order_and_numbered(near: World, receiver: Receiver) -> None:
    made = consumer(near, receiver.url, "bankFeeds.sourceAccount.connected", "bankFeeds.sourceAccount.disconnected")
    accounts = [worlds.make_account(near, f"acc-{n}") for n in range(3)]
    with sending(near):
        for n in range(4):
            for account in accounts:
                worlds.link(near, account, f"sage-{account.account_pk}-{n}")
                connections.unlink(near, "test", account.company_id, account.connection_id)
        until(lambda: len(receiver.got) == 24)
        until(lambda: is_settled(near, made.id))
    for account in accounts:
        mine = [
            (each.json["sequence"], each.json["payload"]["sourceAccount"]["status"])
            for each in receiver.got
            if each.json["payload"]["sourceAccount"]["id"] == account.account_id
        ]
        assert mine == [(n, "connected" if n % 2 else "disconnected") for n in range(1, 9)]


@both
def test_a_failure_is_tried_again_as_scheduled_under_the_same_id(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    receiver.answer = lambda _got: 500
    made = consumer(near, receiver.url)
    with sending(near):
        make_company(near)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            until(lambda attempt=attempt: len(receiver.got) == attempt)
            until(lambda attempt=attempt: attempted(near, made.id, attempt))
            seen = entry(near, made.id)
            if attempt < ATTEMPTS_MAX:
                assert (seen.status, (seen.due_at - clock.now).total_seconds()) == (
                    DeliveryStatus.pending,
                    RETRY_S[attempt - 1],
                )
                clock.forward(seconds=RETRY_S[attempt - 1])
    assert (seen.status, seen.due_at, seen.last_status_code) == (DeliveryStatus.failure, None, 500)
    assert len({each.id for each in receiver.got}) == 1
    assert len({each.body for each in receiver.got}) == 1
    assert len({each.headers["webhook-timestamp"] for each in receiver.got}) == ATTEMPTS_MAX
    assert sum(RETRY_S) == pytest.approx(27.6 * 3600, rel=0.01)


def test_any_2xx_is_a_success(near: World, receiver: Receiver) -> None:
    receiver.statuses(201, 202, 204, 299)
    made = consumer(near, receiver.url)
    with sending(near):
        for n in range(4):
            make_company(near, f"Company {n}")
        until(lambda: webhook_log.counts(near, made.id) == {DeliveryStatus.success: 4})
    assert len(receiver.got) == 4


@both
def test_what_was_due_while_it_was_disabled_is_sent_when_it_is_enabled(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    receiver.statuses(500)
    made = consumer(near, receiver.url)
    with receiving() as elsewhere, sending(near):
        other = consumer(near, elsewhere.url)
        make_company(near, "Due")
        until(lambda: attempted(near, made.id, 1))
        webhooks.update(near, "test", made.id, ConsumerDraft(None, None, is_disabled=True))
        clock.forward(seconds=RETRY_S[0])
        make_company(near, "Missed")
        until(lambda: webhook_log.counts(near, other.id) == {DeliveryStatus.success: 2})
        assert names(receiver) == ["Due"]
        webhooks.update(near, "test", made.id, ConsumerDraft(None, None))
        until(lambda: is_settled(near, made.id))
    assert names(receiver) == ["Due", "Due"]
    assert webhook_log.counts(near, made.id) == {DeliveryStatus.success: 1, DeliveryStatus.missed: 1}


@both
def test_five_days_of_failure_disable_a_consumer_and_nothing_is_lost(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    receiver.answer = lambda _got: 503
    made = consumer(near, receiver.url)
    with sending(near):
        for day in range(5):
            make_company(near, f"Company {day}")
            until(lambda day=day: f"Company {day}" in names(receiver))
            until(lambda: webhooks.get(near, made.id).failing_since)
            assert not webhooks.get(near, made.id).is_disabled
            clock.forward(days=1)
        until(lambda: webhooks.get(near, made.id).is_disabled)
        given_up = webhooks.get(near, made.id)
        assert given_up.disabled_cause == "nothing got through since 2026-02-03 12:00 UTC"
        make_company(near, "While it was disabled")
        until(lambda: webhook_log.counts(near, made.id).get(DeliveryStatus.missed) == 1)
        tried = len(receiver.got)
        with pytest.raises(Conflict, match="disabled"):
            webhook_log.replay(near, "test", made.id, worlds.NOON)
        receiver.answer = lambda _got: 200
        webhooks.update(near, "test", made.id, ConsumerDraft(None, None))
        clock.forward(days=1)
        assert webhook_log.replay(near, "test", made.id, worlds.NOON) == 1
        webhook_log.recover(near, "test", made.id, worlds.NOON)
        until(lambda: webhook_log.counts(near, made.id) == {DeliveryStatus.success: 6})
    assert names(receiver)[tried:].count("While it was disabled") == 1
    assert ("worker", "webhook.disable", f"webhook:{made.id}") in worlds.audited(near)


def test_one_success_begins_the_five_days_anew(near: World, receiver: Receiver, clock: worlds.MovableClock) -> None:
    receiver.statuses(500)
    made = consumer(near, receiver.url)
    with sending(near):
        make_company(near)
        until(lambda: webhooks.get(near, made.id).failing_since is not None)
        clock.forward(days=4)
        until(lambda: is_settled(near, made.id))
        assert webhooks.get(near, made.id).failing_since is None
        receiver.statuses(500)
        make_company(near)
        until(lambda: webhooks.get(near, made.id).failing_since is not None)
        clock.forward(days=4)
        until(lambda: is_settled(near, made.id))
    assert not webhooks.get(near, made.id).is_disabled


@both
def test_gone_disables_at_once(near: World, receiver: Receiver) -> None:
    receiver.answer = lambda _got: 410
    made = consumer(near, receiver.url)
    with sending(near):
        make_company(near)
        until(lambda: webhooks.get(near, made.id).is_disabled)
    assert webhooks.get(near, made.id).disabled_cause == "it answered 410 Gone"


def test_a_redirect_is_a_failure_and_not_followed(near: World, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.headers["location"] = elsewhere.url
        receiver.answer = lambda _got: 307
        made = consumer(near, receiver.url)
        with sending(near):
            make_company(near)
            until(lambda: receiver.got and attempted(near, made.id, 1))
        assert elsewhere.got == []
    seen = entry(near, made.id)
    assert (seen.last_status_code, seen.last_error) == (307, "a redirect; redirects are not followed")


def test_a_slow_receiver_is_waited_for_and_a_silent_one_is_not(near: World, receiver: Receiver) -> None:
    release = threading.Event()

    def slowly(got: Got) -> int:
        release.wait(0.3 if got.json["payload"]["name"] == "Slow" else 20)
        return 200

    receiver.answer = slowly
    made = consumer(near, receiver.url)
    with sending(near, timeout_s=2.0):
        make_company(near, "Slow")
        until(lambda: is_settled(near, made.id))
        make_company(near, "Silent")
        until(lambda: entry(near, made.id).last_error)
    release.set()
    seen = entry(near, made.id)
    assert (seen.status, seen.last_status_code, seen.last_error) == (
        DeliveryStatus.pending,
        None,
        "no answer within 2 s",
    )
    assert TIMEOUT_S == 15


def test_a_dead_consumer_slows_nobody_else(near: World, receiver: Receiver) -> None:
    release = threading.Event()
    with receiving() as dead:

        def hang(_got: Got) -> int:
            release.wait(20)
            return 200

        dead.answer = hang
        first = consumer(near, dead.url)
        second = consumer(near, receiver.url)
        with sending(near):
            for n in range(60):
                make_company(near, f"Company {n}")
            until(lambda: len(receiver.got) == 60)
            until(lambda: is_settled(near, second.id))
            assert webhook_log.counts(near, first.id) == {DeliveryStatus.pending: 60}
            release.set()


@both
def test_after_a_rotation_the_old_secret_and_the_new_one_verify_for_a_day(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    clock.now = worlds.datetime.now(worlds.UTC)
    made = consumer(near, receiver.url)
    (old,) = webhooks.secrets(near, "test", made.id)
    new = webhooks.rotate(near, "test", made.id)
    assert webhooks.secrets(near, "test", made.id) == (new, old)
    with sending(near):
        make_company(near)
        until(lambda: is_settled(near, made.id))
        (got,) = receiver.got
        for secret in (old, new):
            standardwebhooks.Webhook(secret).verify(got.body, got.headers)
            svix.Webhook(secret).verify(got.body, got.headers)
        clock.forward(days=1)
        make_company(near)
        until(lambda: len(receiver.got) == 2)
    assert webhooks.secrets(near, "test", made.id) == (new,)
    assert " " not in receiver.got[1].headers["webhook-signature"]


@both
def test_company_tags_choose_what_a_consumer_gets(near: World, receiver: Receiver) -> None:
    with receiving() as everything:
        all_of_it = consumer(near, everything.url)
        some = consumer(near, receiver.url, tags=("region:uk", "plan:gold"))
        with sending(near):
            make_company(near, "One", region="uk", plan="tin")
            make_company(near, "Two", region="UK")
            make_company(near, "Three")
            make_company(near, "Four", plan="gold")
            until(lambda: is_settled(near, all_of_it.id) and len(everything.got) == 4)
            until(lambda: is_settled(near, some.id))
    assert sorted(each.json["payload"]["name"] for each in receiver.got) == ["Four", "One"]


@both
def test_a_removed_consumer_gets_nothing_more(near: World, receiver: Receiver, clock: worlds.MovableClock) -> None:
    receiver.answer = lambda _got: 500
    made = consumer(near, receiver.url)
    with sending(near):
        make_company(near)
        until(lambda: attempted(near, made.id, 1))
        webhooks.remove(near, "test", made.id)
        clock.forward(seconds=10)
        make_company(near)
    assert len(receiver.got) == 1
    assert near.db.read(lambda tx: tx.value(sa.select(sa.func.count()).select_from(t.webhook_outbox))) == 0
    for call in (webhooks.get, webhook_log.page, webhook_log.counts):
        with pytest.raises(NotFound):
            call(near, made.id)


@both
def test_a_test_event_and_a_resent_one_are_delivered_like_any_other(near: World, receiver: Receiver) -> None:
    made = consumer(near, receiver.url, "bankTransactions.write.successful", "connection.failed")
    with sending(near):
        event_id = webhook_log.send_test(near, WORDS, "test", made.id, "bankTransactions.write.successful")
        until(lambda: is_settled(near, made.id))
        webhook_log.resend(near, "test", made.id, event_id)
        until(lambda: len(receiver.got) == 2 and is_settled(near, made.id))
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].json["payload"]["record"] == {"id": "acc-001"}
    view = webhook_log.view(near, WORDS, made.id, event_id)
    assert [each.status_code for each in view.attempts] == [200, 200]
    assert view.body == receiver.got[0].body
    with pytest.raises(NotFound):
        webhook_log.resend(near, "test", made.id, "nothing")


def test_what_was_sent_but_not_settled_is_sent_again(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    """The process dies between the receiver's answer and our writing it down: at least once, and the same id."""
    made = consumer(near, receiver.url)

    def die(point: str) -> None:
        if point == "webhooks: before settle":
            raise RuntimeError(point)

    make_company(near)
    with sending(replace(near, crash=die)):
        until(lambda: len(receiver.got) == 1)
    clock.forward(seconds=61)
    with sending(near):
        until(lambda: is_settled(near, made.id))
    assert len(receiver.got) == 2
    assert len({each.id for each in receiver.got}) == 1


@both
def test_old_events_are_forgotten_but_not_those_on_their_way(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    made = consumer(near, receiver.url)
    with sending(near):
        make_company(near)
        until(lambda: is_settled(near, made.id))
        receiver.answer = lambda _got: 500
        make_company(near)
        until(lambda: entry(near, made.id).last_status_code == 500)
    clock.forward(days=31)
    assert webhook_log.purge(near) == 1
    assert [each.status for each in webhook_log.page(near, made.id)] == [DeliveryStatus.pending]


@both
def test_the_lag_is_that_of_consumers_that_take_events(
    near: World, receiver: Receiver, clock: worlds.MovableClock
) -> None:
    made = consumer(near, receiver.url)
    assert figures(near).webhook_lag_s == 0
    make_company(near)
    clock.forward(seconds=90)
    assert figures(near).webhook_lag_s == 90
    receiver.answer = lambda _got: 500
    with sending(near):
        until(lambda: webhooks.get(near, made.id).failing_since)
    clock.forward(days=1)
    seen = figures(near)
    assert (seen.webhook_lag_s, seen.webhooks_pending) == (0, 1)
    assert seen.webhook_consumers == {"enabled": 0, "failing": 1, "disabled": 0}
