"""Texts of old lines and names of who is gone are erased; the ledger stays: duplicates, proof, order; both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import companies, connections, erase, late_queue, operate, reconcile, retention
from bankfeeds.store import erased
from bankfeeds.store import tables as t
from bankfeeds.store.seal import Sealer
from bankfeeds.work.retention import Round

from .conftest import COMPANY, CONNECTION, KEY, Item
from .operators import ANN, DAYS, WHY, audit_rows, park, refuses

NAME = "ext-acc-001"
COFFEE = {"description": "Coffee with Ms Smith", "counterparty": "J Smith", "reference": "INV 7"}
DAYS_KEPT = 30


@pytest.fixture
def platform(platform: Any) -> Any:
    limits = replace(platform.world.limits, retention_days=DAYS_KEPT)
    platform.world = replace(platform.world, sealer=Sealer((KEY,)), limits=limits)
    return platform


def coffees(items: list[Item]) -> list[Item]:
    return [replace(item, **COFFEE) for item in items]


def stored(platform: Any) -> list[tuple[str, str, str | None, str | None, bool]]:
    """Of each line its id and texts, and whether they were erased."""
    columns = t.lines.c
    query = sa.select(columns.id, columns.description, columns.counterparty, columns.reference, columns.texts_digest)
    rows = platform.world.db.read(lambda tx: tx.rows(query.order_by(columns.pk)))
    return [(row.id, row.description, row.counterparty, row.reference, row.texts_digest is not None) for row in rows]


def blanked(platform: Any) -> list[str]:
    for line_id, description, counterparty, reference, is_erased in stored(platform):
        texts = (description, counterparty, reference)
        assert texts == (("", None, None) if is_erased else tuple(COFFEE.values())), line_id
    return [row[0] for row in stored(platform) if row[-1]]


def retain(platform: Any) -> int:
    """A whole round; how many lines lost their texts."""
    after_pk, total = 0, 0
    while (found := retention.step(platform.world, after_pk)) is not None:
        after_pk, count = found
        total += count
    return total


def all_texts(platform: Any) -> str:
    """Everything stored but for the trail of erasing itself."""
    rows: list[str] = []
    for table in t.metadata.sorted_tables:
        found = platform.world.db.read(lambda tx, of=table: tx.rows(sa.select(of)))
        rows += [repr(row) for row in found if ".erase" not in repr(row)]
    return "\n".join(rows)


def delete_company(platform: Any) -> None:
    companies.delete(platform.world, "api:test", COMPANY)


def test_old_lines_that_are_in_sage_lose_their_texts_and_young_ones_do_not(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*coffees(make_lines("2026-01-05", "2026-01-06", "2026-02-20")))
    platform.run()
    assert retain(platform) == 2
    assert blanked(platform) == ["t-1", "t-2"]
    assert retain(platform) == 0
    platform.clock.advance(timedelta(days=60).total_seconds())
    assert retain(platform) == 1
    assert blanked(platform) == ["t-1", "t-2", "t-3"]


def test_the_same_line_again_is_known_and_a_changed_one_is_refused(platform: Any, make_lines: Any) -> None:
    platform.link()
    lines = coffees(make_lines("2026-01-05", "2026-01-06"))
    platform.push(*lines)
    platform.run()
    retain(platform)
    again = platform.push(*lines)
    assert again.status is PushStatus.success
    assert [flaw.message for flaw in again.warnings] == [
        f"'{line.id}' was accepted before with the same content; passed over" for line in lines
    ]
    for change in ({"description": "Tea"}, {"counterparty": None}, {"reference": "INV 8"}):
        other = replace(lines[0], **change)
        words = "accepted before with another description, counterparty or reference"
        refuses(platform, lambda other=other: platform.push(other), Invalid, words)
    moved = replace(lines[0], amount=lines[0].amount - 1, balance=lines[0].balance - 1)
    refuses(platform, lambda: platform.push(moved), Invalid, "with another amount and balance;")


def test_a_line_that_came_late_is_erased_as_it_came_too_and_known_again(platform: Any, make_lines: Any) -> None:
    platform.link()
    newest, late = make_lines("2026-01-09")[0], replace(make_lines("2026-01-05", start=2)[0], **COFFEE)
    platform.push(newest)
    late_queue.change(platform.world, ANN, NAME, WHY, presents=True)
    platform.push(late)
    platform.run()
    assert COFFEE["counterparty"] in all_texts(platform)
    platform.clock.advance(timedelta(days=60).total_seconds())
    assert retain(platform) == 2
    assert "Smith" not in all_texts(platform)
    assert platform.push(late).status is PushStatus.success
    moved = replace(late, amount=late.amount - 1)
    refuses(platform, lambda: platform.push(moved), Invalid, "ids are for ever")


def test_texts_that_only_run_together_alike_are_not_the_same(platform: Any, make_lines: Any) -> None:
    platform.link()
    (line,) = make_lines("2026-01-05")
    platform.push(replace(line, description="ab", counterparty="c"))
    platform.run()
    retain(platform)
    shifted = replace(line, description="a", counterparty="bc")
    refuses(platform, lambda: platform.push(shifted), Invalid, "with another description")


def test_the_key_of_the_digests_is_sealed_and_without_it_amounts_decide(platform: Any, make_lines: Any) -> None:
    platform.link()
    lines = coffees(make_lines("2026-01-05", "2026-01-06"))
    platform.push(*lines)
    platform.run()
    retain(platform)
    first, second = platform.world.db.read(lambda tx: tx.rows(sa.select(t.lines.c.texts_digest).order_by(t.lines.c.pk)))
    assert first != second
    platform.world = replace(platform.world, sealer=Sealer(("another" * 8,)))
    assert platform.push(replace(lines[0], description="Tea")).status is PushStatus.success
    moved = replace(lines[0], amount=lines[0].amount - 1)
    refuses(platform, lambda: platform.push(moved), Invalid, "with another amount;")


def test_what_is_not_in_sage_keeps_its_texts(platform: Any, make_lines: Any) -> None:
    platform.link(start="2026-01-06")
    platform.push(*coffees(make_lines("2026-01-05", "2026-01-06")))
    platform.run()
    platform.sage.unwanted = {"t-3"}
    platform.push(*coffees(make_lines("2026-01-07", "2026-01-08", start=3)))
    platform.run()
    assert retain(platform) == 1
    assert blanked(platform) == ["t-2"]
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.run()
    assert retain(platform) == 1
    assert blanked(platform) == ["t-2", "t-4"]


def test_a_line_waits_until_every_live_feed_of_its_account_has_it(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2")
    platform.sage.unwanted, platform.sage.unwanted_in = {"t-1"}, "ba-2"
    platform.push(*coffees(make_lines("2026-01-05")))
    platform.run()
    assert retain(platform) == 0
    platform.unlink("ba-2")
    assert retain(platform) == 1


def test_what_a_later_feed_got_is_looked_at_again(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1", start="2026-01-06")
    platform.push(*coffees(make_lines("2026-01-05", "2026-01-06")))
    platform.run()
    retain(platform)
    assert blanked(platform) == ["t-2"]
    platform.link("ba-2", start="2026-01-01")
    platform.run()
    assert platform.sage.stored["ba-2"] == ["t-1", "t-2"]
    assert retain(platform) == 1
    assert blanked(platform) == ["t-1", "t-2"]


def test_lines_are_erased_some_hundred_at_a_time(platform: Any) -> None:
    count = 1000
    platform.link()
    items = [Item(f"t-{n}", "2026-01-05", -1, 10_000 - n, **COFFEE) for n in range(count + 1)]
    platform.push(*items[:count])
    platform.push(items[count])
    platform.run()
    standing = Round(platform.world)
    sizes = [len(blanked(platform)) for _ in range(4) if standing.step() is not None]
    assert sizes == [erased.LINES_AT_ONCE, 2 * erased.LINES_AT_ONCE, count + 1, count + 1]


def test_without_the_setting_nothing_is_erased(platform: Any) -> None:
    assert platform.world.limits.retention_days == DAYS_KEPT
    assert type(platform.world.limits)().retention_days == 0


def test_of_what_is_live_only_texts_of_lines_in_sage_go_and_balances_are_proved(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*coffees(make_lines(*DAYS)))
    platform.run()
    push = platform.push(*coffees(make_lines("2026-02-20", start=len(DAYS) + 1)))
    done = erase.erase(platform.world, ANN, "company", COMPANY, WHY)
    assert (done.accounts, done.lines, done.lines_kept) == (2, len(DAYS), 1)
    assert done.live == [f"{CONNECTION}/acc-001", f"{CONNECTION}/acc-002"]
    assert len(blanked(platform)) == len(DAYS)
    assert platform.account().name == "Trading"
    platform.run()
    assert platform.operation(push).status is PushStatus.success
    found = reconcile.reconcile(platform.world, NAME)
    assert found.verdict is Verdict.proved
    assert [feed.missing for feed in found.feeds] == [0]


def test_of_what_is_deleted_nothing_stays_that_names_anybody(platform: Any, make_lines: Any) -> None:
    park(platform, lambda *days: coffees(make_lines(*days)))
    operate.skip(platform.world, ANN, "ba-1", "t-3", "Ms Smith asked for it")
    platform.run()
    companies.update(platform.world, "api:test", COMPANY, companies.CompanyDraft(None, "J Smith's bakery", {"a": "b"}))
    delete_company(platform)
    named = ("Smith", "INV 7", "Harbour Bakery", "Trading", "1020304", "112233", "something is wrong")
    assert [word for word in named if word not in all_texts(platform)] == []
    done = erase.erase(platform.world, ANN, "company", COMPANY, WHY)
    assert (done.accounts, done.live, done.lines, done.lines_kept) == (2, [], len(DAYS), 0)
    assert [word for word in named if word in all_texts(platform)] == []
    lines = t.lines.c
    kept = platform.world.db.read(lambda tx: tx.rows(sa.select(lines.id, lines.posted_on, lines.amount, lines.balance)))
    assert len(kept) == len(DAYS)
    assert {str(row.amount) for row in kept} == {"-1.00"}
    again = erase.erase(platform.world, ANN, "company", COMPANY, WHY)
    assert (again.lines, again.rows) == (0, {})


def test_that_somebody_erased_is_on_record_with_the_reason_and_what_it_came_to(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*coffees(make_lines("2026-01-05")))
    platform.run()
    connections.delete(platform.world, "api:test", COMPANY, CONNECTION)
    erase.erase(platform.world, ANN, "connection", CONNECTION, WHY)
    (begun,), (ended,) = audit_rows(platform, "connection.erase"), audit_rows(platform, "connection.erased")
    assert (begun.actor, begun.subject, begun.reason) == (ANN, f"connection:{CONNECTION}", WHY)
    assert ended.detail["lines"] == 1
    assert ended.detail["rows"]["source_accounts"] == 2


def test_a_rehearsal_counts_the_same_and_changes_nothing(platform: Any, make_lines: Any) -> None:
    park(platform, lambda *days: coffees(make_lines(*days)))
    delete_company(platform)
    before = all_texts(platform)
    told = erase.erase(platform.world, ANN, "company", COMPANY, WHY, is_rehearsal=True)
    assert all_texts(platform) == before
    assert audit_rows(platform, "company.erase") == []
    done = erase.erase(platform.world, ANN, "company", COMPANY, WHY)
    assert done == told


def test_one_account_of_a_name_that_was_made_anew_is_erased_by_its_external_id(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*coffees(make_lines("2026-01-05")))
    platform.run()
    done = erase.erase(platform.world, ANN, "account", NAME, WHY)
    assert (done.accounts, done.lines, done.live) == (1, 1, [f"{CONNECTION}/acc-001"])
    assert erase.erase(platform.world, ANN, "account", f"{CONNECTION}/acc-001", WHY).lines == 0


@pytest.mark.parametrize(("kind", "name"), [("company", "nobody"), ("connection", "\0"), ("account", "x/y")])
def test_what_never_was_is_refused(platform: Any, kind: Any, name: str) -> None:
    refuses(platform, lambda: erase.erase(platform.world, ANN, kind, name, WHY), NotFound, "there never was")


def test_no_reason_no_erasing(platform: Any) -> None:
    refuses(platform, lambda: erase.erase(platform.world, ANN, "company", COMPANY, " "), Invalid, "say why")


def test_a_second_feed_gets_lines_without_texts_in_their_order(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.push(*coffees(make_lines("2026-01-05", "2026-01-06")))
    platform.run()
    retain(platform)
    platform.link("ba-2")
    platform.run()
    assert platform.sage.stored["ba-2"] == ["t-1", "t-2"]
    assert [offer.batch.columns.descriptions for offer in platform.sage.offers if offer.batch][-1] == ["", ""]
