"""`bankfeeds quarantine` and `trace` as an operator runs them."""

import json

import pytest

from bankfeeds.flows import pushes
from bankfeeds.flows.context import World

from .. import worlds
from .test_reconciling import GOOD, Run, linked, push, run

__all__ = ["linked", "run"]


@pytest.mark.slow
def test_an_operator_holds_a_push_drops_it_and_finds_out_about_a_line(
    linked: tuple[World, worlds.Linked], run: Run
) -> None:
    world, made = linked
    push(world, made, *GOOD)
    (key,) = [each.key for each in pushes.page(world, made.company_id, 0, 10)[0]]
    held = run("quarantine", "hold", key, "--reason", "sent twice")
    assert held.returncode == 0, held.stderr
    assert "2 lines" in held.stdout
    (listed,) = json.loads(run("quarantine", "list", "--json").stdout)
    assert (listed["pushKey"], listed["reason"]) == (key, "sent twice")
    assert run("quarantine", "drop", key, "--reason", "sent twice").returncode == 0
    told = json.loads(run("trace", f"{made.connection_id}/{made.account_id}", "t-2", "--json").stdout)
    assert told["push"] == key
    assert [(each["state"], each["reason"]) for each in told["feeds"]] == [
        ("skipped", "dropped in quarantine: sent twice")
    ]
    ignored = run("quarantine", "ignore", key)
    assert ignored.stdout.splitlines() == ["listing,bank account,line,date,amount,description,counterparty,reference"]
    again = run("quarantine", "release", key, "--reason", "too late")
    assert (again.returncode, again.stdout) == (1, "")
    assert "not held" in again.stderr
