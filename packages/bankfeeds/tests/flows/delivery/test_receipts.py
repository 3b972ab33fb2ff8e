"""Receipts say where each line of a push has got to; a push rehearsed says beforehand where its lines would go."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.receipt import ReceiptState
from bankfeeds.flows import operate, pausing, reauthorise, receipts
from bankfeeds.flows.context import Limits
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.pausing import Target
from bankfeeds.flows.rehearse import rehearse

from ... import worlds
from .conftest import COMPANY, CONNECTION, Sent


def states(platform, push, offset=0, limit=100):
    found, _ = receipts.page(platform.world, COMPANY, push.key, offset, limit)
    return [(each.id, each.state.value) for each in found]


def only(platform, push):
    (found,), total = receipts.page(platform.world, COMPANY, push.key, 0, 10)
    assert total == 1
    return found


def rehearsed(platform, *items):
    sent = [Sent(item) for item in items]
    return rehearse(platform.world, PushRequest(COMPANY, CONNECTION, "acc-001", "acc-001", sent))


def test_a_line_goes_from_accepted_through_a_statement_into_sage(platform, make_lines):
    platform.link()
    platform.run()
    pushed_at = platform.clock()
    push = platform.push(*make_lines("2026-02-01"))

    assert (only(platform, push).state, only(platform, push).at) == (ReceiptState.accepted, pushed_at)
    platform.step()
    under_way = only(platform, push)
    assert under_way.state is ReceiptState.in_statement
    assert under_way.statement_id in platform.sage.taken
    platform.run()
    done = only(platform, push)
    assert (done.state, done.statement_id) == (ReceiptState.in_sage, under_way.statement_id)
    assert done.at > pushed_at


def test_lines_before_the_start_date_are_withheld_and_say_so(platform, make_lines):
    platform.link(start="2026-02-02")
    push = platform.push(*make_lines("2026-02-01", "2026-02-02"))
    platform.run()

    assert states(platform, push) == [("t-1", "withheld"), ("t-2", "inSage")]
    found, _ = receipts.page(platform.world, COMPANY, push.key, 0, 1)
    assert "2026-02-02" in (found[0].reason or "")


def test_a_line_that_sage_will_not_take_is_refused_what_follows_waits_and_says_why_and_a_skip_shows(
    platform, make_lines
):
    platform.link()
    platform.sage.unwanted = {"t-2"}
    push = platform.push(*make_lines("2026-02-01", "2026-02-01", "2026-02-01"))
    platform.run()

    assert states(platform, push) == [("t-1", "inSage"), ("t-2", "refused"), ("t-3", "accepted")]
    found, _ = receipts.page(platform.world, COMPANY, push.key, 1, 2)
    assert all("'t-2'" in (each.reason or "") for each in found)

    operate.skip(platform.world, "op", "ba-1", "t-2", "agreed with the customer")
    platform.run()
    assert states(platform, push) == [("t-1", "inSage"), ("t-2", "skipped"), ("t-3", "inSage")]
    (skipped,), _ = receipts.page(platform.world, COMPANY, push.key, 1, 1)
    assert skipped.reason == "agreed with the customer"


def test_a_line_that_sage_had_before_us_is_in_sage_without_a_statement_of_ours(platform, make_lines):
    platform.link()
    platform.sage.stored["ba-1"] = ["t-1"]
    push = platform.push(*make_lines("2026-02-01", "2026-02-01"))
    platform.run()

    assert states(platform, push) == [("t-1", "inSage"), ("t-2", "inSage")]
    (known,), _ = receipts.page(platform.world, COMPANY, push.key, 0, 1)
    assert known.statement_id is None
    assert known.reason


def test_with_two_feeds_the_one_that_is_behind_counts_and_a_withholding_one_does_not(platform, make_lines):
    platform.link("ba-1")
    platform.link("ba-2", start="2026-02-02")
    platform.sage.unwanted, platform.sage.unwanted_in = {"t-2"}, "ba-2"
    push = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-03"))
    platform.run()

    assert states(platform, push) == [("t-1", "inSage"), ("t-2", "refused"), ("t-3", "accepted")]


@pytest.mark.parametrize(
    ("hold", "told"),
    [
        (
            lambda platform: pausing.pause(platform.world, "op", Target(account=f"{CONNECTION}/acc-001"), "month end"),
            "paused",
        ),
        (
            lambda platform: reauthorise.ask(platform.world, "op", f"{CONNECTION}/acc-001", "consent ran out"),
            "authorise",
        ),
    ],
    ids=["paused", "to be authorised again"],
)
def test_what_waits_for_somebody_says_for_whom(platform, make_lines, hold, told):
    platform.link()
    platform.run()
    hold(platform)
    push = platform.push(*make_lines("2026-02-01"))
    platform.run()

    receipt = only(platform, push)
    assert receipt.state is ReceiptState.accepted
    assert told in (receipt.reason or "")


def test_lines_whose_feed_was_closed_before_they_were_sent_stay_accepted_and_say_so(platform, make_lines):
    platform.link()
    push = platform.push(*make_lines("2026-02-01"))
    platform.unlink("ba-1")

    receipt = only(platform, push)
    assert receipt.state is ReceiptState.accepted
    assert "disconnected" in (receipt.reason or "")


def test_receipts_come_in_pages_and_duplicates_have_theirs_elsewhere(platform, make_lines):
    platform.link()
    first = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-03"))
    again = platform.push(*make_lines("2026-02-01", "2026-02-02", "2026-02-03", "2026-02-03"))
    repeated = platform.push(*make_lines("2026-02-01"))

    assert [each[0] for each in states(platform, first, 1, 1)] == ["t-2"]
    assert states(platform, first, 3, 1) == []
    assert [each[0] for each in states(platform, again)] == ["t-4"]
    assert receipts.page(platform.world, COMPANY, repeated.key, 0, 10) == ([], 0)


def test_a_rehearsal_tells_the_statements_that_sage_then_gets_and_stores_nothing(make_platform, make_lines):
    platform = make_platform(Limits(requests_per_second=0, lines_per_statement_max=3))
    platform.link(start="2026-01-02")
    platform.run()
    platform.push(*make_lines("2026-01-02"))
    platform.run()
    sent = make_lines("2026-01-02", "2026-01-02", "2026-01-02", "2026-01-02", "2026-01-02", "2026-01-30")
    sent = [replace(each, amount=Decimal(n) - 3) for n, each in enumerate(sent[1:], 1)]
    before = worlds.everything(platform.world)

    told = rehearsed(platform, *make_lines("2026-01-02"), *sent)

    assert worlds.everything(platform.world) == before
    assert (told.accepted, told.duplicates, told.withheld) == (5, 1, 0)
    assert [flaw.field for flaw in told.warnings] == ["transactions[0].id"]
    offers = len(platform.sage.offers)
    platform.push(*make_lines("2026-01-02"), *sent)
    platform.run()
    assert [
        (draft.bank_account_id, draft.line_count, draft.credit_sum + draft.debit_sum, draft.ledger, draft.ledger_on)
        for draft in told.statements
    ] == [
        (
            offer.bank_account_id,
            offer.statement.line_count,
            sum(map(Decimal, offer.batch.columns.amounts)),
            offer.statement.balances.ledger,
            offer.statement.balances.ledger_on,
        )
        for offer in platform.sage.offers[offers:]
    ]
    assert [(draft.credit_sum, draft.debit_sum) for draft in told.statements] == [
        (Decimal(0), Decimal(-3)),
        (Decimal(1), Decimal(0)),
        (Decimal(2), Decimal(0)),
    ]


def test_a_rehearsal_counts_as_withheld_what_no_feed_would_get(platform, make_lines):
    platform.link("ba-1", start="2026-02-03")
    platform.link("ba-2", start="2026-02-02")

    told = rehearsed(platform, *make_lines("2026-02-01", "2026-02-02", "2026-02-03"))

    assert (told.accepted, told.withheld) == (3, 1)
    assert [(draft.bank_account_id, draft.line_count) for draft in told.statements] == [("ba-1", 1), ("ba-2", 2)]
    assert [flaw.message.split(":")[0] for flaw in told.warnings] == [
        "1 dated before 2026-02-02, the start date chosen in Sage",
        "2 dated before 2026-02-03, the start date chosen in Sage",
    ]


def test_a_rehearsal_says_when_sage_has_not_told_the_start_date_yet(platform, make_lines):
    platform.link(start=None)

    told = rehearsed(platform, *make_lines("2026-02-01"))

    assert told.statements[0].ledger_on == date(2026, 2, 1)
    assert "start date" in told.warnings[-1].message


def test_a_rehearsal_refuses_what_the_push_would_be_refused_for(platform, make_lines):
    platform.link()
    platform.push(*make_lines("2026-02-02"))
    with pytest.raises(Invalid) as told:
        rehearsed(platform, *make_lines("2026-02-01", start=5))
    with pytest.raises(Invalid) as pushed:
        platform.push(*make_lines("2026-02-01", start=5))
    assert told.value.flaws == pushed.value.flaws
