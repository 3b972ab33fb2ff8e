"""`bankfeeds import-codat` and `accounts cut-over` as operators run them."""

import io
import json
import os

import pytest

from bankfeeds.cli import opening, run
from bankfeeds.flows import source_accounts

from .conftest import customers

RELINK = (
    "linked there: 1 accounts on 1 connections; their users have to link them again, here: "
    "Sage's side of the link is that server's"
)
CUT_OVER = ("--cut-over", "2026-02-10")


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CODAT_API_KEY", raising=False)
    monkeypatch.setenv("BANKFEEDS_DATABASE_URL", f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv("BANKFEEDS_LOG_LEVEL", "error")


def account(made):
    with opening.world() as world:
        return source_accounts.get(world, made.company_id, made.connection_id, made.account_id)


def test_the_key_comes_from_the_environment_and_the_report_is_for_people(move, monkeypatch, capsys):
    bakery, *_ = customers(move.theirs)
    monkeypatch.setenv("CODAT_API_KEY", move.key)
    assert run(["import-codat", move.url, *CUT_OVER, "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("--dry-run: nothing was done\n")
    assert run(["import-codat", move.url, *CUT_OVER]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "3 of 3 companies looked at",
        "companies: 3 brought over",
        "connections: 3 brought over",
        "accounts: 4 brought over",
        f"connection {bakery.company_id}/{bakery.connection_id}: brought over: Linked there, PendingAuth here",
        RELINK,
    ]
    assert move.key not in told.out + told.err
    assert account(bakery).cut_over_on.isoformat() == "2026-02-10"


def test_the_key_comes_from_standard_input_and_the_report_is_for_programs(move, monkeypatch, capsys):
    bakery, *_ = customers(move.theirs)
    monkeypatch.setattr("sys.stdin", io.StringIO(move.key + "\n"))
    assert run(["import-codat", move.url, "--cut-over", "none", "--company", bakery.company_id, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["whole"], report["counts"]["accounts"]["new"], report["counts"]["companies"]["new"]) == (True, 2, 1)
    assert report["relink"] == [
        {
            "companyId": bakery.company_id,
            "companyName": "Harbour Bakery",
            "connectionId": bakery.connection_id,
            "accountIds": ["acc-001"],
        }
    ]
    assert account(bakery).cut_over_on is None


def test_a_server_that_cannot_be_read_is_exit_code_1(move, monkeypatch, capsys):
    monkeypatch.setenv("CODAT_API_KEY", "nobody")
    assert run(["import-codat", move.url, *CUT_OVER]) == 1
    assert "stopped: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import-codat", "http://api.codat.io", *CUT_OVER], 1, "must be https"),
        (["import-codat", "https://api.codat.io"], 2, "--cut-over"),
        (["import-codat", "https://api.codat.io", "--cut-over", "soon"], 2, "write a day such as"),
        (["import-codat", "https://api.codat.io", *CUT_OVER], 2, "set CODAT_API_KEY"),
        (["accounts", "cut-over", "x/y", "--on", "2026-02-30", "--reason", "r"], 2, "write a day such as"),
        (["accounts", "cut-over", "x/y", "--on", "none", "--reason", "r"], 1, "there is no account x/y"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments, code, words, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(arguments) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_the_cut_over_of_one_account_is_set_and_taken_away(move, monkeypatch, capsys):
    bakery, *_ = customers(move.theirs)
    monkeypatch.setenv("CODAT_API_KEY", move.key)
    run(["import-codat", move.url, *CUT_OVER])
    name = f"{bakery.connection_id}/acc-001"
    capsys.readouterr()
    assert run(["accounts", "cut-over", name, "--on", "2026-03-01", "--reason", "asked for a later day"]) == 0
    assert capsys.readouterr().out == f"{name}: lines dated before 2026-03-01 are never sent from here\n"
    assert account(bakery).cut_over_on.isoformat() == "2026-03-01"
    assert run(["accounts", "cut-over", name, "--on", "none", "--reason", "never was at Codat"]) == 0
    assert account(bakery).cut_over_on is None
