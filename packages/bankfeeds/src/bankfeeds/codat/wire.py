"""What a Codat-compatible server answers, as far as it is brought over; everything may be missing or null."""

from decimal import Decimal

from msgspec import Struct, field


class Connection(Struct, rename="camel"):
    id: str
    status: str = ""
    integration_key: str | None = None
    source_id: str | None = None
    platform_name: str | None = None
    created: str | None = None


class Company(Struct, rename="camel"):
    id: str
    name: str = ""
    description: str | None = None
    created: str | None = None
    tags: dict[str, str] | None = None
    data_connections: list[Connection] | None = None


class Page(Struct, rename="camel"):
    results: list[Company]
    total_results: int


class Routing(Struct, rename="camel"):
    bank_code: str | None = None
    type: str | None = None


class Info(Struct, rename="camel"):
    description: str | None = None
    nickname: str | None = None
    account_open_date: str | None = None
    available_balance: Decimal | None = None


class Account(Struct, rename="camel"):
    id: str
    account_name: str | None = None
    account_type: str | None = None
    account_number: str | None = None
    sort_code: str | None = None
    currency: str | None = None
    balance: Decimal | None = None
    routing_info: Routing | None = None
    account_info: Info | None = None
    modified_date: str | None = None
    status: str | None = None


class Trouble(Struct, rename="camel"):
    """An error's body."""

    error: str | None = field(default=None)
