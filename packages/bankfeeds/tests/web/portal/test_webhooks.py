"""Webhooks in the portal: consumers, secret, catalogue, log, test, resend, recover, replay; in both languages."""

import html
import json
import re
from dataclasses import replace

import pytest
import standardwebhooks

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.webhook import CATALOGUE, NEVER_SENT
from bankfeeds.domain.webhook_delivery import DeliveryStatus
from bankfeeds.flows import companies, webhook_log, webhooks
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import Limits

from ... import worlds
from ...webhooks.receiving import is_settled, receiving, sending, until
from .portal_site import said_in, serving

URL = "https://bank.example/hook"


def made(site, url=URL, *types, tags=""):
    fields = {f"type:{each}": "yes" for each in types or ("company.created",)}
    answer = site.post("webhooks", {"url": url, "tags": tags, **fields})
    assert answer.status_code == 303
    return answer.headers["location"].rsplit("/", 1)[1]


def secrets_in(answer):
    return re.findall(r'<code class="secret">(whsec_[^<]+)</code>', answer.text)


def test_a_consumer_is_made_and_shown_and_its_secret_only_when_asked_for(site):
    consumer = made(site, URL, "company.created", "PushOperationStatusChanged", tags="region:uk plan:gold")

    page = site.get(f"webhooks/{consumer}")
    assert "region:uk, plan:gold" in said_in(page)
    assert "The consumer is made." in said_in(page)
    assert "whsec_" not in page.text
    assert f"{URL} Enabled 2 events region:uk, plan:gold" in said_in(site.get("webhooks"))
    shown = secrets_in(site.post(f"webhooks/{consumer}", {"do": "secret"}))
    rotated = secrets_in(site.post(f"webhooks/{consumer}", {"do": "rotate"}))
    assert (len(shown), len(rotated), rotated[1]) == (1, 2, shown[0])
    acts = [(actor, act) for actor, act, subject in worlds.audited(site.world) if subject == f"webhook:{consumer}"]
    assert ("operator:ann-administrator", "webhook.secret") in acts


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("change", "field"),
    [({"url": "http://bank.example"}, "url"), ({"type:company.created": None}, "types"), ({"tags": "uk"}, "tags")],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(site, language, change, field):
    fields = {"url": URL, "tags": "", "type:company.created": "yes", **change}

    answer = site.post("webhooks", {name: value for name, value in fields.items() if value is not None}, language)

    assert (answer.status_code, webhooks.every(site.world)) == (422, [])
    assert f'id="{field}-problem"' in answer.text
    assert ("checked" in answer.text) is (field != "types")


def test_a_consumer_is_disabled_enabled_and_removed_after_it_was_confirmed(site):
    consumer = made(site)
    site.post(f"webhooks/{consumer}", {"do": "disable"})
    assert "disabled by hand" in said_in(site.get(f"webhooks/{consumer}"))
    site.post(f"webhooks/{consumer}", {"do": "enable"})
    assert not webhooks.get(site.world, consumer).is_disabled
    assert URL in said_in(site.get(f"webhooks/{consumer}/remove"))
    assert webhooks.get(site.world, consumer)
    site.post(f"webhooks/{consumer}/remove")
    with pytest.raises(NotFound):
        webhooks.get(site.world, consumer)
    assert site.get(f"webhooks/{consumer}").status_code == 404


def test_events_are_tested_seen_resent_and_replayed(server, world):
    near = replace(world, limits=Limits(webhook_private_targets=True))
    with serving(server, near) as site, receiving() as receiver, sending(near):
        site.sign_in_as("administrator")
        consumer = made(site, receiver.url)
        sent = site.post(f"webhooks/{consumer}", {"do": "test", "type": "company.created"})
        until(lambda: is_settled(near, consumer))
        page = site.get(sent.headers["location"].partition("/portal/")[2])
        assert "Success" in said_in(page)
        assert json.loads(html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page.text, re.DOTALL)[1])) == (
            receiver.got[0].json
        )
        site.post(sent.headers["location"].partition("/portal/")[2])
        until(lambda: len(receiver.got) == 2 and is_settled(near, consumer))
        site.post(f"webhooks/{consumer}", {"do": "disable"})
        companies.create(near, "test", CompanyDraft("Harbour Bakery Ltd", None, None))
        until(lambda: webhook_log.counts(near, consumer).get(DeliveryStatus.missed) == 1)
        assert "Missed" in said_in(site.get(f"webhooks/{consumer}?status=missed"))
        site.post(f"webhooks/{consumer}", {"do": "enable"})
        for do in ("recover", "replay"):
            site.post(f"webhooks/{consumer}", {"do": do, "days": "30"})
        until(lambda: len(receiver.got) == 3)
        (secret,) = secrets_in(site.post(f"webhooks/{consumer}", {"do": "secret"}))
        assert standardwebhooks.Webhook(secret)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_event_that_is_sent_is_in_the_catalogue_with_a_sample(site, language):
    page = site.get("webhooks/events", language)
    for each in CATALOGUE:
        assert each in page.text
        sample = site.get(f"webhooks/events/{each}", language)
        assert sample.status_code == (404 if each in NEVER_SENT else 200)


def test_those_who_only_look_see_no_webhooks(site):
    consumer = made(site)
    site.sign_in_as("viewer")
    for path in ("webhooks", f"webhooks/{consumer}", "webhooks/events"):
        assert site.get(path).status_code == 403
    assert "Webhooks" not in said_in(site.get(""))
    for do in ("secret", "rotate", "disable"):
        assert site.post(f"webhooks/{consumer}", {"do": do}).status_code == 403
    assert site.post("webhooks", {"url": URL}).status_code == 403
