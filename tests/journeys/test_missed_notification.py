"""Sage said that an account was linked, and nobody heard: the platform asks by itself."""

from pathlib import Path

import pytest
from bank_lines import days_ago, make_lines
from institutions import Customer
from sage_users import SageCompany
from systems import FAST, running

pytestmark = pytest.mark.soak  # certify's E13 waits the same minute for the same, without the lines withheld

SOONEST_S = 60
"""The least that the setting takes; otherwise it is 20 minutes, longer than Sage repeats a notification."""


def test_an_account_whose_linking_we_never_heard_of_is_found_by_asking_and_gets_its_lines(tmp_path: Path) -> None:
    with running(tmp_path, REPORT_CHECK_S=str(SOONEST_S)) as system:
        system.judge.set(**FAST)
        system.judge.fault("BankAccountCreated", "drop")
        customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
        customer.open_account()
        start_on = days_ago(2)

        bank_account = sage.link(customer, start_on=start_on)

        told = [n for n in system.judge.get("/notifications") if n["resourceId"] == bank_account]
        assert [n["status"] for n in told] == ["dropped"]
        assert customer.account_status() == "pending"
        customer.wait_account("connected", within_s=SOONEST_S + 60)
        lines = make_lines(30, days=5)
        system.judge.expect({sage.external_id(bank_account): lines})
        customer.follow(customer.push(lines))
        assert system.judge.stored(bank_account) == [line.id for line in lines if line.on >= start_on]
        system.judge.find_clean(bank_account)
