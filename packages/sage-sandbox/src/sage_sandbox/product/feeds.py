"""What a product does with a feed: downloads by its rhythm, and shows lines with a running balance in its own zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sage_sandbox.ledger import Ledger
from sage_sandbox.product.client import ConsumerClient
from sage_sandbox.product.profiles import Profile
from sage_sandbox.product.tenancy import LedgerAccount
from sage_sandbox.wire import Line

PAGES_MAX = 50
_EXPECTANT = frozenset({"pending", "pendingConfirmation", "authRequired"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A line as the product lists it; the balance is none where the bank told none after it."""

    number: int
    on: date
    line: Line
    balance: Decimal | None


def next_refresh(account: LedgerAccount, profile: Profile) -> datetime | None:
    return account.refreshed_at + profile.rhythm if account.refreshed_at else None


def is_due(account: LedgerAccount, profile: Profile, now: datetime) -> bool:
    """By the rhythm; at every look while the user waits for something to happen."""
    due = next_refresh(account, profile)
    waits = account.status in _EXPECTANT or account.downloaded_to == 0
    return account.is_connected and (due is None or waits or now >= due)


async def refresh(client: ConsumerClient, account: LedgerAccount, now: datetime) -> bool:
    """Download what is new, as far as one visit goes; whether there is more."""
    for _ in range(PAGES_MAX):
        told = await client.transactions(account.bank_account_id or "", account.downloaded_to + 1)
        account.status = told.bank_account.status
        if told.bank_account.balances is not None:
            account.balance = told.bank_account.balances.ledger_balance
        found = told.bank_transaction_list.transactions
        if found:
            account.downloaded_to = found[-1].transaction_id
        if told.bank_transaction_list.next is None:
            account.refreshed_at = now
            return False
    return True


def day_of(instant: datetime, profile: Profile) -> date:
    """The calendar day where the product's users are; an instant without a zone is a day already."""
    return (instant if instant.tzinfo is None else instant.astimezone(profile.zone)).date()


def lines_before(
    ledger: Ledger, account: LedgerAccount, profile: Profile, now: datetime, before: int | None
) -> Iterator[Shown]:
    """Newest first. What was downloaded is read where the sandbox keeps it anyway, up to the last id downloaded.

    The balance after the last line of a statement is what the bank said; each line before it is one amount away.
    """
    today = day_of(now, profile)
    below = min(account.downloaded_to + 1, before or account.downloaded_to + 1)
    for block in reversed(ledger.blocks):
        if block.first_id >= below:
            continue
        balances = block.statement.balances
        balance = balances.ledger_balance if balances else None
        after: Decimal | None = Decimal(balance) if balance is not None else None
        lines = block.lines()
        for at in range(len(lines) - 1, -1, -1):
            line = lines[at]
            on = day_of(line.date_posted, profile)
            if block.first_id + at < below and not (profile.product.closed_days and on >= today):
                yield Shown(block.first_id + at, on, line, after)
            after = None if after is None else after - line.transaction_amount
