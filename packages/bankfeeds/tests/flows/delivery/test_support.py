"""A bundle for Sage's support has what Sage knows the account by, and nothing of its customer."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.outcome import Problem, Rejected
from bankfeeds.flows import support

from .operators import DAYS, park
from .test_operators_guide import on_sqlite, verb


def test_it_names_what_sage_can_look_up(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    made = support.bundle(platform.world, "ext-acc-001", "0.1.0")
    (feed,) = made["feeds"]
    assert (feed["bankAccountId"], feed["status"], feed["parkedLine"], feed["linesWaiting"]) == (
        "ba-1",
        "parked",
        "t-3",
        8,
    )
    assert made["account"]["externalId"] == "ext-acc-001"
    assert made["listings"][0]["bankId"] == "bank-1"
    taken = [each["statementId"] for each in feed["statements"] if each["statementId"]]
    assert taken
    assert "SCHEMA_INVALID" in feed["statements"][0]["refusal"]


def test_nothing_of_the_customer_is_in_it(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    lines = make_lines(*DAYS[:1], amount="-48151.62")
    platform.sage._process = lambda _delivery: Rejected(
        "INVALID", (Problem("INVALID", "amount -48151.62 on account 10203041 of 12-34-56 is wrong", "t-1"),)
    )
    lines[0].description, lines[0].counterparty = "Flour for Anna", "Anna Miller"
    platform.push(*lines)
    platform.run()
    text = msgspec.json.encode(support.bundle(platform.world, "ext-acc-001", "0.1.0")).decode()
    assert "amount (amount) on account (number) of (number) is wrong" in text
    for told in ("Anna", "Flour", "Harbour Bakery", "Trading", "48151", "10203041", "250.75", "112233"):
        assert told not in text, told
    assert '"numberEndsIn":"3041"' in text


def test_an_account_that_there_is_not_is_refused(platform: Any) -> None:
    with pytest.raises(NotFound, match="there is no account nobody"):
        support.bundle(platform.world, "nobody", "0.1.0")


@on_sqlite
@pytest.mark.slow
def test_it_is_written_into_a_new_file(platform: Any, tmp_path: Path) -> None:
    file = tmp_path / "ticket.json"
    done = verb(platform, "support-bundle", str(file), "--account", "ext-acc-001")
    assert (done.returncode, done.stderr) == (0, "")
    assert msgspec.json.decode(file.read_bytes())["account"]["externalId"] == "ext-acc-001"
    assert file.stat().st_mode & 0o077 == 0
    again = verb(platform, "support-bundle", str(file), "--account", "ext-acc-001")
    assert (again.returncode, "there is such a file already" in again.stderr) == (2, True)
