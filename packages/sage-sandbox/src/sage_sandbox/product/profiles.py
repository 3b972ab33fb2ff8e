"""Sage's products and regions (section 12), and what a user of each one sees differently.

The table is Sage's. Rhythm and history are from Sage's help pages where they say so (Accounting: daily, 90 days;
Intacct: every four hours; Active: daily, 30 days); the rest, and whether today's lines show, is the likeliest reading.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sage_sandbox.records import Region as Cluster

Style = Literal["accounting", "intacct", "active", "desktop"]


@dataclass(frozen=True, slots=True)
class Region:
    """A country a product is sold in; the zone is the one of most of its users, Pacific time for the US."""

    key: str
    country: str
    zone: str
    currency: str
    cluster: Cluster = "eu"


@dataclass(frozen=True, slots=True)
class Product:
    """`style` names its words; `closed_days` holds today's lines back until tomorrow."""

    key: str
    name: str
    style: Style
    regions: tuple[str, ...]
    refresh_hours: int = 24
    history_days: int = 90
    closed_days: bool = False
    removes_lines: bool = False

    @property
    def confirms(self) -> bool:
        """A new feed waits for the user's Confirm on the account's own page."""
        return self.style == "intacct"

    @property
    def maps_accounts(self) -> bool:
        return self.style == "intacct"


@dataclass(frozen=True, slots=True)
class Profile:
    product: Product
    region: Region

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.region.zone)

    @property
    def rhythm(self) -> timedelta:
        return timedelta(hours=self.product.refresh_hours)

    @property
    def application(self) -> str:
        """The product's `x-application`."""
        return f"sage.{self.region.key.lower()}.{self.product.key}"


REGIONS = {
    region.key: region
    for region in (
        Region("AE", "ARE", "Asia/Dubai", "AED"),
        Region("AU", "AUS", "Australia/Sydney", "AUD"),
        Region("CA", "CAN", "America/Toronto", "CAD", "us"),
        Region("ES", "ESP", "Europe/Madrid", "EUR"),
        Region("IE", "IRL", "Europe/Dublin", "EUR"),
        Region("MY", "MYS", "Asia/Kuala_Lumpur", "MYR"),
        Region("NZ", "NZL", "Pacific/Auckland", "NZD"),
        Region("UK", "GBR", "Europe/London", "GBP"),
        Region("US", "USA", "America/Los_Angeles", "USD", "us"),
        Region("ZA", "ZAF", "Africa/Johannesburg", "ZAR"),
    )
}
_GLOBAL = ("AU", "CA", "ES", "IE", "NZ", "UK", "US", "ZA")

PRODUCTS = {
    product.key: product
    for product in (
        Product(
            "accounting", "Sage Accounting", "accounting",
            ("AE", "AU", "CA", "IE", "MY", "UK", "US", "ZA"), removes_lines=True,
        ),
        Product("50c", "Sage 50c Accounts", "desktop", ("CA", "ES", "IE", "MY", "UK", "US", "ZA"), closed_days=True),
        Product("100-contractor", "Sage 100 Contractor", "desktop", ("CA", "US"), closed_days=True),
        Product("100c", "Sage 100c Accounts", "desktop", ("US",), closed_days=True),
        Product("200c", "Sage 200c Accounts", "desktop", ("ES", "IE", "UK"), closed_days=True),
        Product("300", "Sage 300 Accounts", "desktop", _GLOBAL, closed_days=True),
        Product("evolution", "Sage Evolution", "desktop", ("ZA",), closed_days=True),
        Product("intacct", "Sage Intacct", "intacct", _GLOBAL, refresh_hours=4),
        Product("intacct-sig", "Sage Intacct SIG", "intacct", _GLOBAL, refresh_hours=4),
        Product("active", "Sage Active", "active", _GLOBAL, history_days=30),
    )
}  # fmt: skip


def profile_of(product_key: str, region_key: str) -> Profile | None:
    """None if the product is not sold there."""
    product, region = PRODUCTS.get(product_key), REGIONS.get(region_key)
    if product is None or region is None or region.key not in product.regions:
        return None
    return Profile(product, region)


def all_profiles() -> list[Profile]:
    return [Profile(product, REGIONS[key]) for product in PRODUCTS.values() for key in product.regions]
