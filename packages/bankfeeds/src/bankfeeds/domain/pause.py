"""A pause: an operator's word that the deliveries of a scope stop. Accepting goes on meanwhile."""

from dataclasses import dataclass
from datetime import datetime

PLATFORM = "platform:all"


@dataclass(frozen=True, slots=True)
class Pause:
    """`scope` is PLATFORM, `listing:id`, `company:id` or `account:external id`."""

    scope: str
    at: datetime
    by: str
    reason: str


def listing_scope(listing_id: str) -> str:
    return f"listing:{listing_id}"


def company_scope(company_id: str) -> str:
    return f"company:{company_id}"


def account_scope(external_id: str) -> str:
    return f"account:{external_id}"


def scopes_over(listing_id: str, company_id: str, external_id: str) -> tuple[str, ...]:
    """Every scope whose pause holds a feed of this account at this listing."""
    return (PLATFORM, listing_scope(listing_id), company_scope(company_id), account_scope(external_id))
