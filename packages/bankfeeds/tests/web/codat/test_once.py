"""Idempotency-Key: carried out once, answered as often as asked."""

import threading
from dataclasses import replace

import pytest

from bankfeeds.flows.once import KEPT
from bankfeeds.store import replies
from bankfeeds.store import tables_api as t

from ... import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
KEY = "6f1c2d3e-0000-4000-8000-00000000000A"
NAMED = {"name": "Harbour Bakery"}
LINE = {"id": "tx-1", "date": "2026-02-01", "description": "Flour", "amount": -1.5, "balance": 3}


def once(key=KEY):
    return {"idempotency-key": key}


def push_path(linked):
    return (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )


@pytest.fixture
def linked(world):
    made = worlds.make_account(world)
    worlds.link(world, made)
    return made


def test_a_repetition_is_answered_with_the_first_reply_and_changes_nothing(site, world):
    first = site.call("POST", "/companies", NAMED, headers=once())
    before = worlds.everything(world)

    again = site.call("POST", "/companies", NAMED, headers=once(KEY.lower()))

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert worlds.everything(world) == before
    assert site.call("GET", "/companies").json()["totalResults"] == 1


def test_the_same_key_with_another_body_or_query_is_422(site, world, linked):
    site.call("POST", "/companies", NAMED, headers=once())
    before = worlds.everything(world)
    other = site.call("POST", "/companies", {"name": "Mill"}, headers=once())
    assert (other.status_code, other.json()["statusCode"]) == (422, 422)
    assert worlds.everything(world) == before

    body = {"accountId": "acc-001", "transactions": [LINE]}
    assert site.call("POST", push_path(linked), body, headers=once()).status_code == 200
    assert site.call("POST", push_path(linked) + "?timeoutInMinutes=9", body, headers=once()).status_code == 422


def test_a_key_counts_for_one_caller_one_method_and_one_path(site, world):
    company = site.call("POST", "/companies", NAMED, headers=once()).json()
    path = f"/companies/{company['id']}"
    other = worlds.basic(site.call("POST", "/apiKeys", {"name": "other"}).json()["apiKey"])

    assert site.call("POST", f"{path}/connections", {"platformKey": "olpr"}, headers=once()).status_code == 200
    assert site.call("PATCH", path, {"description": "crm"}, headers=once()).json()["description"] == "crm"
    assert site.call("POST", "/companies", NAMED, headers={**once(), **other}).json()["id"] != company["id"]
    assert site.call("PUT", path, {"name": "Mill"}, headers=once()).json()["name"] == "Mill"
    assert site.call("PUT", path, {"name": "Till"}, headers=once()).json()["name"] == "Till"


def test_a_refusal_is_kept_too_but_nothing_half_done_with_it(site, world, linked):
    body = {"accountId": "acc-001", "transactions": [{**LINE, "date": "2099-01-01"}]}
    refused = site.call("POST", push_path(linked), body, headers=once())
    assert refused.status_code == 400

    again = site.call("POST", push_path(linked), body, headers=once())

    assert (again.status_code, again.content) == (400, refused.content)
    assert worlds.everything(world)["lines"] == []


def test_a_push_is_accepted_once_and_its_reply_sealed(site, world, linked):
    body = {"accountId": "acc-001", "transactions": [LINE]}
    first = site.call("POST", push_path(linked), body, headers=once()).json()
    again = site.call("POST", push_path(linked), body, headers=once()).json()

    assert again == first
    assert again["validation"]["warnings"] == []
    assert len(worlds.everything(world)["pushes"]) == 1
    (kept,) = worlds.everything(world)["replies"]
    assert first["pushOperationKey"] not in kept


def test_a_reply_is_kept_for_ninety_minutes_and_then_forgotten(site, world, clock):
    assert KEPT.total_seconds() == 90 * 60
    first = site.call("POST", "/companies", NAMED, headers=once()).json()
    clock.forward(seconds=KEPT.total_seconds() - 1)
    assert site.call("POST", "/companies", NAMED, headers=once()).json() == first
    clock.forward(seconds=1)
    assert site.call("POST", "/companies", NAMED, headers=once()).json()["id"] != first["id"]
    assert len(worlds.everything(world)["replies"]) == 1


def test_what_has_expired_is_cleared_away_by_others_a_part_at_a_time(site, world, clock):
    def fill(tx):
        for number in range(replies.PURGED_AT_ONCE + 1):
            kept = replies.KeptReply("r", 200, "s")
            replies.insert(tx, f"{number:064x}", kept, clock())

    world.db.write(fill)
    site.call("POST", "/companies", NAMED, headers=once())

    assert len(worlds.everything(world)["replies"]) == 2


def test_our_own_failure_is_not_kept_and_leaves_nothing(server, world, linked):
    def fail(point):
        raise RuntimeError(point)

    body = {"accountId": "acc-001", "transactions": [LINE]}
    before = worlds.everything(world)
    with server.serving(replace(world, crash=fail)) as broken:
        authorization = broken.authorization
        before = worlds.everything(world)
        assert broken.call("POST", push_path(linked), body, headers=once()).status_code == 500
    assert worlds.everything(world) == before

    with server.serving(world) as site:
        headers = {**once(), "authorization": authorization}
        assert site.call("POST", push_path(linked), body, headers=headers).status_code == 200


def test_dying_after_the_change_and_before_the_reply_was_kept_leaves_neither(server, world, linked):
    """The change's own commit is inside the one that keeps the reply."""

    def fail(point):
        if point == "accept: after store with care":
            raise RuntimeError(point)

    with server.serving(replace(world, crash=fail)) as broken:
        before = worlds.everything(world)
        body = {"accountId": "acc-001", "transactions": [LINE]}
        assert broken.call("POST", push_path(linked), body, headers=once()).status_code == 500
        assert worlds.everything(world) == before


def test_while_the_first_is_carried_out_a_repetition_is_409(server, world, linked):
    is_in, may_go = threading.Event(), threading.Event()

    def wait(point):
        is_in.set()
        assert may_go.wait(30)

    body = {"accountId": "acc-001", "transactions": [LINE]}
    answers = []
    with server.serving(replace(world, crash=wait)) as site:
        first = threading.Thread(
            target=lambda: answers.append(site.call("POST", push_path(linked), body, headers=once()))
        )
        first.start()
        assert is_in.wait(30)
        try:
            early = site.call("POST", push_path(linked), body, headers=once())
        finally:
            may_go.set()
            first.join(30)
        late = site.call("POST", push_path(linked), body, headers=once())

    assert early.status_code == 409
    assert answers[0].status_code == late.status_code == 200
    assert late.content == answers[0].content


def test_of_many_at_once_one_is_carried_out(site, world):
    answers = []
    together = threading.Barrier(6)

    def ask():
        together.wait(30)
        answers.append(site.call("POST", "/companies", NAMED, headers=once()))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    done = [answer.content for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(set(done)) == 1
    assert len(worlds.everything(world)["companies"]) == 1


def test_another_process_that_is_at_it_counts_too(site, world):
    if not world.db.is_postgresql:
        pytest.skip("SQLite serves one process")
    with world.db.engine.begin() as elsewhere:
        site.call("POST", "/companies", NAMED, headers=once())
        (scope,) = [row.scope for row in elsewhere.execute(t.replies.select())]
        elsewhere.exec_driver_sql(f"SELECT pg_advisory_xact_lock({int(scope[:16], 16) - 2**63})")
        assert site.call("POST", "/companies", NAMED, headers=once()).status_code == 409
    assert site.call("POST", "/companies", NAMED, headers=once()).status_code == 200


@pytest.mark.parametrize("key", ["nightly", "6f1c", "84d47a0b-235f-41bd-a1a5-f3cc8e8bc4260"])
def test_a_key_that_is_no_uuid_is_400(site, world, key):
    answer = site.call("POST", "/companies", NAMED, headers=once(key))

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == "Idempotency-Key"
