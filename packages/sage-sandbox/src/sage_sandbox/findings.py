"""What the judge says: of all, of one bank account, of one statement."""

from collections.abc import Sized
from decimal import Decimal

import msgspec


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
