"""What the product itself remembers: companies, their accounts, and the connections their users have under way."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from sage_sandbox.records import RECORDS, Record, Region
from sage_sandbox.wire import Amount

ATTEMPTS_MAX = 50
ACCOUNTS_MAX = 200
Kind = Literal["current", "savings", "card"]
Outcome = Literal["open", "picked", "confirming", "failed", "finished"]


class Picked(msgspec.Struct, rename="camel", omit_defaults=True):
    """The account that a poll route ended with."""

    account_name: str
    account_identifier: str
    bank_identifier: str
    account_key: str | None = None
    branch_identifier: str | None = None
    account_type: str | None = None


class Attempt(msgspec.Struct, rename="camel", kw_only=True):
    """One way through Connect bank or a re-authorisation; `origin` is the address the user has the product at."""

    attempt_id: str
    account_id: str
    kind: Literal["onboarding", "reauth"]
    bank_id: str
    bank_name: str
    in_frame: bool
    redirect: str
    poll_route: str
    poll_period_ms: int
    opened_at: datetime
    origin: str
    outcome: Outcome = "open"
    picked: Picked | None = None
    start_date: str = ""


class LedgerAccount(msgspec.Struct, rename="camel", kw_only=True):
    """A bank account in the product's books. What it has downloaded of its feed ends at `downloaded_to`."""

    account_id: str
    name: str
    number: str
    kind: Kind
    currency: str
    bank_account_id: str | None = None
    bank_id: str = ""
    bank_name: str = ""
    name_at_bank: str = ""
    status: str = ""
    start_date: str = ""
    balance: Amount | None = None
    downloaded_to: int = 0
    refreshed_at: datetime | None = None

    @property
    def is_connected(self) -> bool:
        return self.bank_account_id is not None and self.status != "cancelled"


class ProductCompany(Record):
    """A company that uses a product: an organisation with one company at the Banking Service."""

    KIND: ClassVar[str] = "productCompany"
    company_key: str
    product: str
    region: str
    cluster: Region
    language: str
    name: str
    organisation_id: str
    company_id: str
    signing_key: str
    created_at: datetime
    token: str = ""
    accounts: list[LedgerAccount] = msgspec.field(default_factory=list[LedgerAccount])
    attempts: list[Attempt] = msgspec.field(default_factory=list[Attempt])

    def key(self) -> str:
        return self.company_key

    def account(self, account_id: str) -> LedgerAccount | None:
        return next((each for each in self.accounts if each.account_id == account_id), None)

    def attempt(self, attempt_id: str) -> Attempt | None:
        return next((each for each in self.attempts if each.attempt_id == attempt_id), None)

    def attempt_for(self, account: LedgerAccount) -> Attempt | None:
        """The latest one for an account that is not over."""
        mine = [a for a in self.attempts if a.account_id == account.account_id]
        return mine[-1] if mine and mine[-1].outcome in {"open", "picked", "confirming"} else None

    def begin(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        del self.attempts[:-ATTEMPTS_MAX]


RECORDS[ProductCompany.KIND] = ProductCompany
