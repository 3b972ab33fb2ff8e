"""What another Codat-compatible server has, on its way here: as that server says it, before any rule of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.source_account import AccountStatus


@dataclass(frozen=True, slots=True)
class ForeignConnection:
    """`integration` is its key there, such as olpr; `status` is the word used there."""

    id: str
    status: str
    integration: str
    is_sage: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class ForeignCompany:
    id: str
    name: str
    description: str | None
    tags: Mapping[str, str]
    created_at: datetime | None
    connections: tuple[ForeignConnection, ...]


@dataclass(frozen=True, slots=True)
class ForeignAccount:
    draft: AccountDraft
    status: str
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class ForeignPage:
    """`total`: how many companies there are, at the moment of this page."""

    companies: list[ForeignCompany]
    total: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is none, and what to do. `gone`: the server says that it has no such thing."""

    reason: str
    gone: bool = False


LIVE = ("connected", "connecting")
"""An account there that its Sage user has linked, or is about to."""


def connection_status(foreign: str) -> ConnectionStatus:
    """Ours for theirs. Linked is not brought over: Sage's side of the link is the other server's. So for words that
    we do not know.
    """
    try:
        status = ConnectionStatus(foreign)
    except ValueError:
        return ConnectionStatus.pending_auth
    return ConnectionStatus.pending_auth if status is ConnectionStatus.linked else status


def account_status(foreign: str) -> AccountStatus:
    """Ours for theirs: nothing is connected here before its user links it."""
    return AccountStatus.disconnected if foreign == AccountStatus.disconnected.value else AccountStatus.pending


class Verdict(StrEnum):
    """What became of something that was to be brought over."""

    new = "new"
    there = "there"
    differs = "differs"
    refused = "refused"
    left = "left"


@dataclass(frozen=True, slots=True)
class Told:
    """`kind` is company, connection or account; `name` leads to it; `why` is empty where the verdict says it all.

    new: brought over. there: was here already, the same. differs: is here with another content, and was left as it is.
    refused: broke a rule of ours. left: not meant to be brought over.
    """

    kind: str
    name: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Relink:
    """A connection whose user has to link again, here: its accounts were linked there."""

    company_id: str
    company_name: str
    connection_id: str
    account_ids: tuple[str, ...]
