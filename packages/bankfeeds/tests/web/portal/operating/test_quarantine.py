"""Quarantine in the portal: what is held, and the way out of it; the sheet for the accountant."""

from html import unescape
from typing import Any

import pytest

from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import history, quarantine

from ....flows.delivery.operators import ANN, WHY
from ..portal_site import said_in as told_in

EXTERNAL = "ext-acc-001"


def said_in(answer: Any) -> str:
    return unescape(told_in(answer))


@pytest.fixture
def pushed(site: Any, platform: Any, make_lines: Any) -> Any:
    """Accepted for a linked account, and not sent yet."""
    platform.link()
    push = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-03"))
    site.sign_in_as("administrator")
    return push


def status_of(platform: Any, push: Any) -> PushStatus:
    return history.push(platform.world, push.key, 0).row.push.status


def test_a_push_is_held_listed_and_released_and_then_it_is_sent(site: Any, platform: Any, pushed: Any) -> None:
    assert "Nothing is held" in said_in(site.get("quarantine"))

    site.post(f"pushes/{pushed.key}/hold", {"reason": "sent twice?"})

    held = site.get(f"pushes/{pushed.key}")
    assert "Nothing more of this operation is sent" in said_in(held)
    assert "3 lines not sent since" in said_in(held)
    assert "sent twice?" in said_in(held)
    listed = site.get("quarantine")
    assert f'href="/portal/pushes/{pushed.key}"' in listed.text
    assert "sent twice? by operator:" in " ".join(said_in(listed).split())
    platform.run()
    assert status_of(platform, pushed) is PushStatus.pending

    site.sign_in_as("administrator")
    site.post(f"pushes/{pushed.key}/release", {"reason": "it was right"})

    assert "go on their way" in said_in(site.get(f"pushes/{pushed.key}"))
    platform.run()
    assert status_of(platform, pushed) is PushStatus.success
    site.sign_in_as("administrator")
    timeline = said_in(site.get(f"accounts/{EXTERNAL}"))
    assert "3 lines of a push operation were held in quarantine" in timeline
    assert "3 lines were released from quarantine" in timeline


def test_what_is_dropped_is_never_sent(site: Any, platform: Any, pushed: Any) -> None:
    site.post(f"pushes/{pushed.key}/hold", {"reason": WHY})

    site.post(f"pushes/{pushed.key}/drop", {"reason": "sent twice"})

    assert "never be sent" in said_in(site.get(f"pushes/{pushed.key}"))
    platform.run()
    assert status_of(platform, pushed) is PushStatus.failed
    assert quarantine.every(platform.world) == []


@pytest.mark.parametrize("verb", ["release", "drop", "hold"])
def test_what_cannot_be_is_said_and_nothing_changes(site: Any, platform: Any, pushed: Any, verb: str) -> None:
    if verb == "hold":
        quarantine.hold(platform.world, ANN, pushed.key, WHY)
    answer = site.post(f"pushes/{pushed.key}/{verb}", {"reason": WHY})
    assert answer.status_code == 422
    assert "held" in said_in(answer)
    assert len(quarantine.every(platform.world)) == (verb == "hold")
    assert site.post(f"pushes/{pushed.key}/{verb}", {"reason": ""}).status_code == 422
    assert site.post(f"pushes/nobody/{verb}", {"reason": WHY}).status_code == 404


def test_those_who_only_look_see_what_is_held_and_change_nothing(site: Any, platform: Any, pushed: Any) -> None:
    quarantine.hold(platform.world, ANN, pushed.key, WHY)
    site.sign_in_as("viewer")

    page = site.get(f"pushes/{pushed.key}")

    assert "Held in quarantine" in said_in(page)
    assert f"/pushes/{pushed.key}/release" not in page.text
    assert site.post(f"pushes/{pushed.key}/release", {"reason": WHY}).status_code == 403
    assert len(quarantine.every(platform.world)) == 1


def test_what_is_in_sage_is_a_sheet_for_the_accountant(site: Any, platform: Any, pushed: Any) -> None:
    platform.run()
    site.sign_in_as("administrator")
    page = site.get(f"pushes/{pushed.key}")
    assert f'href="/portal/pushes/{pushed.key}/ignore"' in page.text
    assert f'action="/portal/pushes/{pushed.key}/hold"' not in page.text

    sheet = site.get(f"pushes/{pushed.key}/ignore")

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    rows = sheet.text.split("\r\n")
    assert rows[0].startswith("listing,bank account,line,date,amount")
    assert len(rows) == 5, "a heading, three lines, and the end"


def test_it_is_in_french_too(site: Any, platform: Any, pushed: Any) -> None:
    quarantine.hold(platform.world, ANN, pushed.key, WHY)
    assert "3 opérations non envoyées depuis" in said_in(site.get(f"pushes/{pushed.key}", "fr"))
    assert "Opérations retenues" in said_in(site.get("quarantine", "fr"))
