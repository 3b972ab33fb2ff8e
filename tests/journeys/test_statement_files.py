"""A bank's statement file in each format: imported, delivered, judged; again, overlapping, and in another format."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bank_lines import Line, today
from bench import statement_writers
from bench.statement_writers import CSV_PROFILE, ENDINGS, NUMBER, WRITERS, Booked
from institutions import Customer
from processes import clean_environment
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow
OPENING = statement_writers.OPENING
WITHOUT_OPENING = {"ofx"}
"""Formats that say only what the account closes with: nobody can prove their lines from the first file on."""
OTHER = {"camt053": "mt940", "mt940": "bai2", "bai2": "ofx", "ofx": "csv", "csv": "camt053"}
DAYS, A_DAY = 6, 4
_SWAPPED = {"DBIT": "CRDT", "CRDT": "DBIT", "D": "C", "C": "D", "475": "195", "195": "475"}
TURNED: dict[str, Callable[[str], str]] = {
    "camt053": lambda text: re.sub(r"(</Amt>\n<CdtDbtInd>)(\w+)", lambda at: at[1] + _SWAPPED[at[2]], text),
    "mt940": lambda text: re.sub(r"(:61:\d{10})([DC])", lambda at: at[1] + _SWAPPED[at[2]], text),
    "bai2": lambda text: re.sub(r"(\n16,)(\d+)", lambda at: at[1] + _SWAPPED[at[2]], text),
    "csv": lambda text: re.sub(r",(-?)(\d+\.\d\d),(\S+\n)", lambda at: f",{'' if at[1] else '-'}{at[2]},{at[3]}", text),
}
"""The same files with every line's sign turned, and the balances as they were. OFX has no opening balance to tell it by."""
ACCOUNT = "acc-001"


def booked() -> list[Booked]:
    first = today() - timedelta(days=DAYS + 1)
    return [
        Booked(
            first + timedelta(days=number // A_DAY),
            Decimal(100 + 7 * number) / 100 * (1 if number % 3 else -1),
            f"CARD PAYMENT {number}",
            "Harbour Flour Mills Ltd",
            f"{number:012d}",
        )
        for number in range(DAYS * A_DAY)
    ]


class Files:
    """Writes parts of the account's lines as files of the bank, and has the command import them."""

    def __init__(self, system: System, customer: Customer, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self._system, self._customer, self._directory, self._patch = system, customer, directory, patch
        (directory / "profile.json").write_text(CSV_PROFILE, encoding="utf-8")

    def take(
        self, name: str, lines: Sequence[Booked], opening: Decimal, *more: str, spoil: Callable[[str], str] = str
    ) -> tuple[int, dict[str, Any]]:
        """The command's exit code, and what it told of the file."""
        self._patch.setattr(statement_writers, "OPENING", opening)
        path = self._directory / f"statement.{ENDINGS[name]}"
        path.write_text(spoil("".join(WRITERS[name](list(lines)))), encoding="utf-8", newline="")
        options = ["--profile", str(self._directory / "profile.json")] if name == "csv" else []
        done = self._run(str(path), "--account", f"{self._customer.connection_id}/{ACCOUNT}", "--json", *options, *more)
        (told,) = json.loads(done.stdout)
        return done.returncode, told

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bankfeeds", "import", *arguments]
        done = subprocess.run(
            command,
            env=clean_environment(self._system.settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout, done.stderr
        return done


@pytest.fixture
def customer(system: System) -> Customer:
    made = Customer(system, "Harbour Bakery")
    made.open_account(number=NUMBER)
    return made


@pytest.fixture
def files(system: System, customer: Customer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(system, customer, tmp_path, monkeypatch)


def expected(customer: Customer, told: dict[str, Any], lines: Sequence[Booked]) -> list[Line]:
    """As the judge is told: amounts and days out of the file, in its order; only the ids are the platform's."""
    ids = [
        str(each["id"])
        for key in told["accounts"][0]["pushOperationKeys"]
        for each in customer.call("GET", f"{customer.company}/push/{key}/transactions?pageSize=100")["results"]
    ]
    assert len(ids) == len(set(ids)) == len(lines)
    return [Line(id_, line.on.isoformat(), line.amount, Decimal(0)) for id_, line in zip(ids, lines, strict=True)]


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_file_is_delivered_once_whatever_comes_again(
    system: System, customer: Customer, files: Files, name: str
) -> None:
    sage = SageCompany(system)
    bank_account = sage.link(customer)
    lines = booked()
    unproved = (
        ("--accept-unproved", "--reason", "the bank states no opening balance") if name in WITHOUT_OPENING else ()
    )
    first, middle = lines[:16], OPENING + sum((line.amount for line in lines[:8]), Decimal(0))

    code, told = files.take(name, first, OPENING, *unproved)

    assert (code, told["problems"]) == (0, [])
    known = expected(customer, told, first)
    external = sage.external_id(bank_account)
    system.judge.expect({external: known})
    customer.follow(*operations(told))
    system.judge.find_clean(bank_account)

    code, told = files.take(name, first, OPENING)
    assert (code, told["accounts"][0]["new"], told["accounts"][0]["known"]) == (0, 0, 16), "the same file again"

    code, told = files.take(name, lines[8:], middle)
    assert (code, told["accounts"][0]["new"], told["accounts"][0]["known"]) == (0, 8, 8), "one that overlaps"
    assert told["accounts"][0]["proof"] == "proved"
    known += expected(customer, told, lines[16:])
    system.judge.expect({external: known})
    customer.follow(*operations(told))

    code, told = files.take(OTHER[name], lines, OPENING)
    account = told["accounts"][0]
    assert (code, account["new"], account["known"] + account["alike"]) == (0, 0, 24), f"all of it as {OTHER[name]}"
    system.judge.find_clean(bank_account)
    assert system.judge.stored(bank_account) == [line.id for line in known]


@pytest.mark.parametrize("name", sorted(TURNED))
def test_money_in_and_out_mixed_up_is_caught_and_nothing_is_taken(
    system: System, customer: Customer, files: Files, name: str
) -> None:
    SageCompany(system).link(customer)

    code, told = files.take(name, booked(), OPENING, spoil=TURNED[name])

    assert code == 1
    assert told["accounts"][0]["proof"] == "failed"
    assert told["accounts"][0]["lines"] == DAYS * A_DAY
    assert "its balances do not add up" in told["problems"][0]
    assert customer.call("GET", f"{customer.company}/push")["results"] == []


def operations(told: dict[str, Any]) -> list[dict[str, str]]:
    return [{"pushOperationKey": key} for key in told["accounts"][0]["pushOperationKeys"]]
