"""Webhooks: what can happen, the events that tell of it, and who wants to hear which.

A *happening* is what the program writes down, in the transaction of the change. An *event* is what consumers subscribe
to by its type (contract 6.3 and 6.4): one happening may be told by several, since Codat's older events still exist.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.target import url_flaw

CONSUMERS_MAX = 50
COMPANY_TAGS_MAX = 10
COMPANY_TAG_LENGTH_MAX = 128
HEADERS_MAX = 10
HEADER_LENGTH_MAX = 1000
OUR_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent"})
OUR_HEADER_PREFIXES = ("webhook-", "svix-", "proxy-")
SECRET_PREFIX = "whsec_"


class Happening(StrEnum):
    company_created = "company created"
    company_deleted = "company deleted"
    product_added = "product added"
    product_removed = "product removed"
    connection_created = "connection created"
    connection_connected = "connection connected"
    connection_reconnected = "connection reconnected"
    connection_disconnected = "connection disconnected"
    connection_deleted = "connection deleted"
    account_connected = "account connected"
    account_disconnected = "account disconnected"
    push_succeeded = "push succeeded"
    push_failed = "push failed"
    push_timed_out = "push timed out"
    rate_limit_reached = "rate limit reached"
    rate_limit_reset = "rate limit reset"
    reauthorisation_required = "reauthorisation required"
    feed_parked = "feed parked"
    feed_resumed = "feed resumed"


_CHANGED, _WRITTEN, _UNWRITTEN = (
    "DataConnectionStatusChanged",
    "bankTransactions.write.successful",
    "bankTransactions.write.unsuccessful",
)
_PUSH_CHANGED = "PushOperationStatusChanged"
EVENT_TYPES: Mapping[Happening, tuple[str, ...]] = {
    Happening.company_created: ("company.created",),
    Happening.company_deleted: ("company.deleted",),
    Happening.product_added: ("company.product.added",),
    Happening.product_removed: ("company.product.removed",),
    Happening.connection_created: ("connection.created",),
    Happening.connection_connected: ("connection.connected", _CHANGED),
    Happening.connection_reconnected: ("connection.reconnected", _CHANGED),
    Happening.connection_disconnected: ("connection.disconnected", _CHANGED),
    Happening.connection_deleted: ("connection.deleted",),
    Happening.account_connected: ("bankFeeds.sourceAccount.connected",),
    Happening.account_disconnected: ("bankFeeds.sourceAccount.disconnected",),
    Happening.push_succeeded: (_WRITTEN, _PUSH_CHANGED),
    Happening.push_failed: (_UNWRITTEN, _PUSH_CHANGED),
    Happening.push_timed_out: (_UNWRITTEN, _PUSH_CHANGED, "PushOperationTimedOut"),
    Happening.rate_limit_reached: ("client.rateLimit.reached", "ClientRateLimitReached"),
    Happening.rate_limit_reset: ("client.rateLimit.reset", "ClientRateLimitReset"),
    Happening.reauthorisation_required: ("bankFeeds.sourceAccount.reauthorizationRequired",),
    Happening.feed_parked: ("bankFeeds.feed.parked",),
    Happening.feed_resumed: ("bankFeeds.feed.resumed",),
}
"""The events that tell of each happening."""
NEVER_SENT: Mapping[str, str] = {
    "connection.failed": "a connection to Sage is not tried by us, so none fails",
    "read.completed": "nothing is read from Sage",
    "read.completed.initial": "nothing is read from Sage",
}
"""Codat has them, a consumer may subscribe to them, and for Sage they never come."""
LEGACY = (
    "DataConnectionStatusChanged",
    "PushOperationStatusChanged",
    "PushOperationTimedOut",
    "ClientRateLimitReached",
    "ClientRateLimitReset",
)
BEYOND_CODAT = (
    "bankFeeds.sourceAccount.reauthorizationRequired",
    "bankFeeds.feed.parked",
    "bankFeeds.feed.resumed",
)
CATALOGUE: tuple[str, ...] = tuple(
    sorted({each for types in EVENT_TYPES.values() for each in types} | set(NEVER_SENT), key=str.lower)
)
"""Every type that a consumer may subscribe to."""


def happening_of(event_type: str) -> Happening | None:
    """One that the event tells of, to make a sample of; None for an event that never comes."""
    return next((each for each, types in EVENT_TYPES.items() if event_type in types), None)


def secret_of(random: str) -> str:
    """A signing secret as receivers take it: what the randomness says, as the key's bytes."""
    return SECRET_PREFIX + base64.b64encode(random.encode()).decode()


@dataclass(frozen=True, slots=True)
class Subject:
    """A happening with all that may be told of it. `facts` are what was true at that moment and is no longer stored:
    statuses, causes.
    """

    happening: Happening
    at: datetime
    company: Company | None = None
    products: Sequence[str] = ()
    connection: Connection | None = None
    account: SourceAccount | None = None
    push: PushOperation | None = None
    facts: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    institution: str = "Bankfeeds"


@dataclass(frozen=True, slots=True)
class Event:
    """What consumers are told; `payload` is JSON, the same for all of them. `account_pk` numbers its stream."""

    id: str
    type: str
    at: datetime
    company_id: str | None
    account_pk: int | None
    payload: str


@dataclass(frozen=True, slots=True)
class ConsumerDraft:
    """None is absent. `event_types` are those of the catalogue; `company_tags` are `key:value`."""

    url: str | None
    event_types: Sequence[str] | None
    company_tags: Sequence[str] | None = None
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Consumer:
    """An address of the institution's that takes events. `failing_since`: nothing got through since then."""

    pk: int
    id: str
    url: str
    event_types: tuple[str, ...]
    company_tags: tuple[str, ...]
    is_disabled: bool
    created_at: datetime
    disabled_at: datetime | None = None
    disabled_cause: str | None = None
    failing_since: datetime | None = None

    def wants(self, company: Company | None) -> bool:
        """Any tag of the company's is any of ours; what belongs to no company is for everybody."""
        if not self.company_tags or company is None:
            return True
        return any(f"{key}:{value}" in self.company_tags for key, value in company.tags.items())


def checked(draft: ConsumerDraft, *, allows_private: bool) -> ConsumerDraft:
    """With each type and tag once, in the order given. Invalid names every flaw."""
    types = tuple(dict.fromkeys(draft.event_types or ()))
    tags = tuple(dict.fromkeys(draft.company_tags or ()))
    flaws: list[Flaw] = []
    if flaw := "is missing" if draft.url is None else url_flaw(draft.url, allows_private=allows_private):
        flaws.append(Flaw("url", flaw))
    if not types:
        flaws.append(Flaw("eventTypes", "is empty; name at least one event type"))
    flaws += [
        Flaw(f"eventTypes[{n}]", f"{each[:60]!r} is no event type; `bankfeeds webhooks events` lists them")
        for n, each in enumerate(types)
        if each not in CATALOGUE
    ][:COMPANY_TAGS_MAX]
    if len(tags) > COMPANY_TAGS_MAX:
        flaws.append(Flaw("companyTags", f"has {len(tags)} tags; at most {COMPANY_TAGS_MAX} are allowed"))
    flaws += [Flaw(f"companyTags[{n}]", flaw) for n, tag in enumerate(tags) if (flaw := _tag_flaw(tag))]
    if flaws:
        raise Invalid("consumer", "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws), tuple(flaws))
    return ConsumerDraft(draft.url, types, tags, draft.is_disabled)


def checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Names in lower case. Invalid for one that is ours to set, or that no header can be."""
    flaws: list[Flaw] = []
    if len(headers) > HEADERS_MAX:
        flaws.append(Flaw("headers", f"has {len(headers)} entries; at most {HEADERS_MAX} are allowed"))
    flaws += [Flaw(f"headers.{name}", flaw) for name, value in headers.items() if (flaw := _header_flaw(name, value))]
    if flaws:
        raise Invalid("headers", "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws), tuple(flaws))
    return {name.lower(): value for name, value in headers.items()}


def _tag_flaw(tag: str) -> str | None:
    key, colon, value = tag.partition(":")
    if not (key and colon and value):
        return "must be written key:value"
    return f"is longer than {COMPANY_TAG_LENGTH_MAX} characters" if len(tag) > COMPANY_TAG_LENGTH_MAX else None


def _header_flaw(name: str, value: str) -> str | None:
    lowered = name.lower()
    if (
        not name
        or not name.isascii()
        or not all(c.isalnum() or c in "-_" for c in name)
        or len(name) > HEADER_LENGTH_MAX
    ):
        return "the name must be letters, digits and hyphens"
    if lowered in OUR_HEADERS or lowered.startswith(OUR_HEADER_PREFIXES):
        return "is set by us; choose another name"
    if not value.isascii() or not value.isprintable() or len(value) > HEADER_LENGTH_MAX:
        return f"the value must be printable ASCII of at most {HEADER_LENGTH_MAX} characters"
    return None
