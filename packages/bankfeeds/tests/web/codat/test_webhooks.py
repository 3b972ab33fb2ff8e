"""Webhook consumers through the API: made, listed, removed, and refused with every flaw named; on both databases."""

import pytest
import sqlalchemy as sa

from bankfeeds.domain.webhook import CATALOGUE, CONSUMERS_MAX
from bankfeeds.flows.context import World
from bankfeeds.store import tables_webhooks as t

from ... import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
HOOK = {"url": "https://bank.example/hook", "eventTypes": ["connection.connected"]}


def test_a_consumer_is_made_listed_and_removed(site: worlds.Site) -> None:
    made = site.call("POST", "/webhooks", {**HOOK, "companyTags": ["region:uk"], "disabled": None})
    assert made.status_code == 201
    shown = made.json()
    assert shown == {**HOOK, "id": shown["id"], "disabled": False, "companyTags": ["region:uk"]}
    assert site.call("GET", "/webhooks").json() == {"results": [shown]}
    gone = site.call("DELETE", f"/webhooks/{shown['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert site.call("GET", "/webhooks").json() == {"results": []}
    assert site.call("DELETE", f"/webhooks/{shown['id']}").status_code == 404
    acts = [action for _, action, _ in worlds.audited(site.world)]
    assert acts[-2:] == ["webhook.create", "webhook.remove"]


def test_every_event_of_the_catalogue_may_be_subscribed_to(site: worlds.Site) -> None:
    made = site.call("POST", "/webhooks", {**HOOK, "eventTypes": [*CATALOGUE, CATALOGUE[0]], "disabled": True})
    assert made.status_code == 201
    assert sorted(made.json()["eventTypes"]) == sorted(CATALOGUE)
    assert made.json()["disabled"] is True


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"url": None}, ["url"]),
        ({"url": "http://bank.example/hook"}, ["url"]),
        ({"url": "https://127.0.0.1/hook"}, ["url"]),
        ({"url": "bank.example"}, ["url"]),
        ({"eventTypes": []}, ["eventTypes"]),
        ({"eventTypes": None}, ["eventTypes"]),
        ({"eventTypes": ["connection.connected", "no.such"]}, ["eventTypes[1]"]),
        ({"companyTags": ["uk"]}, ["companyTags[0]"]),
        ({"companyTags": ["k:" + "v" * 127]}, ["companyTags[0]"]),
        ({"companyTags": [f"k:{n}" for n in range(11)]}, ["companyTags"]),
        ({"url": "x", "eventTypes": ["y"]}, ["url", "eventTypes[0]"]),
        ({"eventTypes": "connection.connected"}, ["eventTypes"]),
        ({"url": "https://bank.example/\x00"}, ["url"]),
    ],
)
def test_what_is_no_consumer_is_400_naming_every_field(site: worlds.Site, change: dict, fields: list[str]) -> None:
    before = worlds.everything(site.world)
    refused = site.call("POST", "/webhooks", {**HOOK, **change})
    assert refused.status_code == 400
    assert [error["itemId"] for error in refused.json()["validation"]["errors"]] == fields
    assert worlds.everything(site.world) == before


def test_the_51st_consumer_is_refused(site: worlds.Site) -> None:
    for _ in range(CONSUMERS_MAX):
        assert site.call("POST", "/webhooks", HOOK).status_code == 201
    refused = site.call("POST", "/webhooks", HOOK)
    assert (refused.status_code, CONSUMERS_MAX) == (400, 50)
    assert "50 webhook consumers" in refused.json()["error"]


def test_nobody_without_a_key_sees_or_makes_any(site: worlds.Site) -> None:
    for method in ("GET", "POST"):
        assert site.call(method, "/webhooks", headers={"authorization": "Basic eDp5"}).status_code == 401


def test_a_day_that_is_used_up_is_told_once_and_so_is_the_next_one(
    server: worlds.Server, world: World, clock: worlds.MovableClock
) -> None:
    with server.serving(world, requests_per_day_max=3) as site:
        types = ["client.rateLimit.reached", "ClientRateLimitReset"]
        assert site.call("POST", "/webhooks", {**HOOK, "eventTypes": types}).status_code == 201
        statuses = [site.call("GET", "/webhooks").status_code for _ in range(5)]
        assert statuses == [200, 200, 429, 429, 429]
        clock.forward(days=1)
        for _ in range(2):
            assert site.call("GET", "/webhooks").status_code == 200
    rows = world.db.read(lambda tx: tx.rows(sa.select(t.webhook_outbox).order_by(t.webhook_outbox.c.pk)))
    assert [row.happening for row in rows] == ["rate limit reached", "rate limit reset"]
    assert rows[0].facts == {"quota": "3", "remaining": "0", "resetsAt": "2026-02-04T00:00:00Z"}
    assert rows[1].facts == {"quota": "3", "remaining": "2", "resetsAt": "2026-02-05T00:00:00Z"}
