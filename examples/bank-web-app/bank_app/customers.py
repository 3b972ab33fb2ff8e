"""The bank's customers and their accounts: yours come from your own systems."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    id: str
    name: str
    type: str
    number: str
    sort_code: str
    currency: str
    balance: str


@dataclass(frozen=True)
class Customer:
    id: str
    company: str
    pin: str
    accounts: tuple[Account, ...]


CUSTOMERS = {
    customer.id: customer
    for customer in (
        Customer(
            "harbour",
            "Harbour Bakery Ltd",
            "1234",
            (
                Account("acc-001", "Trading account", "checking", "10203040", "112233", "GBP", "1204.50"),
                Account("acc-002", "Savings account", "savings", "50607080", "112233", "GBP", "8000.00"),
            ),
        ),
        Customer(
            "garage",
            "Quay Garage Ltd",
            "4321",
            (Account("acc-101", "Business current account", "checking", "90807060", "112233", "GBP", "310.00"),),
        ),
    )
}


def sign_in(customer_id: str, pin: str) -> Customer | None:
    """In earnest: your own sign-in, with its second factor and its limits."""
    customer = CUSTOMERS.get(customer_id.strip().lower())
    return customer if customer is not None and customer.pin == pin.strip() else None
