"""The way to the bank feed in each Sage product, for the page that shows the codes."""

from dataclasses import dataclass

_CODES = ("Enter the two codes from this page, and continue.",)
_CHOOSE = "Choose the account, and the day from which you want transactions."


@dataclass(frozen=True)
class Product:
    """`{bank}` stands for the name by which Sage lists the bank."""

    name: str
    steps: tuple[str, ...]


PRODUCTS = (
    Product(
        "Sage Accounting",
        (
            "Open Banking, and there the account that you want to link.",
            "Choose Actions, then Connect to bank.",
            "Search for {bank}, and accept Sage's terms.",
            *_CODES,
            _CHOOSE,
        ),
    ),
    Product(
        "Sage Intacct",
        (
            "Open Cash Management, Accounts, and edit the account that you want to link.",
            "On the Banking cloud tab choose Connect.",
            "Choose your country and {bank}, then Agree and connect.",
            *_CODES,
            _CHOOSE,
            "Press Continue, then Confirm, and save the account.",
        ),
    ),
    Product(
        "Sage Active",
        (
            "Open Bank accounts and cash, and choose to connect an account.",
            "In the assistant search for {bank}, and accept Sage's terms.",
            *_CODES,
            _CHOOSE,
        ),
    ),
    Product(
        "Sage 50, 100, 200, 300 and Evolution",
        (
            "Open your bank accounts, and connect the one that you want to link.",
            "Choose your country and {bank}, and accept Sage's terms.",
            *_CODES,
            _CHOOSE,
        ),
    ),
)
