"""An account that moves here from another server has a cut-over: what is dated before it is never sent from here."""

from datetime import date

import pytest

from bankfeeds.domain.audit import AuditFilter
from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.flows import cut_over, receipts, source_accounts
from bankfeeds.store import audit

from .conftest import COMPANY, CONNECTION

DAYS = [f"2026-02-{day:02}" for day in range(1, 7)]
CUT_OVER = date(2026, 2, 4)
ACCOUNT = f"{CONNECTION}/acc-001"


def moved(platform, on=CUT_OVER):
    return cut_over.change(platform.world, "operator:ada", ACCOUNT, on, "moves from Codat")


def stored(platform, bank_account_id="ba-1"):
    return platform.sage.stored[bank_account_id]


def requested(platform):
    return source_accounts.get(platform.world, COMPANY, CONNECTION, "acc-001").requested_start_on


def test_lines_before_the_cut_over_are_known_and_never_sent_though_the_user_chose_an_earlier_day(platform, make_lines):
    moved(platform)
    platform.link(start="2026-01-01")
    push = platform.push(*make_lines(*DAYS))
    platform.run()

    assert stored(platform) == ["t-4", "t-5", "t-6"]
    assert platform.operation(push).status.value == "Success"
    assert [each.message for each in push.warnings] == [
        "3 dated before 2026-02-04, the account's cut-over date: withheld, never sent"
    ]
    found, _ = receipts.page(platform.world, COMPANY, push.key, 0, 10)
    assert [each.state.value for each in found] == ["withheld"] * 3 + ["inSage"] * 3
    assert found[0].reason == "dated before 2026-02-04, the account's cut-over date"
    again = platform.push(*make_lines(*DAYS))
    assert again.first_seq is None


def test_what_the_user_chose_is_still_told(platform):
    moved(platform)
    platform.link(start="2026-01-01")
    assert requested(platform) == date(2026, 1, 1)


def test_a_day_chosen_after_the_cut_over_counts(platform, make_lines):
    moved(platform)
    platform.link(start="2026-02-06")
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert stored(platform) == ["t-6"]
    assert "the start date chosen in Sage" in push.warnings[0].message
    assert requested(platform) == date(2026, 2, 6)


def test_a_start_date_that_sage_tells_later_is_cut_too(platform, make_lines):
    moved(platform)
    platform.link(start=None)
    platform.push(*make_lines(*DAYS))
    platform.sage.found = FoundAccount("ba-1", "pending", "2026-01-01T00:00:00Z")
    platform.run()
    assert stored(platform) == ["t-4", "t-5", "t-6"]
    assert requested(platform) == date(2026, 1, 1)


def test_linked_again_elsewhere_the_cut_over_still_holds(platform, make_lines):
    moved(platform)
    platform.link("ba-1", start="2026-01-01")
    platform.push(*make_lines(*DAYS))
    platform.run()
    platform.unlink("ba-1")
    platform.link("ba-2", start="2026-01-01")
    platform.run()
    assert stored(platform, "ba-2") == ["t-4", "t-5", "t-6"]


def test_the_day_cannot_change_while_the_account_is_linked(platform, make_lines):
    platform.link(start="2026-01-01")
    with pytest.raises(Conflict, match="linked in Sage already"):
        moved(platform)
    assert platform.account().cut_over_on is None
    platform.unlink("ba-1")
    moved(platform)
    platform.link("ba-2", start="2026-01-01")
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert stored(platform, "ba-2") == ["t-4", "t-5", "t-6"]


def test_the_day_is_taken_away_again_and_each_change_is_audited_with_its_reason(platform):
    moved(platform)
    assert moved(platform, None).cut_over_on is None
    platform.link(start="2026-01-01")
    assert platform.feeds()[0].start_on == date(2026, 1, 1)
    found = platform.world.db.read(lambda tx: audit.page(tx, AuditFilter(action="account.cut_over"), None, 10))
    assert [(entry.actor, entry.reason, entry.detail) for _, entry in found] == [
        ("operator:ada", "moves from Codat", {"from": "2026-02-04", "to": None}),
        ("operator:ada", "moves from Codat", {"from": None, "to": "2026-02-04"}),
    ]


def test_neither_a_stranger_nor_a_change_without_reason_is_taken(platform):
    with pytest.raises(NotFound):
        cut_over.change(platform.world, "operator:ada", f"{CONNECTION}/nobody", CUT_OVER, "moves")
    with pytest.raises(Invalid, match="reason"):
        cut_over.change(platform.world, "operator:ada", ACCOUNT, CUT_OVER, " ")
    assert platform.account().cut_over_on is None
