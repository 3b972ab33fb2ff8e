"""Webhook consumers through the API: made, listed, removed, and refused with every flaw named; on both databases."""

import pytest

from bankfeeds.domain.webhook import CATALOGUE, CONSUMERS_MAX

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
