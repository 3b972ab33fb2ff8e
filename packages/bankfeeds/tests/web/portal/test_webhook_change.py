"""A webhook consumer changed in the portal: all that can be set of one, and nothing shown that is a secret."""

import pytest

from bankfeeds.domain.webhook import ConsumerDraft
from bankfeeds.flows import webhooks
from bankfeeds.flows.notify import headers_of
from bankfeeds.store import consumers

from ... import worlds
from .portal_site import said_in

URL = "https://bank.example/hook"
TYPES = ("company.created", "connection.failed")
SAME = {"url": URL, "tags": "region:uk", "type:company.created": "yes"}


@pytest.fixture
def made(site):
    draft = ConsumerDraft(URL, TYPES, ("region:uk",))
    return webhooks.create(site.world, "test", draft, {"authorization": "Bearer secret-value"})


def headers(site, consumer):
    return dict(headers_of(site.world, site.world.db.read(lambda tx: consumers.secrets(tx, consumer.pk))))


def changed(site, consumer, language="en", **fields):
    given = {name.replace("__", ":"): text for name, text in {**SAME, **fields}.items() if text is not None}
    return site.post(f"webhooks/{consumer.id}/change", given, language)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_form_has_what_is_set_and_no_value_of_a_header(site, made, language):
    page = site.get(f"webhooks/{made.id}/change", language)
    assert page.status_code == 200
    assert f'value="{URL}"' in page.text
    assert 'value="region:uk"' in page.text
    assert page.text.count(" checked>") == 1
    assert "authorization" in said_in(page)
    assert "secret-value" not in page.text
    assert f'href="/portal/webhooks/{made.id}/change"' in site.get(f"webhooks/{made.id}", language).text


def test_address_events_tags_and_headers_are_changed_at_once_and_audited(site, made):
    answer = changed(
        site,
        made,
        url="https://bank.example/other",
        tags="plan:gold region:ie",
        **{"type:company.created": None, "type:bankFeeds.feed.parked": "yes"},
        headers_do="replace",
        headers="X-Tenant: blue\n\nauthorization: Bearer new: value\n",
        disabled="yes",
    )
    assert answer.status_code == 303
    found = webhooks.get(site.world, made.id)
    assert (found.url, found.company_tags) == ("https://bank.example/other", ("plan:gold", "region:ie"))
    assert set(found.event_types) == {"bankFeeds.feed.parked", "connection.failed"}
    assert (found.is_disabled, found.disabled_cause) == (True, webhooks.BY_HAND)
    assert headers(site, made) == {"x-tenant": "blue", "authorization": "Bearer new: value"}
    assert worlds.audited(site.world)[-1] == ("operator:ann-administrator", "webhook.update", f"webhook:{made.id}")


def test_saved_as_it_stands_nothing_is_lost(site, made):
    assert changed(site, made).status_code == 303
    assert webhooks.get(site.world, made.id) == made
    assert headers(site, made) == {"authorization": "Bearer secret-value"}


def test_headers_are_taken_off_and_a_disabled_consumer_is_enabled(site, made):
    changed(site, made, disabled="yes", headers="x-ignored: yes")
    assert headers(site, made) == {"authorization": "Bearer secret-value"}
    changed(site, made, headers_do="replace", headers="")
    assert headers(site, made) == {}
    assert not webhooks.get(site.world, made.id).is_disabled


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "http://bank.example"}, "url"),
        ({"url": ""}, "url"),
        ({"tags": "uk"}, "tags"),
        ({"headers_do": "replace", "headers": "nothing"}, "headers"),
        ({"headers_do": "replace", "headers": "webhook-id: 1"}, "headers"),
        ({"headers_do": "replace", "headers": "a: 1\nA: 2"}, "headers"),
        ({"headers_do": "replace", "headers": "a: \u00e9"}, "headers"),
        ({"headers_do": "replace", "headers": "\n".join(f"a{n}: 1" for n in range(11))}, "headers"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_changes(site, made, language, fields, field):
    before = worlds.everything(site.world)
    answer = changed(site, made, language, **fields)
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert worlds.everything(site.world) == before


def test_no_event_at_all_is_refused_unless_one_that_never_comes_was_asked_for(site, made):
    only = webhooks.create(site.world, "test", ConsumerDraft(URL, ("company.created",), ()))
    assert changed(site, only, **{"type:company.created": None}).status_code == 422
    assert changed(site, made, **{"type:company.created": None}).status_code == 303


def test_whoever_only_looks_and_a_consumer_that_there_is_not(site, made):
    assert site.get("webhooks/nobody/change").status_code == 404
    site.sign_in_as("viewer")
    assert site.get(f"webhooks/{made.id}/change").status_code == 403
    assert changed(site, made, url="https://evil.example/").status_code == 403
    assert webhooks.get(site.world, made.id).url == URL
