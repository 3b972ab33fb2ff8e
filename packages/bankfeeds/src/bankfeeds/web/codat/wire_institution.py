"""Codat's words for what belongs to the institution rather than to a company: integrations, keys, profile, origins."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from bankfeeds.web.codat.wire import Request, Response


class SupportedFeature(Response):
    feature_type: str
    feature_state: str


class DataTypeFeature(Response):
    """The name twice: Codat's schema spells it one way, its samples the other."""

    data_type: str
    datatype: str
    supported_features: list[SupportedFeature]


class Integration(Response):
    key: str
    logo_url: str
    name: str
    enabled: bool
    source_id: str
    source_type: str
    integration_id: str
    is_offline_connector: bool
    is_beta: bool
    datatype_features: list[DataTypeFeature]


class Image(Response):
    src: str
    alt: str


class BrandingImage(Response):
    image: Image


class BrandingLogo(Response):
    full: BrandingImage
    square: BrandingImage


class Branding(Response):
    logo: BrandingLogo
    source_id: str


class NewApiKey(Request):
    name: str | None = None
    scope: Literal["read", "write", "admin"] | None = None
    expires_at: datetime | None = None


class ApiKey(Response):
    id: str
    name: str
    api_key: str
    created_date: datetime
    scope: str
    expires_at: datetime | None = None


class ApiKeys(Response):
    results: list[ApiKey]


class ProfileBody(Request):
    name: str | None = None
    redirect_url: str | None = None
    logo_url: str | None = None
    icon_url: str | None = None
    white_list_urls: list[str] | None = None


class Profile(Response):
    name: str
    redirect_url: str
    white_list_urls: tuple[str, ...]
    logo_url: str | None = None
    icon_url: str | None = None


class OriginsBody(Request):
    allowed_origins: list[str] | None = None


class Origins(Response):
    allowed_origins: tuple[str, ...]


class NewConsumer(Request):
    url: str | None = None
    disabled: bool | None = None
    event_types: list[str] | None = None
    company_tags: list[str] | None = None


class Consumer(Response):
    """Never with its signing secret."""

    id: str
    url: str
    disabled: bool
    event_types: tuple[str, ...]
    company_tags: tuple[str, ...]


class Consumers(Response):
    results: list[Consumer]


class AccessToken(Response):
    expires_in: int
    access_token: str
    token_type: str


class Mapping(Response):
    """Without options: the Sage user chooses, in Sage."""

    source_account_id: str
    status: str
    source_account_name: str | None = None
    source_account_number: str | None = None
    source_balance: Decimal | None = None
    source_currency: str | None = None
    feed_start_date: str | None = None
