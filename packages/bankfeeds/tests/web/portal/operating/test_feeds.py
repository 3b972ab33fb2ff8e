"""Write history and feeds in the portal: filters, one push with its lines, a parked feed and the way out of it."""

from html import unescape
from typing import Any

import pytest

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.history import LineState
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.trouble import Trouble
from bankfeeds.flows import history, operate
from bankfeeds.web.portal.words import LANGUAGES

from .... import worlds
from ....flows.delivery.conftest import COMPANY
from ....flows.delivery.operators import ANN, WHY, park
from ..portal_site import said_in as told_in

EXTERNAL = "ext-acc-001"


def said_in(answer: Any) -> str:
    return unescape(told_in(answer))


@pytest.fixture
def parked(site: Any, platform: Any, make_lines: Any) -> Any:
    push = park(platform, make_lines)
    site.sign_in_as("administrator")
    return push


def test_the_write_history_is_filtered_and_says_what_is_wrong_with_a_filter(site: Any, parked: Any) -> None:
    href = f'href="/portal/pushes/{parked.key}"'
    day = parked.requested_at.date()
    for query in ("", "?status=Pending", f"?company={COMPANY}&account={EXTERNAL}", f"?from={day}&to={day}"):
        page = site.get(f"pushes{query}")
        assert href in page.text
        assert "On its way" in said_in(page)
    for query in ("?status=Failed", "?company=nobody", "?to=2020-01-01"):
        page = site.get(f"pushes{query}")
        assert href not in page.text
        assert "No push operation matches." in said_in(page)
    for query in ("?status=x", "?from=x", "?from=2026-02-02&to=2026-02-01", "?before=x"):
        assert site.get(f"pushes{query}").status_code == 422


def test_the_write_history_turns_pages_and_keeps_its_filter(site: Any, platform: Any, make_lines: Any) -> None:
    platform.link()
    for n in range(history.PUSHES_PER_PAGE + 1):
        platform.push(*make_lines("2026-02-01", start=n + 1))
    first = site.get(f"pushes?account={EXTERNAL}")
    place = unescape(first.text).split('rel="next"')[0].rsplit('href="/portal/', 1)[1].split('"')[0]
    second = site.get(place)
    assert f"account={EXTERNAL}" in place
    assert second.text.count("<tr>") - 1 == 1
    assert "Back to the newest" in said_in(second)


def test_a_push_shows_its_lines_errors_and_statements(site: Any, platform: Any, parked: Any) -> None:
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = set()
    platform.run()
    site.sign_in_as("administrator")
    said = said_in(site.get(f"pushes/{parked.key}"))
    for told in (
        "Failed",
        "was skipped by the operator: " + WHY,
        "Flour",
        "\u22121.00",
        "skipped",
        "delivered",
        "refused",
    ):
        assert told in said
    assert "\u22121,00" in said_in(site.get(f"pushes/{parked.key}", "fr"))
    assert site.get("pushes/nobody").status_code == 404


def test_a_parked_feed_tells_its_cause_in_plain_language(site: Any, parked: Any) -> None:
    listed = said_in(site.get("feeds?show=parked"))
    assert "Sage finds the transaction malformed" in listed
    said = said_in(site.get("feeds/1"))
    for told in ("needs your decision", "It stands at transaction t-3.", "SCHEMA_INVALID", "8 lines wait"):
        assert told in said
    french = said_in(site.get("feeds/1", "fr"))
    assert "opération mal formée" in french
    assert site.get("feeds?show=parked").text.count("<tr>") - 1 == 1
    assert "No feed is in this state." in said_in(site.get("feeds?show=closed"))
    assert site.get("feeds?show=x").status_code == 422
    assert site.get("feeds/99").status_code == 404


def test_a_parked_feed_is_resumed(site: Any, platform: Any, parked: Any) -> None:
    platform.sage.unwanted = set()
    assert site.post("feeds/1/resume", {"reason": WHY}).headers["location"] == "/portal/feeds/1"
    assert "The feed goes on" in said_in(site.get("feeds/1"))
    platform.run()
    assert platform.operation(parked).status is PushStatus.success
    assert ("operator:ann-administrator", "feed.resume", f"account:{EXTERNAL}") in worlds.audited(platform.world)


def test_the_line_it_stands_at_is_skipped_and_no_other(site: Any, platform: Any, parked: Any) -> None:
    refused = site.post("feeds/1/skip", {"line": "t-4", "reason": WHY})
    assert refused.status_code == 422
    assert "is parked at line t-3, not at t-4" in said_in(refused)
    assert platform.feeds()[0].status is FeedStatus.parked
    site.post("feeds/1/skip", {"line": "t-3", "reason": WHY})
    assert "The feed goes on behind line t-3, which stays a gap there." in said_in(site.get("feeds/1"))
    states = [each.states[1] for each in history.push(platform.world, parked.key).lines]
    assert states[2] is LineState.skipped


def test_lines_are_sent_again_from_a_line_that_was_sent(site: Any, platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.run()
    site.sign_in_as("administrator")
    refused = site.post("feeds/1/resend", {"line": "t-9", "reason": WHY})
    assert (refused.status_code, 'value="t-9"' in refused.text) == (422, True)
    site.post("feeds/1/resend", {"line": "t-2", "reason": WHY})
    assert "Everything from t-2 on is sent again." in said_in(site.get("feeds/1"))
    assert [feed.cursor for feed in platform.feeds()] == [1]


def test_every_trouble_has_words_and_advice_in_every_language() -> None:
    for words in LANGUAGES.values():
        for trouble in Trouble:
            assert words[f"trouble_{trouble.value}"]
            assert words[f"trouble_{trouble.value}_advice"]
