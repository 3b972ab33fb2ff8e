"""Re-authorisation of a linked account: Sage asks for it, the user types the same things on the same page.

That the platform itself asks for it (an operator's verb) comes later; here the account is put into that state with the
platform's own credentials, from outside.
"""

from datetime import UTC, datetime

import httpx2
import pytest
import wires
from bank_lines import make_lines
from institutions import Customer
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow


def ask_for_renewal(system: System, bank_account: str) -> None:
    """`authRequired`, posted as a provider posts it."""
    details = system.details
    body = {
        "grant_type": "client_credentials",
        "client_id": details["clientId"],
        "client_secret": details["clientSecret"],
        "audience": details["audience"],
    }
    token = wires.read(wires.call(system.http, "POST", f"{details['cloudIdUrl']}/oauth/token", body), 200)
    headers = {"authorization": f"Bearer {token['access_token']}", "x-api-key": details["providerApiKey"]}
    nothing = {"transactionDetailsCount": 0, "transactionCreditSum": 0, "transactionDebitSum": 0}
    data = {
        "principalId": bank_account,
        "bankId": details["bankId"],
        "expected": {**nothing, "accountDetailsCount": 1},
        "accountDetails": [{"bankAccountId": bank_account, "status": "authRequired"}],
        "transactionDetails": [],
        "createdAt": datetime.now(UTC).isoformat(),
    }
    url = f"{details['providerUrl']}/v1/statements"
    wires.read(wires.call(system.http, "POST", url, {"data": data}, headers), 201)


def patched(system: System) -> dict[str, object]:
    """What the platform told Sage at the end of its last authorisation."""
    calls = [each for each in system.judge.get("/calls") if each["method"] == "PATCH"]
    return wires.read(httpx2.Response(200, text=calls[-1]["requestBody"], request=httpx2.Request("GET", "/")), 200)


def test_a_renewed_account_is_active_again_and_goes_on_where_it_stood(system: System) -> None:
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    lines = make_lines(40)
    bank_account = sage.link(customer)
    system.judge.expect({sage.external_id(bank_account): lines})
    customer.follow(customer.push(lines[:20]))
    ask_for_renewal(system, bank_account)
    assert system.judge.status(bank_account) == "authRequired"

    link, landed = sage.renew(bank_account, customer.connection_id, customer.otp())

    assert landed.status_code == 200
    assert sage.poll(link)["bankAccountExternalId"] == sage.external_id(bank_account)
    assert patched(system) == {"data": {"status": "success"}}, "a renewal names no accounts"
    assert system.judge.status(bank_account) == "active"
    assert customer.account_status() == "connected"
    customer.follow(customer.push(lines[20:]))
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)


def test_another_customers_connection_cannot_renew_the_account(system: System) -> None:
    owner, stranger = Customer(system, "Harbour Bakery"), Customer(system, "Stranger")
    owner.open_account()
    stranger.open_account()
    sage = SageCompany(system)
    bank_account = sage.link(owner)
    system.judge.wait_active(bank_account)
    ask_for_renewal(system, bank_account)

    _, landed = sage.renew(bank_account, stranger.connection_id, stranger.otp())

    assert landed.status_code == 422
    assert system.judge.status(bank_account) == "authRequired"
    assert stranger.connection_status() == "PendingAuth"
    assert stranger.account_status() == "pending"
