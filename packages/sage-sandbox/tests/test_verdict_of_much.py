"""The judge of many lines: it lets others go first, hears what comes meanwhile, and leaves the garbage collector nothing."""

import asyncio
import gc
from datetime import UTC, datetime

import pytest

from sage_sandbox.ledger import Ledger
from sage_sandbox.lines import lines_of
from sage_sandbox.records import ExpectedAccount, ExpectedLine, Statement
from sage_sandbox.verdict import LINES_AT_ONCE, judge
from sage_sandbox.wire import Amount, Line

ON = datetime(2026, 3, 2, tzinfo=UTC)


class Held:
    """One bank account, its ledger, and what is expected of it."""

    def __init__(self, account):
        self.account, self.ledger, self.expected = account, Ledger(), {}

    def expect(self, ids):
        lines = tuple(ExpectedLine(unique_id, Amount("0.01"), "2026-03-02") for unique_id in ids)
        self.expected = {self.account.external_id: ExpectedAccount(external_id=self.account.external_id, lines=lines)}

    def store(self, ids):
        statement = Statement(
            statement_id=f"statement-{len(self.ledger.blocks)}",
            bank_account_id=self.account.bank_account_id,
            bank_id=self.account.bank_id,
            account_status="active",
            transaction_details_count=len(ids),
            received_at=ON,
            due_at=ON,
            first_transaction_id=self.ledger.next_id,
        )
        lines = [Line(i, self.account.bank_account_id, Amount(1), "CREDIT", "posted", ON) for i in ids]
        self.ledger.append(statement, lines_of(statement.statement_id, lines), lines)

    async def judged(self):
        ledgers = {self.account.bank_account_id: self.ledger}
        return (await judge([self.account], ledgers, self.expected, "minor", {})).accounts[0]


@pytest.fixture
def held(wired, account):
    return Held(wired.world.book.bank_accounts[account["bankAccountId"]])


def test_others_go_first_after_every_statement_and_what_they_store_is_heard(held):
    held.expect(["a", "b", "c", "late"])
    for unique_id in ("a", "b", "c"):
        held.store([unique_id])

    async def beside():
        asked, turns = asyncio.create_task(held.judged()), 0
        while not asked.done():
            turns += 1
            if turns == 3:
                held.store(["late"])
            await asyncio.sleep(0)
        return await asked, turns

    found, turns = asyncio.run(beside())
    assert (found.lines, found.lost, found.clean) == (4, [], True)
    assert turns > len(held.ledger.blocks)


def test_expectations_of_many_turns_keep_their_order(held):
    ids = [f"line-{number}" for number in range(2 * LINES_AT_ONCE + 2)]
    held.expect(ids)
    swapped = [*ids[1:-2], ids[-1], ids[-2]]
    for first in range(0, len(swapped), 1000):
        held.store(swapped[first : first + 1000])
    held.store([ids[5]])
    found = asyncio.run(held.judged())
    assert (found.expected, found.lines) == (len(ids), len(ids))
    assert found.offences() == {
        "lost": [ids[0]],
        "neverOffered": [ids[0]],
        "outOfOrder": [ids[-2]],
        "doubled": [ids[5]],
    }


def test_the_garbage_collector_looks_at_no_line(held):
    """A million ids in a set made it stop everything for 100 ms, a million expected lines for 600."""
    ids = [f"line-{number}" for number in range(1000)]
    held.expect(ids)
    held.store(ids)
    held.ledger.leave_out(held.ledger.blocks[0].lines())
    gc.collect()
    for kept in (held.ledger.stored_ids, held.ledger.unstored_ids):
        assert ids[0] in kept
        assert not set(gc.get_referents(kept)) & set(ids)
    lines = held.expected[held.account.external_id].lines
    assert not gc.is_tracked(lines)
    assert not gc.is_tracked(lines[0])
