"""An authorisation: one consent session that Sage announced, about 20 minutes long and usable once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SESSION = timedelta(minutes=20)


class AuthorisationKind(StrEnum):
    unknown = "unknown"
    onboarding = "onboarding"
    reauthorisation = "reauthorisation"


class AuthorisationStatus(StrEnum):
    """notified → presented → bound → succeeded; refused is an end too. Bound: the report is on its way to Sage."""

    notified = "notified"
    presented = "presented"
    bound = "bound"
    succeeded = "succeeded"
    refused = "refused"


TRANSITIONS: dict[AuthorisationStatus, frozenset[AuthorisationStatus]] = {
    AuthorisationStatus.notified: frozenset(
        {AuthorisationStatus.presented, AuthorisationStatus.bound, AuthorisationStatus.refused}
    ),
    AuthorisationStatus.presented: frozenset(
        {AuthorisationStatus.presented, AuthorisationStatus.bound, AuthorisationStatus.refused}
    ),
    AuthorisationStatus.bound: frozenset(
        {AuthorisationStatus.succeeded, AuthorisationStatus.presented, AuthorisationStatus.refused}
    ),
    AuthorisationStatus.succeeded: frozenset(),
    AuthorisationStatus.refused: frozenset(),
}


@dataclass(frozen=True, slots=True)
class OfferedAccount:
    """One account as it is reported to Sage: PATCH authorisations and availableaccounts."""

    external_id: str
    name: str
    bank_identifier: str
    account_identifier: str
    branch_identifier: str | None
    type: str | None


class ReportedBy(StrEnum):
    page = "page"
    api = "api"


@dataclass(frozen=True, slots=True)
class Report:
    """What Sage is told of a session, fixed before the first attempt; `new_pks`: accounts not reported before it."""

    success: bool
    accounts: tuple[OfferedAccount, ...] | None = None
    new_pks: tuple[int, ...] = ()
    by: ReportedBy = ReportedBy.page


@dataclass(frozen=True, slots=True)
class Authorisation:
    """`report_attempts` counts the attempts whose outcome we do not know; `report_due_at` is lease and due time."""

    pk: int
    listing_id: str
    id: str
    bank_id: str
    kind: AuthorisationKind
    status: AuthorisationStatus
    received_at: datetime
    expires_at: datetime
    state: str | None = None
    redirect_uri: str | None = None
    external_id: str | None = None
    connection_id: str | None = None
    bound_at: datetime | None = None
    report: Report | None = None
    report_attempts: int = 0
    report_due_at: datetime | None = None
