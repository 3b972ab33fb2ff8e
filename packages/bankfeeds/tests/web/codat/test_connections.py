"""Connections over HTTP."""

import pytest

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.store import connections as connection_rows

from ... import worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def company_id(site):
    return site.call("POST", "/companies", {"name": "Harbour Bakery"}).json()["id"]


@pytest.fixture
def connections_path(company_id):
    return f"/companies/{company_id}/connections"


def made(site, connections_path):
    answer = site.call("POST", connections_path, {"platformKey": "olpr"})
    assert answer.status_code == 200, answer.content
    return answer.json()


def statuses(site, linked):
    path = f"/companies/{linked.company_id}/connections/{linked.connection_id}"
    accounts = site.call("GET", f"{path}/connectionInfo/bankFeedAccounts").json()
    return site.call("GET", path).json()["status"], [account["status"] for account in accounts]


def test_a_connection_is_answered_with_sages_constants_and_a_link(site, world, company_id, connections_path):
    answer = site.call("POST", connections_path, {"platformKey": "olpr"})

    assert answer.status_code == 200
    connection = answer.json()
    assert connection == {
        "id": connection["id"],
        "linkUrl": f"https://feeds.example/link{connections_path}/{connection['id']}",
        "status": "PendingAuth",
        "created": "2026-02-03T12:00:00Z",
        "integrationId": "2ce41026-589a-4330-8bfc-a30672253cd9",
        "integrationKey": "olpr",
        "sourceId": "98432954-a4fa-4640-a685-3af56909002a",
        "platformName": "SageBankFeed",
        "sourceType": "BankFeed",
    }
    assert site.call("GET", f"{connections_path}/{connection['id']}").json() == connection
    assert site.call("GET", f"/companies/{company_id}").json()["dataConnections"] == [connection]
    assert worlds.audited(world)[-1] == ("api:harbour", "connection.create", f"connection:{connection['id']}")


@pytest.mark.parametrize(("body", "status"), [({"platformKey": "gbol"}, 404), ({}, 400), ({"platformKey": 1}, 400)])
def test_only_sages_platform_key_makes_a_connection(site, world, connections_path, body, status):
    before = worlds.everything(world)

    assert site.call("POST", connections_path, body).status_code == status
    assert worlds.everything(world) == before


def test_an_unknown_company_has_no_connections_and_gets_none(site, world):
    before = worlds.everything(world)

    assert site.call("POST", f"/companies/{UNKNOWN}/connections", {"platformKey": "olpr"}).status_code == 404
    assert site.call("GET", f"/companies/{UNKNOWN}/connections").status_code == 404
    assert worlds.everything(world) == before


def test_a_second_connection_is_allowed_and_both_are_listed_newest_first(site, clock, connections_path):
    first = made(site, connections_path)
    clock.forward(seconds=1)
    second = made(site, connections_path)

    listed = site.call("GET", connections_path).json()

    assert [each["id"] for each in listed["results"]] == [second["id"], first["id"]]
    assert listed["_links"]["current"] == {"href": f"{connections_path}?page=1&pageSize=100"}
    assert site.call("GET", f"{connections_path}?query=colour%3Dred").status_code == 400


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_another_companys_connection_is_404(site, world, connections_path, method):
    other = site.call("POST", "/companies", {"name": "Other"}).json()["id"]
    mine = made(site, connections_path)
    before = worlds.everything(world)
    body = {"status": "Unlinked"} if method == "PATCH" else None

    assert site.call(method, f"/companies/{other}/connections/{mine['id']}", body).status_code == 404
    assert site.call(method, f"{connections_path}/not-a-uuid", body).status_code == 404
    assert worlds.everything(world) == before


def test_unlinking_closes_every_feed_and_a_second_time_changes_nothing(site, world):
    linked = worlds.make_account(world)
    second = worlds.add_account(world, linked.company_id, linked.connection_id, "acc-002")
    worlds.add_account(world, linked.company_id, linked.connection_id, "acc-003")
    worlds.link(world, linked)
    worlds.link(world, second, "sage-2")
    assert statuses(site, linked) == ("Linked", ["connected", "connected", "pending"])
    path = f"/companies/{linked.company_id}/connections/{linked.connection_id}"

    answer = site.call("PATCH", path, {"status": "Unlinked"})

    assert (answer.status_code, answer.json()["status"]) == (200, "Unlinked")
    assert statuses(site, linked) == ("Unlinked", ["disconnected", "disconnected", "pending"])
    before = worlds.everything(world)
    assert site.call("PATCH", path, {"status": "Unlinked"}).json() == answer.json()
    assert worlds.everything(world) == before


@pytest.mark.parametrize("status", [ConnectionStatus.pending_auth, ConnectionStatus.deauthorized])
def test_only_a_linked_connection_can_be_unlinked(site, world, company_id, connections_path, status):
    connection = made(site, connections_path)
    world.db.write(lambda tx: connection_rows.set_status(tx, connection["id"], status))
    before = worlds.everything(world)

    answer = site.call("PATCH", f"{connections_path}/{connection['id']}", {"status": "Unlinked"})

    assert answer.status_code == 400
    assert status.value in answer.json()["error"]
    assert worlds.everything(world) == before


@pytest.mark.parametrize(
    "body", [{}, b"", {"status": None}, {"status": "Linked"}, {"status": "unlinked"}, {"status": 1}]
)
def test_nothing_but_unlinked_can_be_said_of_a_connection(site, world, body):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    before = worlds.everything(world)

    answer = site.call("PATCH", f"/companies/{linked.company_id}/connections/{linked.connection_id}", body)

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == "status"
    assert worlds.everything(world) == before


def test_deleting_a_connection_is_200_with_an_empty_body_and_it_is_gone_everywhere(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = f"/companies/{linked.company_id}/connections/{linked.connection_id}"

    answer = site.call("DELETE", path)

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert "content-type" not in answer.headers
    assert site.call("GET", path).status_code == 404
    assert site.call("DELETE", path).status_code == 404
    assert site.call("GET", f"/companies/{linked.company_id}/connections").json()["totalResults"] == 0
    assert site.call("GET", f"/companies/{linked.company_id}").json()["dataConnections"] == []
    assert ("api:harbour", "connection.delete", f"connection:{linked.connection_id}") in worlds.audited(world)
