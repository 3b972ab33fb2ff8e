"""What the command line says of wrong usage: one line, exit code 2, nothing started."""

import os

import pytest

from bankfeeds.cli import run


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serv"], "serve"),
        (["serve", "--port", "80a"], "80a"),
        (["serve", "--port", "65536"], "65535"),
        (["serve", "--role", "king"], "king"),
        (["keys", "revoke"], "--key-id"),
        (["keys", "create", "--colour", "red"], "--colour"),
        (["listings", "update", "uk", "name"], "name"),
        (["demo", "--statement"], "--statement"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, words, capsys):
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert words in told.err


@pytest.mark.parametrize("verb", [["serve"], ["migrate"], ["keys", "list"], ["listings", "list", "--json"]])
def test_a_wrong_setting_stops_every_verb_with_its_line(verb, capsys, monkeypatch):
    monkeypatch.setenv("BANKFEEDS_PORT", "80a")
    assert run(verb) == 2
    assert capsys.readouterr().err == 'BANKFEEDS_PORT: "80a" is not a whole number from 0 to 65535\n'


def test_a_broken_statement_is_refused_before_anything_starts(tmp_path, capsys):
    file = tmp_path / "bomb.xml"
    file.write_text('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    assert run(["demo", "--once", "--statement", str(file)]) == 1
    told = capsys.readouterr()
    assert told.out.strip() == "The bank statement: bomb.xml"
    assert told.err.startswith("bomb.xml, line 1: ")
    assert "DOCTYPE" in told.err


def test_assumptions_are_listed_for_people_and_programs(capsys):
    assert run(["assumptions", "--json"]) == 0
    assert '"risk"' in capsys.readouterr().out
    assert run(["assumptions"]) == 0
    assert "if it is wrong" in capsys.readouterr().out


def test_the_page_of_assumptions_is_only_written_in_the_repository(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["assumptions", "--write"]) == 2
    (tmp_path / "docs/explanation").mkdir(parents=True)
    assert run(["assumptions", "--write"]) == 0
    assert (tmp_path / "docs/explanation/what-we-assume-of-sage.md").read_text().startswith("# What we assume of Sage")
    assert "docs/explanation" in capsys.readouterr().out
