"""`bankfeeds webhooks`: the life of a consumer from the command line, and what is wrong told in one line."""

import json
import os

import pytest

from bankfeeds.cli import opening, run
from bankfeeds.domain.webhook import CATALOGUE, NEVER_SENT
from bankfeeds.flows import companies
from bankfeeds.flows.companies import CompanyDraft

from ..webhooks.receiving import is_settled, receiving, sending, until

URL = "https://bank.example/hook"


@pytest.fixture(autouse=True)
def _database(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BANKFEEDS_DATABASE_URL", f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv("BANKFEEDS_LOG_LEVEL", "error")
    monkeypatch.setenv("BANKFEEDS_WEBHOOK_PRIVATE_TARGETS", "on")


def told(capsys, *arguments):
    capsys.readouterr()
    assert run(["webhooks", *arguments]) == 0
    return capsys.readouterr().out


def told_json(capsys, *arguments):
    return json.loads(told(capsys, *arguments, "--json"))


def test_a_consumer_is_made_changed_and_removed(capsys):
    given = ["--event", "company.created", "--event", "company.deleted", "--tag", "region:uk", "--header", "x-a: b: c"]
    made = told(capsys, "add", URL, *given).strip()
    shown = told_json(capsys, "show", made)
    assert (shown["eventTypes"], shown["companyTags"]) == (["company.created", "company.deleted"], ["region:uk"])
    assert shown["headers"] == ["x-a"]
    assert "b: c" not in json.dumps(shown)
    assert [each["id"] for each in told_json(capsys, "list")] == [made]
    first = told(capsys, "secret", made).split()
    new = told(capsys, "rotate", made).strip()
    assert told(capsys, "secret", made).split() == [new, *first]
    told(capsys, "change", made, "--disable", "--event", "connection.created", "--tag", "", "--reason", "maintenance")
    shown = told_json(capsys, "show", made)
    assert (shown["isDisabled"], shown["eventTypes"], shown["companyTags"]) == (True, ["connection.created"], [])
    assert shown["disabledCause"] == "disabled by hand"
    assert "disabled" in told(capsys, "list")
    told(capsys, "change", made, "--enable")
    assert not told_json(capsys, "show", made)["isDisabled"]
    told(capsys, "remove", made)
    assert told_json(capsys, "list") == []


def test_events_are_tested_logged_resent_recovered_and_replayed(capsys):
    with receiving() as receiver:
        made = told(capsys, "add", receiver.url, "--event", "company.created").strip()
        event_id = told(capsys, "test", made).strip()
        with opening.world() as world, sending(world):
            until(lambda: is_settled(world, made))
            told(capsys, "resend", made, event_id)
            until(lambda: len(receiver.got) == 2 and is_settled(world, made))
            told(capsys, "change", made, "--disable")
            companies.create(world, "test", CompanyDraft("Harbour Bakery Ltd", None, None))
            until(lambda: len(told_json(capsys, "log", made, "--status", "missed")) == 1)
            told(capsys, "change", made, "--enable")
            assert told(capsys, "replay", made, "--since", "1h") == "1 events are on their way\n"
            until(lambda: len(receiver.got) == 3 and is_settled(world, made))
            assert told(capsys, "recover", made, "--since", "2026-01-01") == "0 events are on their way again\n"
    assert [each["status"] for each in told_json(capsys, "log", made)] == ["success", "success"]
    one = told_json(capsys, "log", made, event_id)
    assert [each["statusCode"] for each in one["made"]] == [200, 200]
    assert one["body"] == receiver.got[0].json
    assert "Success" in told(capsys, "log", made)
    assert "company.created" in told(capsys, "log", made, event_id)


def test_every_event_that_is_sent_has_a_sample(capsys):
    assert {each["eventType"] for each in told_json(capsys, "events")} == set(CATALOGUE)
    for each in set(CATALOGUE) - set(NEVER_SENT):
        sample = json.loads(told(capsys, "events", each))
        assert sample.get("eventType", each) == each


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["add", URL], 1, "eventTypes: is empty"),
        (["add", "http://169.254.169.254/", "--event", "company.created"], 1, "url: is an address inside"),
        (["add", URL, "--event", "company.created", "--header", "nothing"], 2, "write name: value"),
        (["add", URL, "--event", "company.created", "--header", "svix-id: 1"], 1, "is set by us"),
        (["show", "nobody"], 1, "Webhook consumer nobody was not found"),
        (["change", "nobody", "--enable", "--disable"], 2, "--enable or --disable"),
        (["recover", "nobody", "--since", "yesterday"], 2, "--since 'yesterday'"),
        (["events", "no.such"], 2, "is no event type"),
        (["events", "read.completed"], 2, "never sent"),
        (["log", "nobody"], 1, "was not found"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments, code, words, capsys):
    assert run(["webhooks", *arguments]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
