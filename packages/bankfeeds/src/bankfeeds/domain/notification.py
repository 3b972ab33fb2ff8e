"""What Sage tells us on its own accord: a session began, a bank account was made, a bank account is no more."""

from dataclasses import dataclass
from enum import StrEnum

CREATION = "resourceCreated"
DELETION = "resourceDeleted"


class NotificationKind(StrEnum):
    authorisation_created = "authorisation created"
    account_created = "bank account created"
    account_deleted = "bank account deleted"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Notification:
    """`type`, `resource_type` and `resource_id` as Sage wrote them: together they say which notification this is."""

    kind: NotificationKind
    type: str
    resource_type: str
    resource_id: str
    bank_id: str | None = None
    external_id: str | None = None
    requested_start_date: str | None = None
