"""The judge: what arrived in each bank account, against what the institution meant to arrive.

It hears a million lines for more than a second, so it lets others go first after every few; what an account is given
meanwhile it hears too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import date
from decimal import Decimal

from sage_sandbox.findings import AccountVerdict, Offence, Verdict, WrongBalance, WrongSum
from sage_sandbox.ledger import Block, Ledger
from sage_sandbox.records import BankAccount, ExpectedAccount, ExpectedLine, Offers
from sage_sandbox.rules import business_date

LINES_AT_ONCE = 5000
_ZERO = Decimal(0)
_WITHOUT_MINOR = frozenset(
    {"JPY", "KRW", "ISK", "CLP", "VND", "XAF", "XOF", "XPF", "UGX", "RWF", "PYG", "VUV", "KMF", "GNF", "DJF", "BIF"}
)
_WITH_THREE = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"})


def minor_exponent(currency: str) -> int:
    if currency in _WITHOUT_MINOR:
        return 0
    return 3 if currency in _WITH_THREE else 2


async def judge(
    accounts: Iterable[BankAccount],
    ledgers: dict[str, Ledger],
    expectations: dict[str, ExpectedAccount],
    amount_unit: str,
    offers: dict[str, Offers],
) -> Verdict:
    """Each account as it is at one instant, when the last of its lines was heard; all as expected when it was asked."""
    heard = [(account, ledgers.setdefault(account.bank_account_id, Ledger())) for account in accounts]
    expectations = dict(expectations)
    homes = await _homes(expectations)
    verdicts: list[AccountVerdict] = []
    for account, ledger in heard:
        hearing = _Hearing(account, homes, amount_unit)
        if account.external_id in expectations:
            await hearing.expect(expectations[account.external_id])
        found = await hearing.hear(ledger.blocks)
        _tell_offers(found, offers.get(account.bank_account_id), ledger)
        verdicts.append(found)
    linked = {account.external_id for account, _ in heard}
    verdicts += [_never_linked(e) for e in expectations.values() if e.external_id not in linked and e.lines]
    return Verdict(all(v.clean for v in verdicts), bool(expectations), verdicts)


async def _in_turns(expected: ExpectedAccount) -> AsyncIterator[Iterable[tuple[int, ExpectedLine]]]:
    """The expected lines with their places, some at once; others go first in between."""
    for first in range(0, len(expected.lines), LINES_AT_ONCE):
        yield enumerate(expected.lines[first : first + LINES_AT_ONCE], first)
        await asyncio.sleep(0)


def _tell_offers(found: AccountVerdict, offers: Offers | None, ledger: Ledger) -> None:
    """How much was offered and taken, and which of the lost lines no statement ever named."""
    refused = offers.refused if offers else {}
    if offers is not None:
        found.offered, found.accepted = offers.offered, offers.accepted
    found.never_offered = [
        unique_id
        for unique_id in found.lost
        if unique_id not in ledger.unstored_ids and unique_id not in refused and unique_id not in ledger.stored_ids
    ]
    first = found.first_offence
    if first is None or first.kind != "lost" or first.unique_id is None:
        return
    why = "no statement ever named it" if first.unique_id in found.never_offered else "its statement failed"
    if code := refused.get(first.unique_id):
        why = f"its statement was refused: {code}"
    found.first_offence = Offence(first.kind, f"{first.message}; the first: {why}", first.unique_id)


async def _homes(expectations: dict[str, ExpectedAccount]) -> dict[str, frozenset[str]]:
    """Where each line is expected: external ids by unique id."""
    homes: dict[str, frozenset[str]] = {}
    for expected in expectations.values():
        alone = frozenset({expected.external_id})
        async for some in _in_turns(expected):
            for _, line in some:
                others = homes.setdefault(line.unique_id, alone)
                if others is not alone:
                    homes[line.unique_id] = others | alone
    return homes


def _never_linked(expected: ExpectedAccount) -> AccountVerdict:
    lost = [line.unique_id for line in expected.lines]
    message = f"{len(lost)} lines are expected for an account that was never linked"
    return AccountVerdict(
        bank_account_id=None,
        external_id=expected.external_id,
        status=None,
        lost=lost,
        expected=len(lost),
        never_offered=lost,
        first_offence=Offence("lost", message, lost[0]),
    )


class _Hearing:
    """Goes through one account's statements in the order in which they were stored.

    `meant` holds the places of the expected lines in the order of arrival, by id, and `missing` those not heard yet;
    `strays` are the ids of lines heard that nobody expected. All are dicts for the reason that the ledger's ids are.
    """

    def __init__(self, account: BankAccount, homes: dict[str, frozenset[str]], amount_unit: str) -> None:
        self.account = account
        self.start = business_date(account.requested_start_date)
        self.homes = homes
        self.exponent = minor_exponent(account.default_currency) if amount_unit == "minor" else 0
        self.expected: ExpectedAccount | None = None
        self.meant: dict[str, int] = {}
        self.missing: dict[str, None] = {}
        self.strays: dict[str, None] = {}
        self.place = -1
        self.newest: date | None = None
        self.balance: Decimal | None = None
        self.since = _ZERO
        self.began = False
        self.verdict = AccountVerdict(
            bank_account_id=account.bank_account_id, external_id=account.external_id, status=account.status
        )

    async def expect(self, expected: ExpectedAccount) -> None:
        """Lines dated before the account's start are not asked for."""
        self.expected = expected
        start = self.start.isoformat()
        async for some in _in_turns(expected):
            due = {line.unique_id: place for place, line in some if line.date[:10] >= start}
            self.meant.update(due)
            self.missing.update(dict.fromkeys(due))
        self.verdict.expected = len(self.meant)

    async def hear(self, blocks: list[Block]) -> AccountVerdict:
        for block in blocks:
            self._hear_statement(block)
            await asyncio.sleep(0)
        self.verdict.status = self.account.status
        if self.account.status != "cancelled":
            self.verdict.lost = list(self.missing)
            for unique_id in self.verdict.lost[:1]:
                self._offend("lost", f"{len(self.verdict.lost)} expected lines are not here", unique_id)
        return self.verdict

    def _offend(self, kind: str, message: str, unique_id: str | None = None, statement_id: str | None = None) -> None:
        if self.verdict.first_offence is None:
            self.verdict.first_offence = Offence(kind, message, unique_id, statement_id)

    def _hear_statement(self, block: Block) -> None:
        statement_id = block.statement.statement_id
        wrong: list[str] = []
        stored, should = _ZERO, _ZERO
        for line in block.facts():
            amount = line.transaction_amount
            meant = self._hear_line(line.unique_id, business_date(line.date_posted), statement_id)
            due = amount if meant is None else meant.amount.scaleb(self.exponent)
            stored += amount
            should += due
            if due != amount:
                wrong.append(line.unique_id)
        self.verdict.lines += block.count
        if wrong:
            self._wrong_sum(WrongSum(statement_id, should, stored, wrong))
        self._hear_control_totals(block, stored)
        self._hear_balance(block, stored)

    def _wrong_sum(self, wrong: WrongSum) -> None:
        self.verdict.sums.append(wrong)
        about = wrong.unique_ids[0] if wrong.unique_ids else None
        self._offend("sums", f"the lines amount to {wrong.stored}, not {wrong.expected}", about, wrong.statement_id)

    def _meant(self, unique_id: str) -> ExpectedLine | None:
        place = self.meant.get(unique_id)
        return None if place is None or self.expected is None else self.expected.lines[place]

    def _is_new(self, unique_id: str) -> bool:
        if unique_id in self.missing:
            del self.missing[unique_id]
            return True
        if unique_id in self.meant or unique_id in self.strays:
            return False
        self.strays[unique_id] = None
        return True

    def _hear_line(self, unique_id: str, on: date, at: str) -> ExpectedLine | None:
        verdict = self.verdict
        if not self._is_new(unique_id):
            verdict.doubled.append(unique_id)
            self._offend("doubled", "stored before", unique_id, at)
            return self._meant(unique_id)
        if on < self.start:
            verdict.early.append(unique_id)
            self._offend("early", f"dated {on}, before the start date {self.start}", unique_id, at)
        homes = self.homes.get(unique_id)
        if homes and self.account.external_id not in homes:
            verdict.misrouted.append(unique_id)
            self._offend("misrouted", f"expected in {', '.join(sorted(homes))}", unique_id, at)
            return None
        if self.expected is None:
            self._hear_date_order(unique_id, on, at)
            return None
        return self._hear_meant(unique_id, on, at)

    def _hear_meant(self, unique_id: str, on: date, at: str) -> ExpectedLine | None:
        meant = self._meant(unique_id)
        if meant is None:
            if on >= self.start:
                self.verdict.unexpected.append(unique_id)
                self._offend("unexpected", "no expectation names this line", unique_id, at)
            return None
        place = self.meant[unique_id]
        if place < self.place:
            self.verdict.out_of_order.append(unique_id)
            self._offend("outOfOrder", "a later line was stored before it", unique_id, at)
        self.place = max(self.place, place)
        if meant.date[:10] != on.isoformat():
            self.verdict.wrong_dates.append(unique_id)
            self._offend("wrongDates", f"dated {on}, expected {meant.date[:10]}", unique_id, at)
        return meant

    def _hear_date_order(self, unique_id: str, on: date, at: str) -> None:
        if self.newest is not None and on < self.newest:
            self.verdict.out_of_order.append(unique_id)
            self._offend("outOfOrder", f"dated {on}, after a line of {self.newest}", unique_id, at)
            return
        self.newest = on

    def _hear_control_totals(self, block: Block, stored: Decimal) -> None:
        said = block.statement.expected
        whole = block.statement.stored_count == block.statement.transaction_details_count
        if said is None or not whole:
            return
        total = Decimal(said.transaction_credit_sum) + Decimal(said.transaction_debit_sum)
        if total != stored:
            self._wrong_sum(WrongSum(block.statement.statement_id, total, stored))

    def _hear_balance(self, block: Block, stored: Decimal) -> None:
        """Balances are followed from the first statement with lines on: what came before is not known here."""
        self.began = self.began or bool(block.count)
        if not self.began:
            return
        self.since += stored
        balances = block.statement.balances
        if balances is None or balances.ledger_balance is None:
            return
        found = Decimal(balances.ledger_balance)
        if self.balance is not None and self.balance + self.since != found:
            statement_id = block.statement.statement_id
            wrong = WrongBalance(statement_id, self.balance + self.since, found)
            self.verdict.balances.append(wrong)
            self._offend("balances", f"the balance is {found}, not {wrong.expected}", statement_id=statement_id)
        self.balance, self.since = found, _ZERO
