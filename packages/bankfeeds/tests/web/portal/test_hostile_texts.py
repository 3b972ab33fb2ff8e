"""Whatever is typed into any form, and whatever others are called: refused or kept, never a failure, never markup."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bankfeeds.domain.operator import Role
from bankfeeds.domain.outcome import Deferred
from bankfeeds.domain.webhook import ConsumerDraft
from bankfeeds.flows import branding, companies, keys, listings, webhooks
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.web.portal import listing as portal_listing
from bankfeeds.web.portal.routes import PAGES

from ... import worlds
from . import portal_site
from .test_integrations import Sage

MARKUP = "\"><img src=x onerror=alert(1)>'{{7*7}}"
TEMPLATES = Path(portal_listing.__file__).with_name("templates")
FIELDS = sorted(
    {
        name
        for each in TEMPLATES.glob("*.html")
        for name in re.findall(r'name="(\w+)"', each.read_text(encoding="utf-8"))
    }
    | {"client_secret", "api_key", "header_value", "evidence", "reason", "redirect_hosts", "headers", "url", "tags"}
)
UNSIGNED = {"sign-in", "sign-out", "sign-in/openid", "sign-in/openid/back"}


@pytest.fixture
def site(server, world):
    sage = Sage(Deferred("Sage answered 503"))
    with portal_site.serving(server, replace(world, destinations=sage), registrar=sage) as running:
        running.sign_in_as(Role.administrator)
        yield running


@pytest.fixture
def ids(site):
    """One of each thing that a page is about, called what breaks out of a page that does not escape."""
    world = site.world
    made = worlds.make_account(world, name=MARKUP)
    companies.replace_all(world, "test", made.company_id, CompanyDraft(MARKUP, MARKUP, {"tag": MARKUP}))
    worlds.link(world, made)
    listings.update(world, "test", worlds.LISTING_ID, {"name": MARKUP, "country": MARKUP})
    branding.change(world, "test", {"name": MARKUP[:60]})
    key, _ = keys.create(world, f"operator:{MARKUP}", MARKUP[:50], reason=MARKUP)
    consumer = webhooks.create(world, "test", ConsumerDraft("https://r.example/?x=<img%20src=x>", ("company.created",)))
    return {
        "company": made.company_id, "connection": made.connection_id, "account": made.account_id, "listing": "uk",
        "feed": "1", "push": "none", "key": key.id, "consumer": consumer.id, "operator": "1", "event": "none",
        "method": "GET", "type": "company.created", "operation": "none", "pause": "1",
    }  # fmt: skip


def filled(path, ids):
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: ids.get(found[1], "none"), path)


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_names_of_others_are_text_on_every_page(site, ids):
    shown = 0
    for page in PAGES:
        if page.show is not None and page.path not in UNSIGNED:
            answer = site.get(filled(page.path, ids))
            assert answer.status_code != 500, page.path
            assert "<img src=x" not in answer.text, page.path
            shown += "&lt;img src=x" in answer.text
    assert shown >= 8


TYPED = {
    "a NUL": "a\0b", "half a surrogate pair": "\ud800", "markup": MARKUP, "much": "x" * 5000, "a formula": "=cmd\r\nx: y",
    "less than nothing": "-1", "more than a number holds": "99999999999999999999",
}  # fmt: skip


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
def test_no_form_fails_whatever_is_typed_into_every_field(site, ids, typed):
    text = typed.encode("utf-8", "surrogatepass")
    for page in PAGES:
        if page.act is not None and page.path not in UNSIGNED | {"password"}:
            answer = site.post(
                filled(page.path, ids),
                dict.fromkeys((each for each in FIELDS if each not in {"csrf", "at_sage"}), text),
            )
            assert answer.status_code != 500, page.path
            assert "<img src=x" not in answer.text, page.path
            site.sign_in_as(Role.administrator)
