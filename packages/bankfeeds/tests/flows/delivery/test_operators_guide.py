"""The operators' guide: every command as it stands, in order, by the program itself, while the worker goes on beside it.

And what the command line refuses: with one clear line, exit code 1 for what cannot be done, 2 for what was said wrongly.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from guides import following

from bankfeeds import cli

from ... import worlds
from .operators import ids, park

PAGE = (Path(__file__).parents[5] / "docs/guides/operate-feeds.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
CHANGING = [
    ["feeds", "resume", "ba-1"],
    ["feeds", "skip", "ba-1", "--line", "t-3"],
    ["feeds", "resend", "ba-1", "--from", "t-1"],
    ["pause"],
    ["resume"],
    ["accounts", "reauthorise", "ext-acc-001"],
    ["listings", "confirm", "default", "--unit", "minor", "--evidence", "a letter"],
]

on_sqlite = pytest.mark.parametrize("make_platform", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("make_platform", ["sqlite", "postgresql"], indirect=True)


def verb(platform: Any, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BANKFEEDS_")}
    own = {"BANKFEEDS_DATABASE_URL": platform.url, "BANKFEEDS_SECRET_KEY": "k" * 40, "COLUMNS": "250"}
    return subprocess.run(
        [sys.executable, "-m", "bankfeeds", *arguments],
        env={**kept, **own, **more}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@on_sqlite
@pytest.mark.slow
def test_every_command_of_the_guide_works_in_order(platform: Any, make_lines: Any) -> None:
    platform.clock.now = datetime.now(UTC)  # the program goes by the real one
    park(platform, make_lines)
    with following("docs/guides/operate-feeds.md", "console") as guide:
        for command in guide.steps():
            name, *arguments = shlex.split(command)
            assert name == "bankfeeds"
            done = verb(platform, *arguments)
            assert done.returncode == (1 if arguments == ["doctor"] else 0), command + done.stdout + done.stderr
            if arguments == ["doctor"]:
                pattern = re.escape(SHOWN[0]).replace("…", ".*")
                assert re.fullmatch(pattern, done.stdout), done.stdout
            if "resend" in arguments:
                platform.sage.stored["ba-1"] = [line for line in ids(7) if line != "t-3"]
            platform.run()
    assert platform.sage.stored["ba-1"] == ["t-1", "t-2", *ids(7, first=4)]
    assert platform.sage.statuses["ba-1"][-1] == "authRequired"


@on_both
@pytest.mark.slow
def test_programs_read_json(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    listed = json.loads(verb(platform, "feeds", "list", "--parked", "--json").stdout)
    assert [(feed["bankAccountId"], feed["status"], feed["linesWaiting"]) for feed in listed] == [("ba-1", "parked", 8)]
    shown = json.loads(verb(platform, "feeds", "show", str(listed[0]["number"]), "--json").stdout)
    assert (shown["parkedLine"], shown["cursor"], shown["marks"]) == ("t-3", 2, [])
    assert shown["statements"][0]["refusal"] == "SCHEMA_INVALID"
    assert "feeds resume ba-1" in shown["nextStep"]
    done = verb(platform, "doctor", "--json")
    health = json.loads(done.stdout)
    assert (done.returncode, health["well"], len(health["parked"])) == (1, False, 1)
    assert health["oldestWaitingSeconds"]["default"] > 0


@on_sqlite
@pytest.mark.slow
def test_the_doctor_finds_a_working_platform_well(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines("2026-02-01"))
    platform.run()
    done = verb(platform, "doctor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "well\n", "")
    verb(platform, "pause", "--reason", "maintenance")
    paused = verb(platform, "doctor")
    assert paused.returncode == 0
    assert re.match(r"paused platform:all since .* by operator:.*: maintenance\nwell\n", paused.stdout)
    strict = verb(platform, "doctor", BANKFEEDS_ENVIRONMENT="production")
    assert strict.returncode == 1
    assert "UNCONFIRMED listing default delivers nothing" in strict.stdout


@on_sqlite
@pytest.mark.slow
def test_what_cannot_be_done_is_told_in_one_line_and_changes_nothing(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    refused = [
        (["feeds", "show", "ba-9"], "there is no feed ba-9; `bankfeeds feeds list` shows them"),
        (["feeds", "skip", "ba-1", "--line", "t-4", "--reason", "x"], "feed ba-1 is parked at line t-3, not at t-4"),
        (["feeds", "resume", "ba-1", "--reason", " "], "reason: say why, in 1 to 1000 characters"),
        (["resume", "--reason", "x"], "platform:all is not paused; paused: nothing"),
        (["accounts", "reauthorise", "nobody", "--reason", "x"], "there is no account nobody"),
    ]
    assert verb(platform, "feeds", "list").returncode == 0  # the first start of all writes down which secret key it has
    before = worlds.everything(platform.world)
    for arguments, words in refused:
        done = verb(platform, *arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        (line,) = done.stderr.splitlines()
        assert line.startswith(words)
    assert worlds.everything(platform.world) == before


@pytest.mark.parametrize("arguments", CHANGING, ids=" ".join)
def test_a_change_without_a_reason_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == cli.WRONG
    assert "--reason" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["pause", "--listing", "a", "--company", "b", "--reason", "x"],
        ["resume", "--account", "", "--reason", "x"],
        ["feeds", "skip", "ba-1", "--reason", "x"],
        ["feeds", "resend", "ba-1", "--reason", "x"],
        ["listings", "confirm", "uk", "--reason", "x"],
        ["listings", "confirm", "uk", "--unit", "minor", "--reason", "x"],
        ["listings", "confirm", "uk", "--withdraw", "--unit", "minor", "--evidence", "y", "--reason", "x"],
        ["listings", "confirm", "uk", "--unit", "pence", "--evidence", "y", "--reason", "x"],
    ],
    ids=" ".join,
)
def test_what_is_said_wrongly_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == cli.WRONG
    assert len(capsys.readouterr().err.splitlines()) == 1


@on_sqlite
@pytest.mark.slow
def test_a_database_that_does_not_answer_is_told_in_one_line(platform: Any) -> None:
    done = verb(platform, "doctor", BANKFEEDS_DATABASE_URL="postgresql://127.0.0.1:1/nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "the database does not answer; try again"
    assert "Traceback" not in done.stderr
