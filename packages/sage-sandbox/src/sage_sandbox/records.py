"""What the sandbox remembers, one struct a thing; all but the lines of statements are small."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from sage_sandbox.refusals import Problem
from sage_sandbox.wire import Amount, AuthorisedAccount, Balances, CallbackURLs, Expected

REFUSED_MAX = 2000
Region = Literal["eu", "us"]
AuthorisationStatus = Literal[
    "created", "notified", "presented", "authorised", "returned", "consumed", "failed", "expired"
]
BankAccountStatus = Literal["pendingConfirmation", "pending", "active", "authRequired", "cancelled"]
StatementStatus = Literal["pending", "processing", "completed", "failed"]


class Record(msgspec.Struct, rename="camel", kw_only=True):
    KIND: ClassVar[str] = ""

    def key(self) -> str:
        raise NotImplementedError


class Identity(Record):
    """The sandbox's own keys and secrets."""

    KIND: ClassVar[str] = "identity"
    private_key_pem: str
    key_id: str
    poll_secret: str
    application: str
    application_signing_key: str

    def key(self) -> str:
        return "identity"


class Provider(Record):
    """A provider's credentials in one region; another region's are another provider."""

    KIND: ClassVar[str] = "provider"
    provider_id: str
    name: str
    client_id: str
    client_secret: str
    api_key: str
    audience: str
    region: Region = "eu"

    def key(self) -> str:
        return self.provider_id


class Bank(Record):
    """One with an invite code is in beta: its users type the code in."""

    KIND: ClassVar[str] = "bank"
    bank_id: str
    provider_id: str
    name: str
    country_code: str
    url: str = ""
    external_ref: str | None = None
    supportiframe: bool = True
    invite_code: str = ""
    callbacks: CallbackURLs | None = msgspec.field(default=None, name="callbackURLs")
    header_name: str = ""
    header_value: str = ""
    popular_bank: bool = False
    removed: bool = False

    def key(self) -> str:
        return self.bank_id


class Organisation(Record):
    KIND: ClassVar[str] = "organisation"
    organisation_id: str
    company_ids: list[str]
    application: str
    signing_key: str
    name: str
    region: Region = "eu"

    def key(self) -> str:
        return self.organisation_id


class Authorisation(Record):
    KIND: ClassVar[str] = "authorisation"
    authorisation_id: str
    kind: Literal["onboarding", "reauth"]
    bank_id: str
    organisation_id: str
    company_id: str
    state: str
    link_id: str
    redirect_id: str
    redirect_uri: str
    created_at: datetime
    expires_at: datetime
    status: AuthorisationStatus = "created"
    accounts: list[AuthorisedAccount] = []
    candidate_ids: list[str] = []
    picked_id: str | None = None
    picked_start_date: str | None = None
    bank_account_id: str | None = None
    poll_number: int = 1
    poll_ended: bool = False
    e2e: str | None = None

    def key(self) -> str:
        return self.authorisation_id


class Candidate(Record):
    """An account that a company's user has authorised, linked or not."""

    KIND: ClassVar[str] = "candidate"
    candidate_id: str
    organisation_id: str
    company_id: str
    bank_id: str
    authorisation_id: str
    external_id: str
    account_name: str
    bank_identifier: str
    account_identifier: str
    branch_identifier: str | None = None
    account_type: str | None = None

    def key(self) -> str:
        return self.candidate_id


class BankAccount(Record):
    KIND: ClassVar[str] = "bankAccount"
    bank_account_id: str
    organisation_id: str
    company_id: str
    bank_id: str
    candidate_id: str
    external_id: str
    account_type: str
    account_name: str
    bank_identifier: str
    account_identifier: str
    default_currency: str
    requested_start_date: datetime
    created_at: datetime
    branch_identifier: str | None = None
    from_candidate: bool = False
    status: BankAccountStatus = "pending"
    balances: Balances | None = None
    available_ids: list[str] | None = None

    def key(self) -> str:
        return self.bank_account_id


class Statement(Record):
    KIND: ClassVar[str] = "statement"
    statement_id: str
    bank_account_id: str
    bank_id: str
    account_status: str
    transaction_details_count: int
    received_at: datetime
    due_at: datetime
    expected: Expected | None = None
    balances: Balances | None = None
    status: StatementStatus = "pending"
    finished_at: datetime | None = None
    first_transaction_id: int = 0
    stored_count: int = 0
    errors: list[Problem] = []
    warnings: list[Problem] = []
    stuck_by: str | None = None
    failing: bool = False
    planted: bool = False

    def key(self) -> str:
        return self.statement_id


class Lines(Record, eq=False):
    """The lines of one statement, apart: a change of its status does not write them again. `lines` reads them."""

    KIND: ClassVar[str] = "lines"
    statement_id: str
    raw: msgspec.Raw = msgspec.field(name="lines")

    def key(self) -> str:
        return self.statement_id


class Offers(Record):
    """Lines offered to one bank account: how many were taken, which were refused at once, with why."""

    KIND: ClassVar[str] = "offers"
    bank_account_id: str
    accepted: int = 0
    refused_count: int = 0
    refused: dict[str, str] = {}

    def key(self) -> str:
        return self.bank_account_id

    @property
    def offered(self) -> int:
        return self.accepted + self.refused_count

    def take(self, unique_ids: list[str]) -> None:
        self.accepted += len(unique_ids)
        if self.refused:
            for unique_id in unique_ids:
                self.refused.pop(unique_id, None)

    def refuse(self, unique_ids: list[str], code: str) -> None:
        self.refused_count += len(unique_ids)
        self.refused.update(dict.fromkeys(unique_ids, code))
        while len(self.refused) > REFUSED_MAX:
            del self.refused[next(iter(self.refused))]


class Notification(Record):
    KIND: ClassVar[str] = "notification"
    notification_id: str
    name: str
    bank_id: str
    url: str
    type: str
    resource_type: str
    resource_id: str
    body: Any
    created_at: datetime
    give_up_at: datetime
    next_at: datetime
    attempts: int = 0
    status: Literal["pending", "delivered", "failed", "dropped"] = "pending"
    last_status_code: int | None = None

    def key(self) -> str:
        return self.notification_id


class SyncFailure(Record):
    KIND: ClassVar[str] = "syncFailure"
    sync_id: str
    provider_id: str
    received_at: datetime
    reason: str
    timestamp: str

    def key(self) -> str:
        return self.sync_id


FaultAction = Literal[
    "status",
    "status_after",
    "delay",
    "delay_after",
    "cut_before",
    "cut_after",
    "stuck",
    "fail",
    "duplicate",
    "drop",
    "reorder",
    "wrong_header",
    "wrong_token",
    "expired_token",
]


class Fault(Record):
    KIND: ClassVar[str] = "fault"
    fault_id: str
    on: str
    action: FaultAction | None
    script: list[str] = []
    status: int = 500
    delay_ms: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    bank_account_id: str | None = None
    draws: int = 0
    hits: int = 0

    def key(self) -> str:
        return self.fault_id


class ExpectedLine(msgspec.Struct, rename="camel", gc=False):
    unique_id: str
    amount: Amount
    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}")]


class ExpectedAccount(Record):
    """A tuple of lines is left alone by the garbage collector, a list of a million looked through again and again."""

    KIND: ClassVar[str] = "expectation"
    external_id: str
    lines: tuple[ExpectedLine, ...]

    def key(self) -> str:
        return self.external_id


class Kept(Record):
    """Settings and clock of a file that is opened again."""

    KIND: ClassVar[str] = "kept"
    settings: dict[str, Any]
    advanced_s: float = 0.0

    def key(self) -> str:
        return "kept"


RECORDS: dict[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Identity,
        Provider,
        Bank,
        Organisation,
        Authorisation,
        Candidate,
        BankAccount,
        Statement,
        Lines,
        Offers,
        Notification,
        SyncFailure,
        Fault,
        ExpectedAccount,
        Kept,
    )
}
