"""The pages of webhooks and of the API's reference in a real browser, in both languages, wide and on a phone, with nothing that axe finds wrong."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from browsers import Album, chromium
from playwright.sync_api import Browser

from bankfeeds.flows import webhook_log
from bankfeeds.flows.context import Limits
from bankfeeds.web.portal import cookies
from bankfeeds.web.portal.words import LANGUAGES

from ...webhooks.receiving import consumer, is_settled, receiving, sending, until
from . import portal_site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_webhooks_are_for_everybody(server, world, browser: Browser, tmp_path: Path, language: str) -> None:
    near = replace(world, limits=Limits(webhook_private_targets=True))
    with portal_site.serving(server, near) as site, receiving() as receiver, sending(near):
        site.sign_in_as("developer")
        receiver.statuses(200, 500)
        types = ("bankTransactions.write.successful", "bankFeeds.feed.parked")
        made = consumer(near, receiver.url, *types, tags=("region:uk",), x_tenant="blue")
        consumer(near, "https://events.bank.example/a/rather/long/path/to/a/receiver", "connection.connected")
        sent = [site.post(f"webhooks/{made.id}", {"do": "test"}) for _ in range(2)]
        until(lambda: is_settled(near, made.id) or webhook_log.page(near, made.id)[0].attempts)
        shots = {
            "list": "webhooks",
            "one": f"webhooks/{made.id}",
            "change": f"webhooks/{made.id}/change",
            "event": sent[0].headers["location"].partition("/portal/")[2],
            "catalogue": "webhooks/events",
            "sample": "webhooks/events/bankFeeds.feed.parked",
            "remove": f"webhooks/{made.id}/remove",
            "api": "developers/api",
            "api-operation": "developers/api/create-bank-transactions",
        }
        with browser.new_context(locale=language, reduced_motion="reduce") as context:
            context.add_cookies([{"name": cookies.SESSION, "value": site.token, "url": site.url}])
            page = context.new_page()
            for name, path in shots.items():
                page.goto(f"{site.url}/portal/{path}")
                Album(tmp_path).shoot(page, f"portal-webhooks-{name}-{language}")
            page.goto(f"{site.url}/portal/{shots['one']}")
            page.get_by_role("button", name=LANGUAGES[language]["hook_rotate"]).click()
            Album(tmp_path).shoot(page, f"portal-webhooks-secret-{language}")
