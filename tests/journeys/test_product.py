"""Every product and region of Sage's table, from Connect bank to a readable transaction, with Bankfeeds as the provider."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from bank_lines import Line, days_ago
from institutions import Customer
from processes import wait_until
from product_users import ProductUser, Row
from systems import System

from sage_sandbox.product.profiles import all_profiles

pytestmark = pytest.mark.slow
PROFILES = {f"{each.product.key}.{each.region.key}": each for each in all_profiles()}
ZONES = {
    "accounting.US": "America/Los_Angeles",
    "accounting.UK": "Europe/London",
    "accounting.ZA": "Africa/Johannesburg",
}
ZONES |= {"intacct.NZ": "Pacific/Auckland"}


@pytest.fixture
def customer(system: System) -> Customer:
    made = Customer(system, "Harbour Bakery")
    made.open_account()
    return made


def lines_until_today() -> list[Line]:
    """One a day, the last one today; balances that run on."""
    lines: list[Line] = []
    balance = Decimal("1000.00")
    for number in range(6):
        amount = Decimal(f"{-12.34 if number % 2 else 250.5:.2f}")
        balance += amount
        lines.append(Line(f"tx-{number}", days_ago(5 - number), amount, balance))
    return lines


def shown(line: Line) -> Row:
    """As an English page writes it."""
    text = f"{abs(line.amount):,.2f}"
    sides = (text, "") if line.amount >= 0 else ("", text)
    return Row(line.on, f"Line {line.id}", *sides, f"{line.balance:,.2f}")


def is_shown(line: Line, profile: str) -> bool:
    """Products that show closed days hold today's lines back; it is their own today."""
    today = datetime.now(UTC).astimezone(PROFILES[profile].zone).date()
    return not PROFILES[profile].product.closed_days or date.fromisoformat(line.on) < today


def test_every_product_and_region_connects_and_reads_what_is_pushed(system: System, customer: Customer) -> None:
    """One account of the institution, linked by a company of each: every one of them must have every line."""
    bank_id = system.details["bankId"]
    users = {name: ProductUser(system, name) for name in PROFILES}
    urls = {name: user.connect(customer, bank_id, start_on=days_ago(30)) for name, user in users.items()}
    lines = lines_until_today()
    external = {each["externalId"] for each in system.judge.get("/bankaccounts")}
    system.judge.expect(dict.fromkeys(external, lines))

    customer.follow(customer.push(lines))

    wrong: dict[str, list[Row]] = {}
    for name, url in urls.items():
        wanted = [shown(line) for line in reversed(lines) if is_shown(line, name)]

        def has_them(name: str = name, url: str = url, wanted: list[Row] = wanted) -> bool:
            wrong[name] = users[name].open(url).lines()
            return wrong[name] == wanted

        wait_until(has_them, f"{name} shows {wanted}, not {wrong.get(name)}")
    assert len(urls) == 54
    assert len(external) == 1
    bank_accounts = [each["bankAccountId"] for each in system.judge.get("/bankaccounts")]
    assert len(bank_accounts) == len(urls)
    system.judge.find_clean(*bank_accounts)
