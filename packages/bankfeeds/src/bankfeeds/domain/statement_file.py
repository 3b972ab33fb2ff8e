"""A statement file as read: the one shape behind every format, and the error of a file that cannot be read.

A reader makes `StatementDraft`s of `Entry`s: what the bank wrote. `statement_ledger.finish` turns them into
`FileStatement`s of `FileLine`s: with ids, in date order, with running balances, checked against the file's
own balances. ("Statement" alone is this platform's word for what one POST to Sage carries; hence the names
here.)
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

_GB_IBAN_LENGTH = 22


class UnreadableFile(Exception):
    """Nothing was taken from the file. `line` and `element` say where; None where it is the whole file."""

    def __init__(self, file: str, line: int | None, element: str | None, reason: str) -> None:
        self.file = file
        self.line = line
        self.element = element
        self.reason = reason
        place = ", ".join(part for part in (file, f"line {line}" if line is not None else None, element) if part)
        super().__init__(f"{place}: {reason}")


class Proof(StrEnum):
    """What the file's own balances say of its lines: opening + lines = closing, or not, or not known."""

    proved = "proved"
    failed = "failed"
    unproved = "unproved"


@dataclass(frozen=True, slots=True)
class FileAccount:
    """The account as the file identifies it. `id` is the IBAN or the bank's own number, without spaces."""

    id: str
    is_iban: bool
    currency: str
    name: str | None = None
    bank_code: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two statements the same account's: one IBAN can hold several currencies."""
        return self.id, self.currency

    @property
    def sort_code(self) -> str | None:
        """Six digits, of a British IBAN only."""
        return self.id[8:14] if self._is_british else None

    @property
    def number(self) -> str:
        """The account number within the sort code of a British IBAN; otherwise the whole id."""
        return self.id[14:] if self._is_british else self.id

    @property
    def _is_british(self) -> bool:
        return self.is_iban and self.id.startswith("GB") and len(self.id) == _GB_IBAN_LENGTH


@dataclass(frozen=True, slots=True)
class FileBalance:
    """A booked balance that the bank states; negative is overdrawn."""

    amount: Decimal
    currency: str
    on: date


class Entry(NamedTuple):
    """One booked entry as the bank wrote it: no id and no balance yet. A tuple: a file has 100,000 of them.

    `bank_reference` is the bank's own for this entry. `fingerprint` stands for everything else that tells
    it from its like: text, references, parties, as written. Both are for identity only (`line_identity`).
    """

    date: date
    amount: Decimal
    description: str
    counterparty: str | None
    reference: str | None
    transaction_type: str
    bank_reference: str | None
    fingerprint: str


class FileLine(NamedTuple):
    """One booked line, ready to be sent. The amount is signed; `balance` is the account's after this line.

    A tuple, as an Entry is: made and changed at a quarter of what a frozen dataclass costs.
    """

    id: str
    date: date
    amount: Decimal
    balance: Decimal
    description: str
    counterparty: str | None
    reference: str | None
    transaction_type: str


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """One statement as a reader hands it over; entries in file order."""

    id: str
    account: FileAccount
    opening: FileBalance | None
    closing: FileBalance | None
    entries: tuple[Entry, ...]
    pending: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileStatement:
    """One statement of the file; lines oldest first. `pending` entries are not booked yet and held back."""

    id: str
    account: FileAccount
    opening: FileBalance | None
    closing: FileBalance | None
    lines: tuple[FileLine, ...]
    pending: int
    proof: Proof
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountLines:
    """All that a file says of one account: its statements joined, oldest line first."""

    account: FileAccount
    opening: FileBalance | None
    closing: FileBalance | None
    lines: tuple[FileLine, ...]
    pending: int
    proof: Proof
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementFile:
    """The statements in file order, each with its own account and balances."""

    name: str
    statements: tuple[FileStatement, ...]
