"""Companies in the portal: found, shown, given one-time passwords, unlinked, deleted; an account and its timeline."""

from datetime import UTC
from html import unescape
from typing import Any

import pytest

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.flows import history, operate, pausing, search
from bankfeeds.flows.pausing import Target

from .... import worlds
from ....flows.delivery.conftest import COMPANY, CONNECTION
from ....flows.delivery.operators import ANN, WHY, park
from ..portal_site import said_in as told_in

EXTERNAL = "ext-acc-001"
THEIR_PAGE = f"companies/{COMPANY}"
CONNECTION_PAGE = f"{THEIR_PAGE}/connections/{CONNECTION}"
CHANGES = (
    f"{CONNECTION_PAGE}/otp", f"{CONNECTION_PAGE}/unlink", f"{THEIR_PAGE}/delete", f"accounts/{EXTERNAL}/delete",
    f"accounts/{EXTERNAL}/reauthorise", "pauses", "pauses/end", "feeds/1/resume", "feeds/1/skip", "feeds/1/resend",
)  # fmt: skip


def said_in(answer: Any) -> str:
    return unescape(told_in(answer))


def test_a_company_is_searched_for_and_opened(site: Any, platform: Any) -> None:
    platform.link()
    found = site.get("companies?q=harbour")
    assert f'href="/portal/{THEIR_PAGE}"' in found.text
    assert "Harbour Bakery" in said_in(found)
    shown = said_in(site.get(THEIR_PAGE))
    assert "Linked" in shown
    assert CONNECTION in shown
    assert "112233-10203041" in shown
    assert "250.75 GBP" in shown


def test_what_is_not_found_says_what_to_try(site: Any) -> None:
    said = said_in(site.get("companies?q=%3Cb%3Enobody"))
    assert "No company matches “<b>nobody”." in said
    assert site.get("companies?page=x").status_code == 422
    assert site.get("companies/nobody").status_code == 404
    assert site.get("accounts/nobody").status_code == 404


def test_amounts_are_written_as_the_language_writes_them(site: Any) -> None:
    assert "250,75 GBP" in said_in(site.get(THEIR_PAGE, "fr"))


def test_a_one_time_password_is_shown_once_and_is_in_no_address(site: Any, platform: Any) -> None:
    answer = site.post(f"{CONNECTION_PAGE}/otp")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    said = said_in(answer)
    assert "K7QM" in said
    assert "2026-03-02 13:00 UTC" in said
    password = next(word for word in said.split() if word.startswith("K7QM"))
    again = site.get(f"{CONNECTION_PAGE}/otp")
    assert (again.status_code, again.headers["location"]) == (303, f"/portal/{THEIR_PAGE}")
    page = site.get(THEIR_PAGE)
    assert password not in page.text
    assert "One is in force until 2026-03-02 13:00 UTC" in said_in(page)
    assert ("operator:ann-administrator", "otp.issue", f"connection:{CONNECTION}") in worlds.audited(platform.world)
    assert password not in repr(worlds.everything(platform.world))


def test_a_connection_is_unlinked_after_a_question(site: Any, platform: Any) -> None:
    platform.link()
    before = _kept(platform.world)
    assert "Unlink this connection?" in said_in(site.get(f"{CONNECTION_PAGE}/unlink"))
    assert _kept(platform.world) == before
    assert site.post(f"{CONNECTION_PAGE}/unlink").headers["location"] == f"/portal/{THEIR_PAGE}"
    assert platform.connection().status is ConnectionStatus.unlinked
    assert "The connection is unlinked" in said_in(site.get(THEIR_PAGE))
    assert site.get(f"{CONNECTION_PAGE}/unlink").status_code == 409


def test_a_company_is_deleted_only_with_the_box_ticked(site: Any, platform: Any) -> None:
    platform.link()
    assert "Delete Harbour Bakery?" in said_in(site.get(f"{THEIR_PAGE}/delete"))
    refused = site.post(f"{THEIR_PAGE}/delete")
    assert (refused.status_code, "Tick the box first" in said_in(refused)) == (422, True)
    assert search.company(platform.world, COMPANY).company.name == "Harbour Bakery"
    assert site.post(f"{THEIR_PAGE}/delete", {"sure": "yes"}).headers["location"] == "/portal/companies"
    assert "Harbour Bakery was deleted." in said_in(site.get("companies"))
    assert site.get(THEIR_PAGE).status_code == 404
    assert "Deleted 2026-03-02" in said_in(site.get(f"accounts/{EXTERNAL}"))


def test_an_account_is_deleted_only_with_the_box_ticked(site: Any, platform: Any) -> None:
    page = f"accounts/{EXTERNAL}/delete"
    assert "Delete account Trading?" in said_in(site.get(page))
    assert site.post(page).status_code == 422
    assert site.post(page, {"sure": "yes"}).headers["location"] == f"/portal/{THEIR_PAGE}"
    assert history.account(platform.world, EXTERNAL).deleted_at is not None


def test_the_timeline_tells_in_words_what_happened(site: Any, platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = set()
    platform.run()
    site.sign_in_as("administrator")
    said = said_in(site.get(f"accounts/{EXTERNAL}"))
    for told in (
        "Linked in Sage", "To Sage's bank account ba-1, from 2026-01-01 on.", "Opening statement to Sage",
        "The feed stopped at a line that Sage refuses", f"An operator skipped line t-3 by {ANN}", f"Reason: {WHY}",
        "Lines accepted, not all delivered: 10", "The account was created.", "Sage Intacct every 4 hours",
    ):  # fmt: skip
        assert told in said
    french = said_in(site.get(f"accounts/{EXTERNAL}", "fr"))
    assert "Relié dans Sage" in french
    assert "toutes les 4 heures" in french


def test_lines_withheld_and_lines_of_today_are_told(site: Any, platform: Any, make_lines: Any) -> None:
    platform.link("ba-1", "2026-02-02")
    platform.push(*make_lines("2026-02-01", platform.clock().astimezone(UTC).date().isoformat()))
    platform.run()
    site.sign_in_as("administrator")
    said = said_in(site.get(f"accounts/{EXTERNAL}"))
    assert "1, dated before the start date: kept, never sent" in said
    assert "Lines dated today appear tomorrow." in said


def test_the_customer_is_asked_to_authorise_again(site: Any, platform: Any) -> None:
    platform.link()
    assert site.post(f"accounts/{EXTERNAL}/reauthorise", {"reason": WHY}).status_code == 303
    said = said_in(site.get(f"accounts/{EXTERNAL}"))
    assert "Sage will ask its user to authorise the account again." in said
    assert "Its user has to authorise the account again in Sage." in said
    assert site.post(f"accounts/{EXTERNAL}/reauthorise", {"reason": WHY}).status_code == 409


def test_deliveries_are_paused_and_go_on_at_every_level(site: Any, platform: Any) -> None:
    platform.link()
    places = {
        "platform:all": "feeds", "listing:default": "feeds", f"company:{COMPANY}": THEIR_PAGE,
        f"account:{EXTERNAL}": f"accounts/{EXTERNAL}",
    }  # fmt: skip
    for scope, place in places.items():
        assert site.post("pauses", {"scope": scope, "reason": WHY}).headers["location"] == f"/portal/{place}"
        assert WHY in said_in(site.get(place))
    assert {each.scope for each in history.account(platform.world, EXTERNAL).pauses} == set(places)
    for scope, place in places.items():
        assert site.post("pauses/end", {"scope": scope, "reason": WHY}).headers["location"] == f"/portal/{place}"
    assert history.account(platform.world, EXTERNAL).pauses == []


@pytest.mark.parametrize("scope", ["", "platform:x", "bank:1", "company:", "company:nobody"])
def test_a_scope_that_is_none_pauses_nothing(site: Any, platform: Any, scope: str) -> None:
    before = _kept(platform.world)
    assert site.post("pauses", {"scope": scope, "reason": WHY}).status_code in {404, 422}
    assert _kept(platform.world) == before


@pytest.mark.parametrize("path", CHANGES)
def test_nothing_changes_without_a_reason_a_right_form_or_the_role(site: Any, platform: Any, path: str) -> None:
    platform.link()
    pausing.pause(platform.world, ANN, Target(account=EXTERNAL), WHY)
    fields = {"scope": f"account:{EXTERNAL}", "line": "t-1", "sure": "yes", "reason": WHY}
    site.sign_in_as("viewer")
    site.sign_in_as("developer")
    before = _kept(platform.world)
    assert site.post(path, fields).status_code == 403
    site.sign_in_as("viewer")
    assert site.post(path, fields).status_code == 403
    site.sign_in_as("administrator")
    assert site.post(path, {**fields, "csrf": "0" * 64}).status_code == 403
    if "delete" not in path and "unlink" not in path and "otp" not in path:
        assert site.post(path, {**fields, "reason": " "}).status_code == 422
    after = _kept(platform.world)
    assert after == before


def test_a_viewer_sees_everything_and_no_button(site: Any, platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    site.sign_in_as("viewer")
    for path in ("companies", THEIR_PAGE, f"accounts/{EXTERNAL}", "pushes", "feeds", "feeds/1"):
        page = site.get(path)
        assert page.status_code == 200
        assert 'method="post" action="/portal/sign-out"' in page.text
        assert page.text.count('method="post"') == 1


def _kept(world: Any) -> tuple[dict[str, Any], list[Any]]:
    """What operators change; signing in and being there is nothing of it."""
    rows = {name: each for name, each in worlds.everything(world).items() if not name.startswith("operator")}
    del rows["audit"]
    return rows, [entry for entry in worlds.audited(world) if not entry[1].startswith("operator.")]
