"""A source account: one bank account of a company, as the institution knows it.

Stored and answered in the version (v1 or v2) it was made in. `external_id` is ours: opaque, one per source account,
unique in the installation; it is what Sage knows the account by.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class AccountStatus(StrEnum):
    pending = "pending"
    connected = "connected"
    disconnected = "disconnected"


class AccountEvent(StrEnum):
    feed_opened = "feed opened"
    last_feed_closed = "last feed closed"
    disconnected = "disconnected by the institution"


TRANSITIONS: dict[tuple[AccountStatus, AccountEvent], AccountStatus] = {
    (AccountStatus.pending, AccountEvent.feed_opened): AccountStatus.connected,
    (AccountStatus.connected, AccountEvent.feed_opened): AccountStatus.connected,
    (AccountStatus.disconnected, AccountEvent.feed_opened): AccountStatus.connected,
    (AccountStatus.connected, AccountEvent.last_feed_closed): AccountStatus.disconnected,
    (AccountStatus.pending, AccountEvent.disconnected): AccountStatus.disconnected,
    (AccountStatus.connected, AccountEvent.disconnected): AccountStatus.disconnected,
    (AccountStatus.disconnected, AccountEvent.disconnected): AccountStatus.disconnected,
}

V2_TYPES = ("checking", "savings", "loan", "creditCard", "prepaidCard")
ROUTING_TYPES: tuple[str, ...] = (
    "rtn",
    "aba",
    "swift",
    "bsb",
    "iban",
    "nz2",
    "trno",
    "sortcode",
    "blz",
    "ifsc",
    "bankcode",
    "apca",
    "clabe",
)


@dataclass(frozen=True, slots=True)
class Routing:
    bank_code: str | None
    type: str


@dataclass(frozen=True, slots=True)
class AccountInfo:
    description: str | None = None
    nickname: str | None = None
    opened_on: date | None = None
    available_balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """`pk` numbers the account's stream of lines; `last_seq` is its newest sequence number, 0 for none.
    `requested_start_on` is the earliest day that a Sage user chose for its feeds, where that was looked up.
    From `hold_seq` on nothing is sent: a push is held in quarantine there.
    `restored_seq` is the last one that a backup had, once restored from one; `verifying_since` the moment of that
    backup, until a line has followed on it. Lines dated before `cut_over_on` are never sent: another server sent them.
    `presents_late`: a line that comes late is not refused but presented as one of the day on which it came.
    """

    pk: int
    external_id: str
    company_id: str
    connection_id: str
    id: str
    version: Literal[1, 2]
    name: str | None
    type: str | None
    number: str | None
    sort_code: str | None
    currency: str | None
    balance: Decimal | None
    balance_at: datetime | None
    modified_at: datetime
    status: AccountStatus
    routing: Routing | None = None
    info: AccountInfo | None = None
    info_at: datetime | None = None
    feed_start_on: date | None = None
    last_seq: int = 0
    newest_on: date | None = None
    needs_reauthorisation: bool = False
    requested_start_on: date | None = None
    verifying_since: datetime | None = None
    restored_seq: int | None = None
    hold_seq: int | None = None
    cut_over_on: date | None = None
    presents_late: bool = False

    @property
    def branch(self) -> str | None:
        """Sort or bank code without separators, None if there is none."""
        code = self.sort_code or (self.routing.bank_code if self.routing else None)
        return "".join(c for c in code if c.isalnum()) or None if code else None

    @property
    def identifier(self) -> str:
        """What Sage tells accounts of one customer apart by: the number, behind its sort or bank code."""
        number = "".join((self.number or "").split()) or self.external_id
        return f"{self.branch}-{number}" if self.branch else number


def next_status(status: AccountStatus, event: AccountEvent) -> AccountStatus:
    return TRANSITIONS.get((status, event), status)


def shown_names(accounts: list[SourceAccount]) -> dict[int, str]:
    """The names in Sage's picker by account pk; where names collide, `{name} ••1234 GBP` tells them apart, and where
    even that does not, a number does.
    """
    names = [account.name or "Bank account" for account in accounts]
    shown: dict[int, str] = {}
    for account, name in zip(accounts, names, strict=True):
        if names.count(name) > 1:
            name = " ".join(part for part in (name, _last_digits(account), account.currency) if part)  # noqa: PLW2901
        taken = set(shown.values())
        ordinals = (f"{name} ({number})" for number in range(2, len(accounts) + 2))
        shown[account.pk] = name if name not in taken else next(each for each in ordinals if each not in taken)
    return shown


def _last_digits(account: SourceAccount) -> str:
    return f"••{account.number[-4:]}" if account.number else ""
