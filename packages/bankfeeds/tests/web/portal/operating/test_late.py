"""Late lines in the portal: what waits is presented or dropped, some of it or all, and the account's setting is changed."""

from html import unescape
from typing import Any

import pytest

from bankfeeds.domain.late_line import LateState
from bankfeeds.flows import late_queue

from ....flows.delivery.operators import WHY
from ....flows.delivery.test_interim_files import take
from ....flows.delivery.test_late_lines import document
from ..portal_site import said_in as told_in

EXTERNAL = "ext-acc-001"
PAGE = f"accounts/{EXTERNAL}/late-lines"


def said_in(answer: Any) -> str:
    return unescape(told_in(answer))


@pytest.fixture
def waiting(site: Any, platform: Any) -> list[Any]:
    """Two late lines out of a file."""
    platform.link()
    take(platform, document("100.00", (4, "-1.00", "A")))
    take(platform, document("88.00", (9, "-2.00", "B")))
    take(platform, document("100.00", (4, "-1.00", "A"), (5, "-4.00", "Tea"), (6, "-7.00", "Flour"), (9, "-2.00", "B")))
    site.sign_in_as("administrator")
    return late_queue.of_account(platform.world, EXTERNAL).waiting


def states(platform: Any) -> list[LateState]:
    return [line.state for line in late_queue.of_account(platform.world, EXTERNAL).lines]


def test_one_is_presented_and_the_other_dropped(site: Any, platform: Any, waiting: Any) -> None:
    listed = site.get("quarantine")
    assert f'href="/portal/{PAGE}"' in listed.text
    assert "2026-02-05" in said_in(listed)
    assert PAGE in site.get(f"accounts/{EXTERNAL}").text
    assert "2 lines, −11.00" in said_in(site.get(f"accounts/{EXTERNAL}/reconciliation"))  # noqa: RUF001

    first, second = waiting
    assert "Choose Tea of 2026-02-05" in site.get(PAGE).text
    site.post(PAGE, {"line-1": first.id, "reason": WHY, "do": "present"})
    assert "Presented. The lines go to Sage" in said_in(site.get(PAGE))
    site.post(PAGE, {"all": "yes", "reason": WHY, "do": "drop"})

    page = site.get(PAGE)
    assert "Dropped. The lines will never be sent." in said_in(page)
    assert "No late line of this account waits" in said_in(page)
    assert states(platform) == [LateState.presented, LateState.dropped]
    platform.run()
    assert platform.sage.stored["ba-1"][2:] == [first.id]
    site.sign_in_as("administrator")
    timeline = said_in(site.get(f"accounts/{EXTERNAL}"))
    assert "1 late lines were presented on 2026-03-02" in timeline
    assert "1 late lines were dropped, and are never sent" in timeline
    shown = said_in(site.get(f"accounts/{EXTERNAL}/reconciliation"))
    assert f"{first.id} 2026-02-05: came late, stands on 2026-03-02" in shown
    assert f"{second.id} 2026-02-06: came late and was dropped" in shown


def test_the_setting_is_changed_and_changed_back(site: Any, platform: Any, waiting: Any) -> None:
    assert "Late lines of statement files wait here" in said_in(site.get(PAGE))
    site.post(f"{PAGE}/setting", {"presents": "yes", "reason": WHY})
    assert "This account presents late lines" in said_in(site.get(PAGE))
    assert platform.account().presents_late
    assert len(waiting) == states(platform).count(LateState.waiting), "what waits goes on waiting"
    site.post(f"{PAGE}/setting", {"presents": "no", "reason": WHY})
    assert not platform.account().presents_late
    assert "The account was set to let late lines wait" in said_in(site.get(f"accounts/{EXTERNAL}"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reason": WHY, "do": "present"}, "Choose at least one line, or all."),
        ({"all": "yes", "reason": " ", "do": "drop"}, "say why"),
        ({"line-1": "nobody's", "reason": WHY, "do": "drop"}, "waits in account"),
    ],
)
def test_what_is_not_decided_changes_nothing(
    site: Any, platform: Any, waiting: Any, given: dict[str, str], told: str
) -> None:
    answer = site.post(PAGE, given)
    assert answer.status_code == 422
    assert told in said_in(answer)
    assert states(platform) == [LateState.waiting] * len(waiting)


def test_who_may_only_look_sees_no_buttons_and_changes_nothing(site: Any, platform: Any, waiting: Any) -> None:
    site.sign_in_as("viewer")
    page = site.get(PAGE)
    assert "Tea" in said_in(page)
    assert 'value="present"' not in page.text
    for path, given in ((PAGE, {"all": "yes", "do": "drop"}), (f"{PAGE}/setting", {"presents": "yes"})):
        assert site.post(path, {**given, "reason": WHY}).status_code == 403
    assert states(platform) == [LateState.waiting] * len(waiting)


def test_more_than_a_form_holds_are_decided_in_turn(site: Any, platform: Any) -> None:
    platform.link()
    take(platform, document("100.00", (9, "-2.00", "B")))
    many = [(5, "-1.00", f"Late {number}") for number in range(45)]
    take(platform, document("145.00", *many, (9, "-2.00", "B")))
    site.sign_in_as("administrator")
    page = site.get(PAGE)
    assert page.text.count('type="checkbox"') == 41
    site.post(
        PAGE,
        {**{f"line-{n}": late.id for n, late in enumerate(_waiting(platform)[:40], 1)}, "reason": WHY, "do": "drop"},
    )
    assert len(_waiting(platform)) == 5


def _waiting(platform: Any) -> list[Any]:
    return late_queue.of_account(platform.world, EXTERNAL).waiting
