"""The guides' commands as they stand on their pages, one after the other, each on a platform of its own."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from guides import Terminal, following

from bankfeeds.cli import opening
from bankfeeds.flows import accept, pushes

from .. import worlds
from ..readers.documents import Booked, document, statement_of
from ..readers.swift import message

Make = Callable[..., worlds.Linked]


class Item:
    """A line off the wire."""

    transactionType = counterparty = reference = None  # noqa: N815

    def __init__(self, number: str, day: str, amount: str, balance: str) -> None:
        self.id, self.date, self.description = number, day, "Flour"
        self.amount, self.balance = amount.encode(), balance.encode()


LINES = (Item("t-1", "2026-02-01", "80.00", "330.75"), Item("t-2", "2026-02-02", "-30.25", "300.50"))

COFFEE = [Booked(date(2026, 2, day), Decimal("-3.50"), "Coffee") for day in (1, 2, 3)]


def push(made: worlds.Linked, *items: Item) -> str:
    """The key of the push operation."""
    ids = (made.company_id, made.connection_id, made.account_id)
    with opening.world() as world:
        accept.accept(world, "test", accept.PushRequest(*ids, made.account_id, list(items), None))
        return pushes.page(world, made.company_id, 0, 100)[0][0].key


def test_upgrade(terminal: Terminal) -> None:
    with following("docs/guides/upgrade.md", "console") as guide:
        for command in guide.steps():
            terminal.type(command)


def test_portal(terminal: Terminal) -> None:
    (terminal.home / "password").write_text("a long enough password\n", encoding="utf-8")
    with following("docs/guides/portal.md", "console") as guide:
        for command in guide.steps():
            terminal.type(f"{command} < password")
    (told,) = json.loads(terminal.type("bankfeeds operators list --json"))
    assert (told["name"], told["role"]) == ("ann@bank.example", "administrator")


def test_reconcile(terminal: Terminal, linked: Make) -> None:
    made = linked()
    push(made, *LINES)
    stated = f"account,date,balance\n{made.connection_id}/acc-001,2026-02-02,300.50\n"
    (terminal.home / "closing.csv").write_text(stated, encoding="utf-8")
    with following("docs/guides/reconcile.md", "console") as guide:
        for command in guide.steps():
            terminal.type(command)
    assert "proved" in terminal.type("bankfeeds reconcile")
    assert "300.50" in (terminal.home / "report.html").read_text(encoding="utf-8")
    assert "2026-02-02" in (terminal.home / "report.csv").read_text(encoding="utf-8")


def test_quarantine(terminal: Terminal, linked: Make) -> None:
    made = linked()
    terminal.words |= {"PUSH": push(made, *LINES), "LINE": "t-1", "LISTING": worlds.LISTING_ID}
    with following("docs/guides/quarantine.md", "console") as guide:
        for command in guide.steps():
            if " drop " in command:  # it was released a line before
                terminal.type(guide.commands[0])
            told = terminal.type(command)
    assert "dropped in quarantine: sent twice" in told
    assert (terminal.home / "ignore.csv").read_text(encoding="utf-8").startswith("listing,bank account,line,")


def test_late_lines(terminal: Terminal, linked: Make) -> None:
    made = linked(sort_code="000099", number="31926819")
    name = f"{made.connection_id}/{made.account_id}"
    late = [replace(one, amount=Decimal(-amount), text="Late") for one, amount in zip(COFFEE[:2], (4, 5), strict=True)]
    first = document(statement_of(COFFEE[2:]))
    whole = document(statement_of([*late, *COFFEE[2:]]))
    for number, text in enumerate((first, whole)):
        (terminal.home / f"{number}.xml").write_text(text, encoding="utf-8")
    assert "took 1 lines" in terminal.type("bankfeeds import 0.xml")
    assert "once the file is taken they wait" in terminal.type("bankfeeds import 1.xml", code=1)
    assert "2 late lines of 1 accounts wait for a decision" in terminal.type("bankfeeds doctor")
    waiting = json.loads(terminal.type(f"bankfeeds late list {name} --json"))
    terminal.words |= {"CONNECTION/ACCOUNT": name, "LINE": waiting[0]["id"]}
    with following("docs/guides/late-lines.md", "console") as guide:
        for command in guide.steps():
            terminal.type(command)
    told = json.loads(terminal.type(f"bankfeeds late list {name} --json"))
    assert [line["state"] for line in told] == ["presented", "dropped"]
    assert json.loads(terminal.type("bankfeeds late list --json")) == []


def test_webhooks(terminal: Terminal) -> None:
    with following("docs/guides/webhooks.md", "console") as guide:
        for command in guide.steps():
            terminal.words.setdefault("ID", terminal.type(command).strip())
    (event,) = json.loads(terminal.type("bankfeeds webhooks log ID --json"))
    assert event["eventType"] == "bankTransactions.write.successful"


def test_import_statement_files(terminal: Terminal, linked: Make) -> None:
    linked(sort_code="000099", number="31926819")
    (terminal.home / "statement.xml").write_text(document(statement_of(COFFEE)), encoding="utf-8")
    rows = "".join(f"{day}/02/2026;Flour;-1,00;{100 - day},00\n" for day in (13, 14, 15))
    (terminal.home / "statement.csv").write_text(f"Date;Text;Amount;Balance\n{rows}", encoding="utf-8")
    (terminal.home / "statements").mkdir()
    later = [replace(one, on=date(2026, 2, 20)) for one in COFFEE]
    third = document(statement_of(later, Decimal("85.00"), "S3"))
    (terminal.home / "statements" / "statement.xml").write_text(third, encoding="utf-8")
    with following("docs/guides/import-statement-files.md", "console") as guide:
        for command in guide.steps():
            told = terminal.type(command)
            if command.startswith(("bankfeeds import statement", "bankfeeds watch")):
                assert "took 3 lines" in told, told
    assert (terminal.home / "statements" / "taken" / "statement.xml").exists()


def test_api(site: worlds.Site, tmp_path: Path) -> None:
    made = worlds.make_account(site.world, sort_code="000099", number="31926819")
    worlds.link(site.world, made)
    (tmp_path / "statement.sta").write_text(message(COFFEE), encoding="utf-8")
    key = base64.b64decode(site.authorization.removeprefix("Basic ")).decode().rstrip(":")
    said = {"API_KEY": key, "BANKFEEDS": site.url, "C": made.company_id, "X": made.connection_id}
    with following("docs/reference/api.md", "console") as guide:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(guide.steps())],
            cwd=tmp_path, env={**os.environ, **said}, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proof"] == "proved"
