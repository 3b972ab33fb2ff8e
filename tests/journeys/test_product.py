"""Every product and region of Sage's table, from Connect bank to a readable transaction, with Bankfeeds as the provider."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bank_lines import Line, days_ago
from institutions import Customer
from processes import clean_environment, wait_until
from product_users import ProductUser, Row
from systems import HEADER_NAME, System, running

from sage_sandbox.product.profiles import all_profiles

pytestmark = pytest.mark.slow
PROFILES = {f"{each.product.key}.{each.region.key}": each for each in all_profiles()}
ZONES = {
    "accounting.US": "America/Los_Angeles",
    "accounting.UK": "Europe/London",
    "accounting.ZA": "Africa/Johannesburg",
    "intacct.NZ": "Pacific/Auckland",
}


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
    """One account of the institution, linked by a company of each: every one has every line, on the day it was pushed."""
    assert {name: PROFILES[name].region.zone for name in ZONES} == ZONES
    bank_id = system.details["bankId"]
    users = {name: ProductUser(system, name) for name in PROFILES}
    urls = {name: user.connect(customer, bank_id, start_on=days_ago(30)) for name, user in users.items()}
    lines = lines_until_today()
    external = {each["externalId"] for each in system.judge.get("/bankaccounts")}
    system.judge.expect(dict.fromkeys(external, lines))

    customer.wait_account("connected")
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


def add_american_listing(system: System, details: dict[str, Any]) -> None:
    """The institution as Sage's US cluster lists it; its secrets are read from standard input."""
    options = {
        "name": "Harbour Bank (US)",
        "region": "us",
        "country": "USA",
        "url": "https://harbour.example",
        "provider-url": details["providerUrl"],
        "token-url": f"{details['cloudIdUrl']}/oauth/token",
        "jwks-url": details["jwksUrl"],
        "client-id": details["clientId"],
        "audience": details["audience"],
        "header-name": HEADER_NAME,
        "bank-id": details["bankId"],
        "reason": "tests",
    }
    command = [sys.executable, "-m", "bankfeeds", "listings", "add", "us"]
    secrets = f"{details['clientSecret']}\n{details['providerApiKey']}\n{system.header_value}\n"
    done = subprocess.run(
        [*command, *(part for name, value in options.items() for part in (f"--{name}", value))],
        env=clean_environment(system.settings), input=secrets, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    header = {"headerName": HEADER_NAME, "headerValue": system.header_value}
    system.judge.send("PUT", f"/banks/{details['bankId']}", header)


def test_bank_sync_shows_the_institution_to_the_products_of_its_cluster(tmp_path: Path) -> None:
    """Named, renamed, and connected to by a company in the United States, in the US cluster."""
    with running(tmp_path) as system:
        system.fresh()
        american = system.details["regions"]["us"]
        system.settings["BANKFEEDS_PUBLIC_URL"] = system.api_url
        add_american_listing(system, american)
        for name in ("Harbour Bank (US)", "Harbour Bank of Maine"):
            system.verb("listings", "update", "us", f"name={name}", "--reason", "tests")
            system.verb("listings", "register", "us", "--reason", "tests")
            user = ProductUser(system, "accounting.US")
            found = user.open(f"{user.account().url}/connect")
            assert [words for words, url in found.links.items() if url.endswith(american["bankId"])]
            assert name in found.text
        assert "Harbour Bank (US)" not in found.text
        assert system.details["bankId"] not in "".join(found.links.values())

        customer = Customer(system, "Harbour Bakery")
        customer.open_account()
        url = user.connect(customer, american["bankId"], start_on=days_ago(30))
        customer.wait_account("connected")
        lines = lines_until_today()
        customer.follow(customer.push(lines))
        wanted = [shown(line) for line in reversed(lines)]
        wait_until(lambda: user.open(url).lines() == wanted, "a company in the US reads what was pushed")
