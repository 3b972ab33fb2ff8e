"""`certify` as a process, against a small bank that makes mistakes on demand: exactly the right items fail."""

import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sage_sandbox.cli import app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BANK = Path(__file__).parent / "small_provider"
SECRET = "a-value-that-no-report-shows"
AT_A_TIME = 3
PATIENCE_S = 120
"""For what is to happen: no test waits it out, because the bank says when it has settled."""
LIFETIME_S = 15
"""Of an authorisation where an old one is tried: many times what a user's visit takes."""

MISTAKES = (
    {
        "altered_redirect": {"S2", "E22", "E23"},
        "not_framed": {"S1"},
        "major_units": {"T10"},
        "missing_header": {"E14"},
        "used_again": {"E20"},
        "ignores_n4": {"E11"},
        "old_list": {"E10"},
    },
    {
        "own_state": {"S2", "E22", "E23"},
        "any_header": {"E14", "E15"},
        "unsigned_balance": {"S3"},
        "sends_known": {"E1"},
        "no_second_attempt": {"E5"},
        "no_pause": {"E3"},
        "other_identifier": {"T14"},
        "two_feeds": {"E12"},
    },
    {
        "second_question_mark": {"E22"},
        "any_token": {"E16", "E17"},
        "token_per_call": {"S6"},
        "no_split": {"E6"},
        "no_wait": {"E8"},
        "misroutes": {"S4"},
        "early_lines": {"E9"},
        "unannounced": {"E18"},
        "silent_cancel": {"E24"},
        "no_recovery": {"E13"},
    },
    {
        "old_host": {"E23"},
        "old_token": {"E17"},
        "other_bank": {"E19"},
        "old_token_again": {"E2"},
        "day_before": {"T12"},
        "new_ids": {"E4", "E5"},
    },
    {"doubles": {"T10"}, "never_asks": {"T11"}},
    {"unsigned_sum": {"E7"}, "old_session": {"E21"}},
    {"one_account": {"T5"}},
)
"""Faults that are made together, and the items that each of them alone makes fail."""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def provider_file(folder, **changes):
    """The small bank's file as it stands, on a free port, run from here."""
    port = free_port()
    file = json.loads((BANK / "provider.json").read_text().replace("8090", str(port)))
    for hook in [file["start"], *file["hooks"].values()]:
        hook["command"] = [sys.executable, str(BANK / hook["command"][1]), *hook["command"][2:]]
        hook["timeoutSeconds"] = PATIENCE_S
    path = folder / "provider.json"
    path.write_text(json.dumps(file | {"deliverySeconds": PATIENCE_S} | changes))
    return path, {"SMALL_BANK_PORT": str(port), "SESSION_SECONDS": str(changes.get("sessionSeconds", 1200))}


def certify(path, *options, **environment):
    command = [sys.executable, "-m", "sage_sandbox", "certify", "--provider", str(path), *options]
    env = {**os.environ, "HEADER_VALUE": SECRET, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=280, check=False)


def run_with(mistakes, folder):
    """The report on a bank that makes these mistakes."""
    lifetime = {"sessionSeconds": LIFETIME_S} if "old_session" in mistakes else {}
    path, more = provider_file(folder, **lifetime)
    done = certify(path, "--port", "0", f"--json={folder / 'json'}", FAULTS=",".join(mistakes), **more)
    assert done.returncode == 1, done.stdout + done.stderr
    return json.loads((folder / "json").read_text())


def check_that_nothing_else_fails(results, expected):
    failed = {each["id"]: f"{each['seen']}, not {each['expected']}" for each in results if each["outcome"] == "failed"}
    assert failed.keys() == expected, {id_: why for id_, why in failed.items() if id_ not in expected}
    for each in results:
        if each["outcome"] == "skipped" and each["id"] != "E21":
            assert each["reason"].startswith(("needs ", "stopped by what ")), each


def outcomes_of(report):
    return {each["id"]: each["outcome"] for each in report["results"]}


def run_without_mistakes(folder):
    path, more = provider_file(folder, sessionSeconds=LIFETIME_S)
    options = [f"--{kind}={folder / kind}" for kind in ("json", "junit", "html")]
    return certify(path, "--port", "0", *options, **more), folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Whole runs, side by side: of the bank without mistakes, and of each group of mistakes."""
    folders = [tmp_path_factory.mktemp("runs") for _ in range(len(MISTAKES) + 1)]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        unbroken = pool.submit(run_without_mistakes, folders.pop())
        broken = list(pool.map(run_with, MISTAKES, folders))
        return unbroken.result(), broken


@pytest.fixture
def unbroken(runs):
    """The end of the command, and the folder with its reports."""
    return runs[0]


@pytest.fixture
def broken(runs):
    """The report on each group of mistakes, by its place."""
    return runs[1]


def test_a_provider_that_does_everything_right_is_certified(unbroken):
    done, folder = unbroken
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "json").read_text())
    assert set(outcomes_of(report).values()) == {"passed"}
    assert {f"T{number}" for number in range(1, 21)} <= set(outcomes_of(report))
    assert all(each["section"] for each in report["results"])
    assert "Small Bank: certified" in done.stdout.splitlines()[-1]


def test_the_reports_tell_the_same_and_no_secret(unbroken):
    done, folder = unbroken
    report = json.loads((folder / "json").read_text())
    suite = ET.fromstring((folder / "junit").read_text())  # noqa: S314 - written by us
    cases = {case.get("name").split()[0]: case for case in suite.iter("testcase")}
    assert set(cases) == set(outcomes_of(report))
    assert suite.get("failures") == "0"
    page = (folder / "html").read_text()
    assert all(f"<td>{id_}</td>" in page for id_ in cases)
    assert "src=" not in page
    assert "http" not in page.replace("https://www.w3.org", "")
    assert SECRET not in done.stdout + done.stderr + page + (folder / "junit").read_text() + json.dumps(report)


@pytest.mark.parametrize(
    ("group", "mistake"), [(at, mistake) for at, group in enumerate(MISTAKES) for mistake in group]
)
def test_a_mistake_makes_its_items_fail(broken, group, mistake):
    results = {each["id"]: each for each in broken[group]["results"]}
    for id_ in MISTAKES[group][mistake]:
        assert results[id_]["outcome"] == "failed", results[id_]
        assert results[id_]["expected"]
        assert results[id_]["seen"]


@pytest.mark.parametrize("group", range(len(MISTAKES)))
def test_nothing_else_fails(broken, group):
    check_that_nothing_else_fails(broken[group]["results"], set().union(*MISTAKES[group].values()))


@pytest.mark.soak
@pytest.mark.parametrize(("mistake", "items"), [pair for group in MISTAKES for pair in group.items()])
def test_a_mistake_made_alone_makes_its_items_fail_and_no_other(tmp_path, mistake, items):
    check_that_nothing_else_fails(run_with([mistake], tmp_path)["results"], items)


def test_what_a_wrong_sum_stops_is_laid_at_the_sums_door(broken):
    at = next(at for at, group in enumerate(MISTAKES) if "unsigned_sum" in group)
    results = {each["id"]: each for each in broken[at]["results"]}
    assert results["T10"]["outcome"] == "skipped"
    assert "EXPECTED_MISMATCH" in results["T10"]["reason"]
    assert results["T12"]["reason"] == "needs T10"


# --- wrong usage


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("{}", "missing required field `name`"),
        ('{"name": "x", "header": {"name": "H", "value": "env:NO_SUCH_VARIABLE"}}', "NO_SUCH_VARIABLE"),
    ],
)
def test_a_file_that_is_wrong_is_told_in_a_line(tmp_path, text, said):
    path = tmp_path / "provider.json"
    path.write_text(text)
    done = certify(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_hook_with_a_wrong_name_is_told_with_its_place(tmp_path):
    path, _ = provider_file(tmp_path)
    file = json.loads(path.read_text())
    file["hooks"]["logon"] = file["hooks"].pop("logIn")
    path.write_text(json.dumps(file))
    done = certify(path)
    assert done.returncode == 2
    assert "hooks" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "T99"], "no item T99"),
        (["--html", "/no/such/folder/report.html"], "cannot write"),
        (["--sandbox", "/no/such/file"], "No such file"),
    ],
)
def test_wrong_options_are_told(tmp_path, options, said):
    path, more = provider_file(tmp_path)
    done = certify(path, *options, **more)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_provider_that_is_not_there_is_wrong_usage(tmp_path):
    path, more = provider_file(tmp_path)
    file = json.loads(path.read_text())
    del file["start"]
    path.write_text(json.dumps(file))
    done = certify(path, "--port", "0", **more)
    assert done.returncode == 2
    assert "no provider answers" in done.stderr


def test_a_port_that_is_taken_is_wrong_usage(tmp_path):
    path, more = provider_file(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = certify(path, "--port", str(taken.getsockname()[1]), **more)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot listen" in done.stderr


def test_the_plan_is_shown_and_not_tried(tmp_path):
    path, _ = provider_file(tmp_path)
    done = certify(path, "--plan", "--only", "T9")
    assert done.returncode == 0
    ids = [line.split()[0] for line in done.stdout.splitlines()]
    assert ids == ["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9"]


def hook_that(tmp_path, code, **more):
    path, environment = provider_file(tmp_path)
    file = json.loads(path.read_text())
    file["hooks"]["logIn"] = {"command": [sys.executable, "-c", code], **more}
    path.write_text(json.dumps(file))
    report = tmp_path / "report.json"
    done = certify(path, "--port", "0", "--only", "T5", "--json", str(report), **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    return next(each for each in json.loads(report.read_text())["results"] if each["id"] == "T5")


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import sys; sys.exit('the browser crashed')", "exit code 1: the browser crashed"),
        ("import sys; sys.stderr.write('no such user'); sys.exit(3)", "refused: no such user"),
        ("print('done')", "printed no JSON object"),
    ],
)
def test_a_hook_that_fails_is_named_with_its_words(tmp_path, code, seen):
    found = hook_that(tmp_path, code)
    assert found["outcome"] == "failed"
    assert "hook logIn" in found["seen"]
    assert seen in found["seen"]


def test_a_hook_that_does_not_end_is_ended(tmp_path):
    found = hook_that(tmp_path, "import time; time.sleep(600)", timeoutSeconds=1)
    assert "not done within 1 s" in found["seen"]


def test_a_part_of_the_plan_certifies_nobody(tmp_path):
    path, more = provider_file(tmp_path)
    done = certify(path, "--port", "0", "--only", "T4", **more)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Small Bank: passed what was tried; 4 passed, 0 failed, 0 skipped" in done.stdout


def test_a_provider_that_cannot_tell_when_it_has_settled_is_given_time(tmp_path):
    path, more = provider_file(tmp_path)
    file = json.loads(path.read_text())
    del file["hooks"]["settle"]
    path.write_text(json.dumps(file))
    report = tmp_path / "report.json"
    done = certify(path, "--port", "0", "--only", "E8,S4", "--json", str(report), **more)
    assert done.returncode == 0, done.stdout + done.stderr
    seconds = {each["id"]: each["seconds"] for each in json.loads(report.read_text())["results"]}
    assert seconds["S4"] >= file["quietSeconds"]


def test_the_plan_is_shown_without_a_provider_and_nothing_is_tried_without_one(capsys):
    with pytest.raises(SystemExit, match="0"):
        app(["certify", "--plan", "--only", "T3"])
    told = capsys.readouterr().out
    assert re.search(r"^T3 +\S.*\(.+\)$", told, re.MULTILINE)
    with pytest.raises(SystemExit, match="2"):
        app(["certify"])
    assert "--provider: name the file" in capsys.readouterr().err
