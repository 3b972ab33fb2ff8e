"""The judge: what arrived in each bank account, against what the institution meant to arrive; values only."""

from collections.abc import Iterable, Sized
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

from sage_sandbox.ledger import Block, Ledger
from sage_sandbox.records import BankAccount, ExpectedAccount, ExpectedLine, Offers
from sage_sandbox.rules import business_date

_ZERO = Decimal(0)
_WITHOUT_MINOR = frozenset(
    {"JPY", "KRW", "ISK", "CLP", "VND", "XAF", "XOF", "XPF", "UGX", "RWF", "PYG", "VUV", "KMF", "GNF", "DJF", "BIF"}
)
_WITH_THREE = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"})


class Offence(msgspec.Struct, rename="camel", frozen=True):
    """The first thing that went wrong in an account."""

    kind: str
    message: str
    unique_id: str | None = None
    statement_id: str | None = None


class WrongSum(msgspec.Struct, rename="camel", frozen=True):
    """A statement whose lines do not amount to what they should."""

    statement_id: str
    expected: Decimal
    stored: Decimal
    unique_ids: list[str] = []


class WrongBalance(msgspec.Struct, rename="camel", frozen=True):
    """A statement whose ledger balance does not follow from the one before."""

    statement_id: str
    expected: Decimal
    ledger_balance: Decimal


class AccountVerdict(msgspec.Struct, rename="camel", kw_only=True):
    """Ids of lines, statements with wrong figures; empty lists where nothing is wrong."""

    bank_account_id: str | None
    external_id: str
    status: str | None
    expected: int = 0
    offered: int = 0
    accepted: int = 0
    lines: int = 0
    lost: list[str] = []
    never_offered: list[str] = []
    doubled: list[str] = []
    out_of_order: list[str] = []
    early: list[str] = []
    misrouted: list[str] = []
    unexpected: list[str] = []
    wrong_dates: list[str] = []
    sums: list[WrongSum] = []
    balances: list[WrongBalance] = []
    first_offence: Offence | None = None

    @property
    def clean(self) -> bool:
        return self.first_offence is None

    def offences(self) -> dict[str, Sized]:
        """What is wrong, by kind; nothing where nothing is. Of the lost, `neverOffered` tells whose fault it is."""
        kinds: dict[str, Sized] = {
            "lost": self.lost,
            "neverOffered": self.never_offered,
            "doubled": self.doubled,
            "outOfOrder": self.out_of_order,
            "early": self.early,
            "misrouted": self.misrouted,
            "unexpected": self.unexpected,
            "wrongDates": self.wrong_dates,
            "sums": self.sums,
            "balances": self.balances,
        }
        return {kind: found for kind, found in kinds.items() if found}


class Verdict(msgspec.Struct, rename="camel"):
    clean: bool
    expectations: bool
    accounts: list[AccountVerdict]


def minor_exponent(currency: str) -> int:
    if currency in _WITHOUT_MINOR:
        return 0
    return 3 if currency in _WITH_THREE else 2


def judge(
    accounts: Iterable[BankAccount],
    ledgers: dict[str, Ledger],
    expectations: dict[str, ExpectedAccount],
    amount_unit: str,
    offers: dict[str, Offers] | None = None,
) -> Verdict:
    homes = _homes(expectations)
    verdicts: list[AccountVerdict] = []
    linked: set[str] = set()
    for account in accounts:
        linked.add(account.external_id)
        ledger = ledgers.get(account.bank_account_id) or Ledger()
        expected = expectations.get(account.external_id)
        hearing = _Hearing(account, expected, homes, amount_unit)
        found = hearing.hear(ledger.blocks)
        _tell_offers(found, (offers or {}).get(account.bank_account_id), ledger)
        verdicts.append(found)
    verdicts += [_never_linked(e) for e in expectations.values() if e.external_id not in linked and e.lines]
    return Verdict(all(v.clean for v in verdicts), bool(expectations), verdicts)


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


def _homes(expectations: dict[str, ExpectedAccount]) -> dict[str, set[str]]:
    """Where each line is expected: external ids by unique id."""
    homes: dict[str, set[str]] = {}
    for expected in expectations.values():
        for line in expected.lines:
            homes.setdefault(line.unique_id, set()).add(expected.external_id)
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


@dataclass(frozen=True)
class _Meant:
    """An expected line, its place in the order of arrival, its amount as it should be stored."""

    place: int
    amount: Decimal
    on: str


class _Hearing:
    """Goes through one account's statements in the order in which they were stored."""

    def __init__(
        self, account: BankAccount, expected: ExpectedAccount | None, homes: dict[str, set[str]], amount_unit: str
    ) -> None:
        self.account = account
        self.start = business_date(account.requested_start_date)
        self.homes = homes
        exponent = minor_exponent(account.default_currency) if amount_unit == "minor" else 0
        self.meant = None if expected is None else self._meant(expected.lines, exponent)
        self.seen: set[str] = set()
        self.place = -1
        self.newest: date | None = None
        self.balance: Decimal | None = None
        self.since = _ZERO
        self.began = False
        self.verdict = AccountVerdict(
            bank_account_id=account.bank_account_id, external_id=account.external_id, status=account.status
        )
        self.verdict.expected = len(self.meant or ())

    def _meant(self, lines: list[ExpectedLine], exponent: int) -> dict[str, _Meant]:
        due = [line for line in lines if line.date[:10] >= self.start.isoformat()]
        return {
            line.unique_id: _Meant(place, line.amount.scaleb(exponent), line.date[:10])
            for place, line in enumerate(due)
        }

    def hear(self, blocks: list[Block]) -> AccountVerdict:
        for block in blocks:
            self._hear_statement(block)
        if self.meant is not None and self.account.status != "cancelled":
            self.verdict.lost = [unique_id for unique_id in self.meant if unique_id not in self.seen]
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
            amount = Decimal(line.transaction_amount)
            meant = self._hear_line(line.unique_id, business_date(line.date_posted), statement_id)
            stored += amount
            should += amount if meant is None else meant.amount
            if meant is not None and meant.amount != amount:
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

    def _hear_line(self, unique_id: str, on: date, statement_id: str) -> _Meant | None:
        verdict, at = self.verdict, statement_id
        if unique_id in self.seen:
            verdict.doubled.append(unique_id)
            self._offend("doubled", "stored before", unique_id, at)
            return self.meant.get(unique_id) if self.meant else None
        self.seen.add(unique_id)
        if on < self.start:
            verdict.early.append(unique_id)
            self._offend("early", f"dated {on}, before the start date {self.start}", unique_id, at)
        homes = self.homes.get(unique_id)
        if homes and self.account.external_id not in homes:
            verdict.misrouted.append(unique_id)
            self._offend("misrouted", f"expected in {', '.join(sorted(homes))}", unique_id, at)
            return None
        if self.meant is None:
            self._hear_date_order(unique_id, on, at)
            return None
        return self._hear_meant(unique_id, on, at)

    def _hear_meant(self, unique_id: str, on: date, at: str) -> _Meant | None:
        meant = (self.meant or {}).get(unique_id)
        if meant is None:
            if on >= self.start:
                self.verdict.unexpected.append(unique_id)
                self._offend("unexpected", "no expectation names this line", unique_id, at)
            return None
        if meant.place < self.place:
            self.verdict.out_of_order.append(unique_id)
            self._offend("outOfOrder", "a later line was stored before it", unique_id, at)
        self.place = max(self.place, meant.place)
        if meant.on != on.isoformat():
            self.verdict.wrong_dates.append(unique_id)
            self._offend("wrongDates", f"dated {on}, expected {meant.on}", unique_id, at)
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
