"""At the end of a simulated life: every day of every feed, Sage's running balance is the institution's, or lines say why not.

The institution's side is the simulation's own ledger, Sage's the sandbox's; the platform's word is taken for neither.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby
from typing import Any

from judges import OFFENCES, Judge
from lives import Account, Bad

from bankfeeds.domain.balance_proof import FeedProof, Verdict
from bankfeeds.flows import reconcile
from bankfeeds.flows.context import World


def check(world: World, judge: Judge, account: Account) -> None:
    """Bad if a day differs by anything but the lines that `reconcile` names."""
    found = reconcile.reconcile(world, account.external_id)
    if found.verdict is not (Verdict.proved if account.lines else Verdict.unproved):
        raise Bad(f"{account.id} is {found.verdict}, and its institution's ledger adds up")
    feeds = {feed.bank_account_id: feed for feed in found.feeds}
    for bank_account_id in account.linked.values() if account.lines else ():
        if bank_account_id not in feeds:
            raise Bad(f"{account.id} is linked as {bank_account_id} and was not reconciled there")
        _check_feed(account, feeds[bank_account_id], _by_day(judge, bank_account_id))


def is_named(account: Account, verdict: Mapping[str, Any]) -> bool:
    """Whether the judge has nothing against a bank account but balances, each off by just what was left out before it."""
    if any(verdict.get(offence) for offence in OFFENCES if offence != "balances"):
        return False
    gaps = {_pounds(each["ledgerBalance"]) - _pounds(each["expected"]) for each in verdict["balances"]}
    return gaps <= _left_out(account)


def _left_out(account: Account) -> set[Decimal]:
    """By how much balances may be off: stretches of lines left out, and of some such that follow on one another."""
    runs = groupby(account.lines, lambda line: line.id in account.skipped)
    totals = [sum((line.amount for line in run), Decimal(0)) for is_left_out, run in runs if is_left_out]
    return {total for first in range(len(totals)) for total in accumulate(totals[first:])}


def _pounds(pence: object) -> Decimal:
    return Decimal(str(pence)).scaleb(-2)


def _by_day(judge: Judge, bank_account_id: str) -> dict[date, Decimal]:
    """What Sage has, day by day."""
    totals: dict[date, Decimal] = {}
    for line in judge.get("/transactions", bankAccountId=bank_account_id):
        on = date.fromisoformat(line["datePosted"][:10])
        totals[on] = totals.get(on, Decimal(0)) + _pounds(line["transactionAmount"])
    return totals


def _check_feed(account: Account, feed: FeedProof, in_sage: Mapping[date, Decimal]) -> None:
    start_on = str(feed.start_on or date.max)
    due = [line for line in account.lines[: feed.settled_seq] if line.on >= start_on]
    if not due:
        return
    running = due[0].balance - due[0].amount
    if feed.opening != running:
        raise Bad(f"{feed.bank_account_id} opens with {running}, not with {feed.opening}")
    closings = {line.on: line.balance for line in due}
    for day in sorted(closings.keys() | {on.isoformat() for on in in_sage}):
        running += in_sage.get(date.fromisoformat(day), Decimal(0))
        named = sum((line.amount for line in feed.skipped if line.on <= date.fromisoformat(day)), Decimal(0))
        if day in closings and closings[day] - running != named:
            raise Bad(f"{feed.bank_account_id} on {day}: {closings[day]} at the bank, {running} in Sage, {named} named")
    if feed.running != running:
        raise Bad(f"{feed.bank_account_id}: Sage has {running}, and reconcile says {feed.running}")
