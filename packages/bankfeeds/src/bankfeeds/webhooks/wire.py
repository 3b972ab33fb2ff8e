"""Codat's words for events (contract 6.3 and 6.4), spelled as Codat spells them; what is None is left out."""

from datetime import datetime
from decimal import Decimal

from msgspec import Raw, Struct, field, json


class Said(Struct, rename="camel", omit_defaults=True):
    """Members with a default are left out while they have it."""


class Envelope(Said):
    """`sequence` is ours: the event's number in its account's stream to this consumer."""

    id: str
    event_type: str
    generated_date: datetime
    payload: Raw
    sequence: int | None = None


class Company(Said):
    id: str
    name: str
    redirect: str
    created: datetime
    products: tuple[str, ...]
    tags: dict[str, str]
    owner_user_ids: tuple[str, ...]
    reference_subsidiary_companies: tuple[str, ...]
    description: str | None = None


class CompanyProduct(Said):
    id: str
    name: str
    product_id: str
    product_name: str
    products: tuple[str, ...]
    description: str | None = None


class Links(Said):
    portal: str


class ReferenceCompany(Said):
    id: str
    name: str
    links: Links
    tags: dict[str, str]
    description: str | None = None


class Connection(Said):
    id: str
    integration_id: str
    integration_key: str
    source_id: str
    source_type: str
    platform_name: str
    link_url: str
    status: str
    created: datetime


class ConnectionPayload(Said):
    reference_company: ReferenceCompany
    connection: Connection


class Routing(Said):
    type: str
    bank_code: str | None = None


class AccountInfo(Said):
    description: str | None = None
    nickname: str | None = None
    account_open_date: str | None = None
    available_balance: Decimal | None = None


class Account(Said):
    """As the API answers it; the last two are ours."""

    id: str
    status: str
    modified_date: datetime
    account_name: str | None = None
    account_type: str | None = None
    account_number: str | None = None
    sort_code: str | None = None
    routing_info: Routing | None = None
    currency: str | None = None
    balance: Decimal | None = None
    account_info: AccountInfo | None = None
    feed_start_date: str | None = None
    cut_over_date: str | None = None
    reauthorization_required: bool = False


class AccountPayload(Said):
    """The last four are ours, and only in events that Codat has not got."""

    reference_company: ReferenceCompany
    connection_id: str
    source_account: Account
    company_id: str
    target_account_id: str | None = None
    transaction_id: str | None = None
    reason: str | None = None
    customer_text: dict[str, str] | None = None


class Record(Said):
    id: str


class WritePayload(Said):
    id: str
    type: str
    reference_company: ReferenceCompany
    connection_id: str
    requested_on_date: datetime
    status: str
    completed_on_date: datetime | None = None
    record: Record | None = None


class RateLimit(Said):
    daily_quota: int
    quota_remaining: int
    expiry_date: str


class Legacy(Struct, rename="pascal", omit_defaults=True):
    client_id: str
    client_name: str
    rule_type: str
    alert_id: str
    message: str
    data: Raw
    company_id: str | None = None
    data_connection_id: str | None = None


class StatusChanged(Said):
    data_connection_id: str
    new_status: str
    old_status: str
    platform_key: str


class PushChanged(Said):
    data_type: str
    push_operation_key: str
    status: str | None = None
    push_operation_guid: str | None = None


class LegacyRateLimit(Struct, rename="pascal", omit_defaults=True):
    daily_quota: int
    expires_utc: str = field(name="ExpiresUtc")
    quota_remaining: int | None = None
    reset_reason: str | None = None


encode = json.Encoder(decimal_format="number").encode
