"""`bankfeeds reconcile` and `balances` as an operator runs them: what they print, write, refuse, and their exit codes."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bankfeeds.cli import reconciling
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.flows import accept, reconcile
from bankfeeds.flows.context import World
from bankfeeds.flows.reconcile import Reconciled
from bankfeeds.web.reconciliation.paper import paper
from bankfeeds.web.reconciliation.sheet import COLUMNS, plain, sheet

from .. import worlds

Run = Callable[..., subprocess.CompletedProcess[str]]


class Item:
    def __init__(self, number: str, day: str, amount: str, balance: str) -> None:
        self.id, self.date, self.description = number, day, "Flour"
        self.amount, self.balance = amount.encode(), balance.encode()
        self.transactionType = self.counterparty = self.reference = None


GOOD = [Item("t-1", "2026-02-01", "80.00", "330.75"), Item("t-2", "2026-02-02", "-30.25", "300.50")]
GAP = Item("=t-4", "2026-02-02", "-1.00", "290.50")


@pytest.fixture
def linked(world: World) -> tuple[World, worlds.Linked]:
    made = worlds.make_account(world)
    worlds.link(world, made, start_on="2026-01-01T00:00:00Z")
    return world, made


def push(world: World, made: worlds.Linked, *items: Item) -> None:
    ids = (made.company_id, made.connection_id, made.account_id)
    accept.accept(world, "test", accept.PushRequest(*ids, made.account_id, list(items), None))


@pytest.fixture
def run(linked: tuple[World, worlds.Linked], tmp_path: Path) -> Run:
    url = str(linked[0].db.engine.url)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BANKFEEDS_")}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bankfeeds", *arguments],
            env={**inherited, "BANKFEEDS_DATABASE_URL": url, "COLUMNS": "200"},
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    return call


def found(world: World) -> list[Reconciled]:
    return reconcile.every(world)


def rows(world: World) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet(found(world)))))


def test_the_sheet_has_a_row_for_each_day_and_feed_and_adds_up(linked: tuple[World, worlds.Linked]) -> None:
    push(*linked, *GOOD)
    told = rows(linked[0])
    assert tuple(told[0]) == COLUMNS
    assert [(row["row"], row["day"], row["opening"], row["total"], row["closing"]) for row in told[:2]] == [
        ("day", "2026-02-01", "250.75", "80.00", "330.75"),
        ("day", "2026-02-02", "330.75", "-30.25", "300.50"),
    ]
    assert [row["row"] for row in told[2:]] == ["feed", "waiting"]


def test_what_a_spreadsheet_would_run_is_text_in_the_sheet(linked: tuple[World, worlds.Linked]) -> None:
    push(*linked, *GOOD, GAP)
    (gap,) = [row for row in rows(linked[0]) if row["row"] == "gap"]
    assert (gap["line"], gap["difference"]) == ("'=t-4", "-9.00")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_whatever_a_formula_may_begin_with_is_made_text(first: str) -> None:
    assert plain(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"
    assert plain(f"tx{first}1") == f"tx{first}1"


def test_the_paper_shows_every_figure_and_nothing_of_others_runs_in_it(linked: tuple[World, worlds.Linked]) -> None:
    push(*linked, *GOOD, Item("<script>alert(1)</script>", "2026-02-02", "-1.00", "290.50"))
    page = paper("Harbour & Sons", found(linked[0]))
    assert "Harbour &amp; Sons" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "http" not in page
    assert "−9.00" in page  # noqa: RUF001 - a minus sign
    assert "Failed: 1 place where balances do not follow on" in page


def test_the_paper_says_what_is_unproved_and_why(linked: tuple[World, worlds.Linked]) -> None:
    assert "Unproved: there are no lines" in paper("Bank", found(linked[0]))
    push(*linked, Item("t-1", "2026-02-01", "1", "0"))
    assert "Unproved: the lines carry no balances" in paper("Bank", found(linked[0]))


@pytest.mark.slow
def test_an_operator_reconciles_states_balances_and_is_told_by_the_exit_code(
    linked: tuple[World, worlds.Linked], run: Run, tmp_path: Path
) -> None:
    world, made = linked
    push(world, made, *GOOD)
    name = f"{made.connection_id}/{made.account_id}"
    done = run("reconcile", name)
    assert done.returncode == 0, done.stderr
    assert Verdict.proved.value in done.stdout

    stated = tmp_path / "stated.csv"
    stated.write_text(f"account,date,balance\n{name},2026-02-01,330.75\n{name},2026-02-02,300.00\n")
    assert run("balances", "stated.csv").returncode == 0
    done = run("reconcile", "--csv", "all.csv", "--html", "all.html", "--json")
    assert done.returncode == 1, done.stderr
    (told,) = json.loads(done.stdout, parse_float=Decimal)
    assert told["verdict"] == "failed"
    assert [(each["on"], Decimal(each["stated"])) for each in told["disagreements"]] == [("2026-02-02", Decimal(300))]
    assert (tmp_path / "all.csv").read_bytes().count(b"\r\n") > 3
    assert "Closing balances that differ" in (tmp_path / "all.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "account,date,balance"),
        ("account,date\n", "account,date,balance"),
        ("account,date,balance\n", "no closing balances"),
        ("account,date,balance\nx,2026-02-30,1\n", "line 2: date must be"),
        ("account,date,balance\nx,2026-02-03,one\n", "line 2: date must be"),
        ("account,date,balance\nx,2026-02-03\n", "line 2: date must be"),
    ],
)
def test_a_file_of_balances_that_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "stated.csv"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=said):
        reconciling.read(path)
