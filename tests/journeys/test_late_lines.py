"""Lines that come late, the whole way: refused, presented by the account or by somebody's word, and judged in Sage."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import wires
from bank_lines import Line, days_ago, make_lines, today
from bench import statement_writers
from bench.statement_writers import NUMBER, WRITERS, Booked
from institutions import Customer
from processes import clean_environment
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow
WHY = ("--reason", "agreed with the customer")


def late_lines(after: Decimal) -> list[Line]:
    """Two of nine and eight days ago, which the balances of no other line have."""
    return [
        Line("late-1", days_ago(9), Decimal("-12.34"), after - Decimal("12.34")),
        Line("late-2", days_ago(8), Decimal("100.00"), after + Decimal("87.66")),
    ]


def presented(late: Sequence[Line]) -> list[Line]:
    """As Sage is to have them."""
    return [replace(line, on=today().isoformat()) for line in late]


def texts(system: System, bank_account: str) -> list[str]:
    return [str(line["description"]) for line in system.judge.get("/transactions", bankAccountId=bank_account)]


def test_an_account_that_presents_them_delivers_them_today_and_goes_on(system: System) -> None:
    customer = Customer(system, "Harbour Bakery")
    customer.open_account()
    sage = SageCompany(system)
    bank_account = sage.link(customer)
    name = f"{customer.connection_id}/acc-001"
    lines = make_lines(12, days=7)
    customer.follow(customer.push(lines))
    late = late_lines(lines[-1].balance)

    refused = customer.try_push(late)
    assert refused.status_code == 400
    assert "date order only" in refused.text

    system.verb("late", "set", name, "present", *WHY)
    told = wires.read(customer.try_push(late), 200)
    (ended,) = customer.follow(told)
    assert [warning["itemId"] for warning in ended["validation"]["warnings"]] == [
        "transactions[0].date", "transactions[1].date",
    ]  # fmt: skip
    customer.follow(customer.push(late))
    last = Line("tx-13", today().isoformat(), Decimal("1.00"), lines[-1].balance + Decimal("88.66"))
    customer.follow(customer.push([last]))

    whole = [*lines, *presented(late), last]
    system.judge.expect({sage.external_id(bank_account): whole})
    system.judge.find_clean(bank_account)
    assert system.judge.stored(bank_account) == [line.id for line in whole]
    assert texts(system, bank_account)[-3:-1] == [f"{line.on}: Line {line.id}" for line in late]


def test_what_a_file_brought_too_late_waits_until_somebody_presents_it(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = Customer(system, "Harbour Bakery")
    customer.open_account(number=NUMBER)
    sage = SageCompany(system)
    bank_account = sage.link(customer)
    name = f"{customer.connection_id}/acc-001"
    lines = make_lines(5, days=3)
    customer.follow(customer.push(lines))
    monkeypatch.setattr(statement_writers, "OPENING", Decimal("1000.00"))
    forgotten = Booked(today() - timedelta(days=9), Decimal("-12.34"), "CARD PAYMENT", "Mill", "000000000001")
    file = tmp_path / "statement.xml"
    file.write_text("".join(WRITERS["camt053"]([forgotten])), encoding="utf-8")

    command = [sys.executable, "-m", "bankfeeds", "import", str(file), "--account", name]
    done = subprocess.run(
        command, env=clean_environment(system.settings), capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, "once the file is taken they wait" in done.stdout) == (1, True), done.stdout + done.stderr
    (waiting,) = json.loads(system.verb("late", "list", name, "--json"))
    assert (waiting["state"], waiting["amount"]) == ("waiting", "-12.34")

    system.verb("late", "present", name, *WHY)
    (done_with,) = json.loads(system.verb("late", "list", name, "--json"))
    customer.follow({"pushOperationKey": done_with["pushKey"]})
    line = Line(waiting["id"], today().isoformat(), Decimal("-12.34"), lines[-1].balance - Decimal("12.34"))
    system.judge.expect({sage.external_id(bank_account): [*lines, line]})
    system.judge.find_clean(bank_account)
    assert texts(system, bank_account)[-1].startswith(f"{forgotten.on}: ")
    assert "1 there already" in system.verb("import", str(file), "--account", name)
