"""What the clients are called with leaves no operation of the contract's table out, and expects what it lists."""

import re
from collections import Counter
from pathlib import Path

import pytest

from . import sdk_calls
from .sdk_matrix import ANSWERS, BESIDE, ROWS

CONTRACT = Path(__file__).parents[6] / "shared" / "contracts" / "codat-bank-feeds.md"


def test_every_operation_of_the_clients_stands_in_one_row_and_no_row_has_another() -> None:
    named = Counter(name for _, operations in ROWS.values() for name in operations) + Counter(list(BESIDE))
    assert set(named.values()) == {1}
    assert set(named) == set(ANSWERS) == {call.name for call in sdk_calls.every()} - {"webhooks.rotate_zapier_key"}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_expects_what_its_mark_says(row: str) -> None:
    mark, operations = ROWS[row]
    listed = {0} if mark.startswith("Y") else {int(status) for status in re.findall(r"\d{3}", mark)}
    assert set(operations.values()) == {0 if status < 300 else status for status in listed}


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not at hand")
def test_rows_and_marks_are_the_contracts() -> None:
    section = CONTRACT.read_text(encoding="utf-8").split("\n## 10. ")[1].split("\n## ")[0]
    lines = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("|")][2:]
    assert {name.strip(): mark.replace("*", "").strip() for name, mark in lines} == {
        name: mark for name, (mark, _) in ROWS.items()
    }
