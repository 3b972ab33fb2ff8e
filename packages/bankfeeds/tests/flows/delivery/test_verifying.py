"""After a restore an account takes only lines that follow on its last one, and what Sage has already is passed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.errors import Conflict, Invalid
from bankfeeds.domain.outcome import Problem, Rejected
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import accept, deliver, verify
from bankfeeds.store import acceptance, feeds
from bankfeeds.store import tables as t

from .conftest import COMPANY, CONNECTION, Sent
from .operators import ANN, DAYS, WHY, audit_rows, ids, refuses


def restored(platform: Any, make_lines: Any, *, had: int, sage_has: int) -> None:
    """A platform with so many of ten lines, whose Sage has so many."""
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS[:had]))
    platform.run()
    platform.sage.stored["ba-1"] = ids(sage_has)
    verify.begin(platform.world, ANN, platform.clock() - timedelta(hours=1), WHY)


def test_lines_that_leave_a_gap_are_refused_with_what_to_push(platform: Any, make_lines: Any) -> None:
    restored(platform, make_lines, had=3, sage_has=6)
    words = r"restored as it was at 2026-\d\d-\d\d \d\d:\d\d UTC: its newest line here is of 2026-02-03, with balance 997.*push everything since then again"
    refuses(platform, lambda: platform.push(*make_lines(*DAYS[8:], start=9)), Invalid, words)


def test_what_is_pushed_again_is_passed_where_sage_has_it_and_delivered_where_not(
    platform: Any, make_lines: Any
) -> None:
    restored(platform, make_lines, had=3, sage_has=6)
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status is PushStatus.success
    passed = audit_rows(platform, "feed.passedKnownLines")
    assert sum(row.detail["lines"] for row in passed) == 3
    (verified,) = audit_rows(platform, "verify.pass")
    assert (verified.actor, verified.detail["line"]) == ("api:test", "t-4")


def test_an_account_is_verified_once_and_then_takes_lines_as_ever(platform: Any, make_lines: Any) -> None:
    restored(platform, make_lines, had=3, sage_has=3)
    platform.push(*make_lines(*DAYS[3:6], start=4))
    odd = make_lines(*DAYS[6:], start=7)
    odd[0].balance = Decimal(1)
    platform.push(*odd)
    assert len(audit_rows(platform, "verify.pass")) == 1
    assert verify.state(platform.world).count == 1  # the other account


def test_known_lines_alone_prove_nothing(platform: Any, make_lines: Any) -> None:
    restored(platform, make_lines, had=3, sage_has=3)
    platform.push(*make_lines(*DAYS[:3]))
    assert [each.id for each in verify.state(platform.world).accounts] == ["acc-001", "acc-002"]


def test_an_account_without_lines_goes_by_the_balance_it_was_made_with(platform: Any, make_lines: Any) -> None:
    platform.link()
    verify.begin(platform.world, ANN, platform.clock(), WHY)
    lines = make_lines(*DAYS[:2])
    refuses(platform, lambda: platform.push(*lines), Invalid, "it has no lines here, with balance 250.75")
    lines[0].balance = Decimal("249.75")
    platform.push(*lines)


def test_an_operator_ends_it_without_proof(platform: Any, make_lines: Any) -> None:
    restored(platform, make_lines, had=3, sage_has=3)
    assert verify.end(platform.world, ANN, "ext-acc-001", WHY) == 1
    platform.push(*make_lines(*DAYS[8:], start=9))
    assert verify.end(platform.world, ANN, None, WHY) == 1
    refuses(platform, lambda: verify.end(platform.world, ANN, None, WHY), Conflict, "nothing to end")
    assert [(row.actor, row.subject, row.reason) for row in audit_rows(platform, "verify.end")] == [
        (ANN, "account:ext-acc-001", WHY),
        (ANN, "platform:all", WHY),
    ]


def test_the_future_is_no_moment_of_a_backup(platform: Any) -> None:
    later = platform.clock() + timedelta(seconds=1)
    refuses(platform, lambda: verify.begin(platform.world, ANN, later, WHY), Invalid, "is in the future")


def test_sage_is_asked_again_after_every_account_that_was_reported(platform: Any) -> None:
    platform.world.db.write(lambda tx: tx.run(t.reports.update().values(check_due_at=None, checks=6)))
    verify.begin(platform.world, ANN, platform.clock(), WHY)
    rows = platform.world.db.read(lambda tx: tx.rows(sa.select(t.reports.c.checks, t.reports.c.check_due_at)))
    assert [(row.checks, row.check_due_at) for row in rows] == [(0, platform.clock())] * 2


def test_a_claim_that_was_in_the_backup_holds_nothing_up(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS[:3]))
    lease = timedelta(seconds=60)
    (gone,) = platform.world.db.write(lambda tx: feeds.claim_due(tx, "gone", platform.clock(), lease, 1))
    assert platform.step() == 0
    verify.begin(platform.world, ANN, platform.clock(), WHY)
    assert platform.step() == 1
    deliver.step(platform.world, gone)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(3)


def test_a_duplicate_whose_id_sage_does_not_name_is_passed_if_it_was_pushed_again(
    platform: Any, make_lines: Any
) -> None:
    restored(platform, make_lines, had=3, sage_has=3)
    platform.push(*make_lines(*DAYS[3:4], start=4))
    nameless = Rejected("DUPLICATE_TRANSACTION", (Problem("DUPLICATE_TRANSACTION", "known", duplicate=True),))
    platform.sage._process = lambda _delivery: nameless
    platform.run()
    assert platform.feeds()[0].cursor == 4
    assert [row.detail["firstSeq"] for row in audit_rows(platform, "feed.passedKnownLines")] == [4]


@pytest.mark.parametrize("count", [1, 60])
def test_no_quick_way_into_the_store_leads_past_it(platform: Any, make_lines: Any, count: int) -> None:
    restored(platform, make_lines, had=3, sage_has=3)
    lines = make_lines(*[DAYS[9]] * count, start=10)
    refuses(platform, lambda: platform.push(*lines), Invalid, "restored as it was at")


def test_pushes_that_are_stored_together_do_not_get_past_it_either(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2", account="acc-002")
    accounts = ("acc-001", "acc-002")

    def store_together(first: int) -> list[Any]:
        sent = [Sent(line) for line in make_lines(DAYS[0], start=first)]
        requests = [accept.PushRequest(COMPANY, CONNECTION, each, each, sent) for each in accounts]
        begun = [accept.begin(platform.world, "api:test", request) for request in requests]
        return [each.stored.result(20) for each in begun if each is not None]

    platform.push(*make_lines(DAYS[0]))
    platform.push(*make_lines(DAYS[0]), account="acc-002")
    assert all(store_together(2))
    verify.begin(platform.world, ANN, platform.clock(), WHY)
    assert store_together(3) == [None, None]
    drafts = [
        accept.PushRequest(COMPANY, CONNECTION, each, each, [Sent(line) for line in make_lines(DAYS[0], start=4)])
        for each in accounts
    ]
    pushes = [accept._new_push(accept.begin(platform.world, "api:test", each).draft) for each in drafts]
    assert platform.world.db.write(lambda tx: acceptance._store_small(tx, pushes)) == [None, None]
