"""Who links what in Sage, and where the lines then go: both programs on real ports, judged by the sandbox."""

import pytest
from bank_lines import days_ago, make_lines
from institutions import Customer
from processes import wait_until
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow


@pytest.fixture
def customer(system: System) -> Customer:
    made = Customer(system, "Harbour Bakery")
    made.open_account()
    return made


def test_lines_arrive_each_once_in_order_and_the_account_is_told_connected(system: System, customer: Customer) -> None:
    sage = SageCompany(system)
    assert (customer.connection_status(), customer.account_status()) == ("PendingAuth", "pending")

    bank_account = sage.link(customer)

    customer.wait_account("connected")
    assert customer.connection_status() == "Linked"
    lines = make_lines(250)
    system.judge.expect({sage.external_id(bank_account): lines})
    (ended,) = customer.follow(customer.push(lines))
    assert (ended["statusCode"], ended["validation"]["errors"]) == (200, [])
    received = sage.transactions(bank_account)
    assert [line["uniqueId"] for line in received] == [line.id for line in lines]
    assert [line["transactionAmount"] for line in received] == [line.amount * 100 for line in lines]
    assert [line["datePosted"][:10] for line in received] == [line.on for line in lines]
    system.judge.find_clean(bank_account)


def test_two_companies_that_both_use_the_account_id_acc_001_get_their_own_lines(system: System) -> None:
    bakery, garage = Customer(system, "Bakery"), Customer(system, "Garage")
    linked: dict[str, str] = {}
    expected = {}
    for number, customer in enumerate((bakery, garage)):
        customer.open_account("acc-001", number="10203040")
        sage = SageCompany(system, customer.name)
        linked[customer.name] = sage.link(customer)
        expected[sage.external_id(linked[customer.name])] = make_lines(40, first=1 + 100 * number)
    assert len(expected) == 2
    system.judge.expect(expected)

    for customer, lines in zip((bakery, garage), expected.values(), strict=True):
        customer.follow(customer.push(lines))

    assert system.judge.stored(linked["Bakery"])[0] == "tx-1"
    assert system.judge.stored(linked["Garage"])[0] == "tx-101"
    system.judge.find_clean(*linked.values())


def test_two_companies_may_use_the_same_line_ids_too(system: System) -> None:
    linked, expected = [], {}
    for name in ("Bakery", "Garage"):
        customer, sage = Customer(system, name), SageCompany(system, name)
        customer.open_account()
        linked.append(sage.link(customer))
        expected[sage.external_id(linked[-1])] = make_lines(20)
        system.judge.expect(expected)
        customer.follow(customer.push(make_lines(20)))

    assert system.judge.stored(linked[0]) == system.judge.stored(linked[1]) == [line.id for line in make_lines(20)]
    system.judge.find_clean(*linked)


def test_an_account_disconnected_and_linked_again_takes_new_lines_only_where_it_is_linked_now(
    system: System, customer: Customer
) -> None:
    sage = SageCompany(system)
    lines = make_lines(60)
    before = sage.link(customer)
    system.judge.expect({sage.external_id(before): lines})
    customer.follow(customer.push(lines[:30]))

    sage.disconnect(before)

    customer.wait_account("disconnected")
    assert customer.connection_status() == "Deauthorized"
    refused = customer.try_push(lines[30:])
    assert refused.status_code == 400
    assert "Deauthorized" in refused.json()["validation"]["errors"][0]["message"]

    after = sage.link(customer)

    customer.wait_account("connected")
    assert customer.connection_status() == "Linked"
    assert after != before
    customer.follow(customer.push(lines[30:]))
    assert system.judge.stored(after) == [line.id for line in lines]
    assert system.judge.status(before) == "cancelled"
    system.judge.find_clean(after)


def test_the_wrong_ledger_account_then_the_right_one_has_every_line_from_its_own_start_date(
    system: System, customer: Customer
) -> None:
    sage = SageCompany(system)
    lines = make_lines(60, days=30)
    wrong = sage.link(customer, start_on=days_ago(60))
    system.judge.expect({sage.external_id(wrong): lines})
    customer.follow(customer.push(lines))
    assert system.judge.stored(wrong) == [line.id for line in lines]

    sage.disconnect(wrong)
    start_on = days_ago(14)
    right = sage.link(customer, start_on=start_on)

    wanted = [line.id for line in lines if line.on >= start_on]
    assert 0 < len(wanted) < len(lines)
    wait_until(lambda: system.judge.stored(right) == wanted, "the right account has the lines that were sent before")
    system.judge.find_clean(right)


def test_one_account_linked_by_two_sage_companies_delivers_every_line_to_both(
    system: System, customer: Customer
) -> None:
    trading, holding = SageCompany(system, "Trading Ltd"), SageCompany(system, "Holding Ltd")
    lines = make_lines(90)
    first = trading.link(customer)
    system.judge.expect({trading.external_id(first): lines})
    customer.follow(customer.push(lines[:45]))

    second = holding.link(customer)
    assert holding.external_id(second) == trading.external_id(first)
    customer.follow(customer.push(lines[45:]))

    everything = [line.id for line in lines]
    wait_until(lambda: system.judge.stored(second) == everything, "the second company has the lines sent before it")
    assert system.judge.stored(first) == everything
    system.judge.find_clean(first, second)

    trading.disconnect(first)
    assert customer.account_status() == "connected"
    assert customer.connection_status() == "Linked"


def test_a_second_account_of_the_same_login_is_linked_without_another_authorisation(
    system: System, customer: Customer
) -> None:
    customer.open_account("acc-002", "Savings account", "50607080")
    sage = SageCompany(system)
    first = sage.link(customer, "Trading account")
    customer.wait_account("connected", "acc-001")
    assert customer.account_status("acc-002") == "pending"

    system.judge.wait_active(first)
    offered = wait_until(lambda: sage.available(first), "Sage knows the other accounts of the login")
    by_name = {each["accountName"]: each for each in offered}
    assert by_name["Trading account"]["metadata"]["connected"] is True
    second = sage.link_available(by_name["Savings account"]["bankAccountCandidateId"], days_ago(60))

    customer.wait_account("connected", "acc-002")
    trading, savings = make_lines(20, prefix="t"), make_lines(20, prefix="s")
    system.judge.expect({sage.external_id(first): trading, sage.external_id(second): savings})
    customer.follow(customer.push(trading, "acc-001"), customer.push(savings, "acc-002"))
    assert system.judge.stored(first) == [line.id for line in trading]
    assert system.judge.stored(second) == [line.id for line in savings]
    system.judge.find_clean(first, second)


def test_lines_before_the_start_date_are_kept_back_with_a_warning_and_never_sent(
    system: System, customer: Customer
) -> None:
    sage = SageCompany(system)
    start_on = days_ago(3)
    bank_account = sage.link(customer, start_on=start_on)
    lines = make_lines(50, days=10)
    early = [line for line in lines if line.on < start_on]
    assert early
    system.judge.expect({sage.external_id(bank_account): lines})

    pushed = customer.push(lines)

    warnings = [item["message"] for item in pushed["validation"]["warnings"]]
    assert any(f"{len(early)} dated before {start_on}" in words for words in warnings), warnings
    customer.follow(pushed)
    assert system.judge.stored(bank_account) == [line.id for line in lines if line.on >= start_on]
    system.judge.find_clean(bank_account)


def test_the_whole_way_by_api_alone_with_the_institutions_own_app_vouching_for_its_user(
    system: System, customer: Customer
) -> None:
    """Flow B of the contract: no form of ours; the institution names the authorisation it was handed."""
    system.judge.set(autoPickAccount=True, autoReturn=True)
    sage = SageCompany(system)
    link = sage.connect_bank()
    (authorisation,) = wait_until(
        lambda: [each for each in system.judge.get("/authorisations") if each["status"] == "presented"],
        "the sandbox has fetched our page",
    )
    assert authorisation["state"] != authorisation["authorisationId"]

    answer = customer.authorise(authorisation["state"])

    assert answer.status_code == 200
    bank_account = sage.add(sage.poll(link), days_ago(60))
    customer.wait_account("connected")
    lines = make_lines(10)
    system.judge.expect({sage.external_id(bank_account): lines})
    customer.follow(customer.push(lines))
    system.judge.find_clean(bank_account)
    assert customer.authorise(authorisation["state"]).status_code == 200, "repeating it is no error"
