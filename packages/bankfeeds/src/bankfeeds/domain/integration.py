"""What an institution sets of its integration with Sage: for each listing, and once for all of them."""

from dataclasses import dataclass
from enum import StrEnum

TEXT_LENGTH_MAX = 80
"""Of the call to action: a link has to fit on one line of a phone, or two."""
REDIRECT_HOSTS_MAX = 50


class DataType(StrEnum):
    """What of a customer's data reaches Sage, as the authorisation page tells it."""

    accounts = "accounts"
    balances = "balances"
    transactions = "transactions"


@dataclass(frozen=True, slots=True)
class Integration:
    """Of one listing. Not enabled: no new connections; what is linked goes on, and may be renewed."""

    listing_id: str
    enabled: bool = True
    call_to_action_text: str | None = None
    call_to_action_url: str | None = None
    authorization_redirect_url: str | None = None


@dataclass(frozen=True, slots=True)
class Institution:
    """`redirect_hosts`: patterns as in `origins.py`, beside those of the settings."""

    redirect_hosts: tuple[str, ...] = ()
    data_types: tuple[DataType, ...] = tuple(DataType)
