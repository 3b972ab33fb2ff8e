"""What the playground bank remembers: its listings, its customers' accounts, sessions under way, feeds into Sage."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from sage_sandbox.records import RECORDS, Record, Region


class PlaygroundBank(Record):
    """A listing of its own at Sage."""

    KIND: ClassVar[str] = "playgroundBank"
    bank_id: str
    external_ref: str
    name: str
    country_code: str
    region: Region

    def key(self) -> str:
        return self.bank_id


class Day(msgspec.Struct):
    """How many lines an account has on a day; what they say follows from their number (`history`)."""

    on: str
    count: int


class PlaygroundAccount(Record):
    """An account of a customer; its lines are the same in every company that links it."""

    KIND: ClassVar[str] = "playgroundAccount"
    external_id: str
    bank_id: str
    customer: str
    account_name: str
    account_type: Literal["business", "savings", "creditCard"]
    account_identifier: str
    days: list[Day]

    def key(self) -> str:
        return self.external_id

    @property
    def count(self) -> int:
        return sum(day.count for day in self.days)


class PlaygroundSession(Record):
    """An authorisation that Sage told of (N1), until the customer has decided."""

    KIND: ClassVar[str] = "playgroundSession"
    authorisation_id: str
    bank_id: str
    region: Region
    received_at: datetime
    handle: str
    redirect_uri: str = ""
    state: str = ""
    external_id: str | None = None
    customer: str | None = None
    presented: bool = False
    used: bool = False

    def key(self) -> str:
        return self.authorisation_id


class PlaygroundFeed(Record):
    """A bank account that Sage opened for an account (N2, N3): how many of its lines have arrived there."""

    KIND: ClassVar[str] = "playgroundFeed"
    bank_account_id: str
    bank_id: str
    region: Region
    external_id: str
    start_on: str
    sent: int
    began: bool = False
    wants_reauth: bool = False
    needs_reauth: bool = False
    closed: bool = False
    problem: str = ""

    def key(self) -> str:
        return self.bank_account_id


RECORDS.update({kind.KIND: kind for kind in (PlaygroundBank, PlaygroundAccount, PlaygroundSession, PlaygroundFeed)})
