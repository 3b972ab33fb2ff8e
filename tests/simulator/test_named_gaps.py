"""What the simulator lets pass as a named gap is the sum of lines left out, and nothing else."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from bank_lines import Line
from lives import Account
from reconciled import is_named

AMOUNTS = ("10", "-2.50", "4", "7", "-1")
LEFT_OUT = {"2", "3", "5"}
"""Two stretches: 1.50 together, and -1."""


def account() -> Account:
    made = Account("company", "connection", "acc", "external", date(2026, 3, 2), skipped=LEFT_OUT)
    for number, amount in enumerate(AMOUNTS, 1):
        made.balance += Decimal(amount)
        made.lines.append(Line(str(number), "2026-03-02", Decimal(amount), made.balance))
    return made


def verdict(expected: int, found: int, **offences: list[str]) -> dict[str, Any]:
    return {"balances": [{"statementId": "s", "expected": expected, "ledgerBalance": found}], **offences}


@pytest.mark.parametrize("pence", [150, -100, 50])
def test_a_balance_off_by_what_was_left_out_is_named(pence: int) -> None:
    assert is_named(account(), verdict(1000, 1000 + pence))


@pytest.mark.parametrize("pence", [-150, 400, -250, 1, 151])
def test_a_balance_off_by_anything_else_is_not(pence: int) -> None:
    assert not is_named(account(), verdict(1000, 1000 + pence))


def test_whatever_else_the_judge_holds_against_it_is_not() -> None:
    assert not is_named(account(), verdict(1000, 1150, lost=["4"]))
