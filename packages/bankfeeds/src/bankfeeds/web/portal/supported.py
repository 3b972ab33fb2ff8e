"""Sage's products with bank feeds and the countries they are sold in, as Sage publishes them.

From "Supported Regions and Products" of Sage's Network API documentation (developer.sage.com), read in November 2026.
"""

from dataclasses import dataclass

SOURCE = "https://developer.sage.com/sage-network-api/service-overview/supported-regions-products"
READ_ON = "2026-11"
WORLD = "*"


@dataclass(frozen=True, slots=True)
class Supported:
    """`countries` are Sage's own codes; WORLD means all."""

    product: str
    countries: tuple[str, ...]


PRODUCTS: tuple[Supported, ...] = (
    Supported("Sage Accounting", ("AE", "AU", "CA", "IE", "MY", "UK", "US", "ZA")),
    Supported("Sage 50", ("CA", "ES", "IE", "MY", "UK", "US", "ZA")),
    Supported("Sage 100", ("US",)),
    Supported("Sage 100 Contractor", ("CA", "US")),
    Supported("Sage 200", ("UK", "IE", "ES")),
    Supported("Sage 300", (WORLD,)),
    Supported("Sage Evolution", ("ZA",)),
    Supported("Sage Intacct", (WORLD,)),
)
