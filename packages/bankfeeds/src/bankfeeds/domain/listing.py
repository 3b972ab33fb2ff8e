"""A listing: the institution as one Sage region lists it, with everything needed to talk to that region."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AmountUnit(StrEnum):
    minor = "minor"
    major = "major"


@dataclass(frozen=True, slots=True)
class Listing:
    """Secrets are not here: `store/listings.py` unseals them for the adapter alone. `holds_gaps`: lines that do not
    follow on the one before by their balance are held in quarantine instead of sent.
    """

    id: str
    name: str
    region: str
    country: str
    bank_id: str | None
    external_ref: str
    url: str
    provider_url: str
    token_url: str
    jwks_url: str
    client_id: str
    audience: str
    connector_issuer: str | None
    connector_audience: str | None
    header_name: str
    amount_unit: AmountUnit
    created_at: datetime
    authorization_redirect_url: str | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    confirmed_evidence: str | None = None
    holds_gaps: bool = False


@dataclass(frozen=True, slots=True)
class ListingSecrets:
    client_secret: str
    api_key: str
    header_values: tuple[str, ...]
