"""What was recorded of calls with Sage names nobody, and is what the sandbox answers; by the guide's own commands."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from bank_lines import days_ago, make_lines
from guides import following
from institutions import Customer
from processes import clean_environment, run
from sage_users import SageCompany
from systems import BIN, System, running

pytestmark = pytest.mark.slow


def recorded(system: System, path: Path) -> tuple[SageCompany, str]:
    """A customer's first days with the platform recording: linked, sent lines, asked again, gone."""
    system.fresh(processingMs=300)
    system.stop_platform()
    system.serve_as = ("record", str(path))
    system.restart_platform()
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    bank_account = sage.link(customer, start_on=days_ago(2))
    customer.wait_account("connected")
    customer.follow(customer.push(make_lines(30, days=3)))
    return sage, bank_account


def diff(path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [str(BIN / "sage-sandbox"), "diff", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_transcript_names_nobody_and_the_sandbox_finds_itself_in_it(tmp_path: Path) -> None:
    path = tmp_path / "transcript.jsonl"
    with following("docs/guides/go-live.md", "console") as guide, running(tmp_path) as system:
        sage, bank_account = recorded(system, path)
        external_id = sage.external_id(bank_account)
        secret = system.details["clientSecret"]
        for command in guide.steps():
            program, *arguments = shlex.split(command)
            if arguments[:1] in (["record"], ["diff"]):
                assert arguments[1] == path.name  # what this test is about
                continue
            asked = arguments[: arguments.index(">")] if ">" in arguments else arguments
            told = run([str(BIN / program), *asked], system.settings)
            assert told or arguments[:2] == ["listings", "confirm"], arguments
        system.stop_platform()
        system.serve_as = ("serve",)
        system.restart_platform()

    text = path.read_text(encoding="utf-8")
    calls = [json.loads(line) for line in text.splitlines()[1:]]
    for told in (bank_account, external_id, secret, system.header_value, system.details["providerApiKey"]):
        assert told not in text
    assert {(call["by"], call["method"]) for call in calls} >= {
        ("provider", "POST"),
        ("provider", "PATCH"),
        ("provider", "GET"),
        ("sage", "POST"),
        ("sage", "GET"),
    }
    lines = [
        line
        for call in calls
        for line in ((call["request"].get("json") or {}).get("data") or {}).get("transactionDetails", [])
    ]
    assert len(lines) > 10
    assert all(set(str(abs(line["transactionAmount"]))) <= {"1", "."} for line in lines)
    assert {line["datePosted"][:10] for line in lines} >= {days_ago(1)}

    same = diff(path)

    assert same.returncode == 0, same.stdout + same.stderr
    assert "POST /v1/statements " in same.stdout
    assert "differs" not in same.stdout

    spoilt = text.replace('"status":201', '"status":202').replace('"_id":', '"id":')
    path.write_text(spoilt, encoding="utf-8")
    other = diff(path, "--json")
    assert other.returncode == 1
    found = json.loads(other.stdout)["differences"]
    assert any("Sage" in line for line in found["POST /v1/statements"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no call in it"),
        ('{"transcript": 2}\n', "line 1: transcript 2 is not known here, 1 is"),
        ('{"transcript": 1}\n{"by": "bank", "method": "GET", "path": "/"}\n', "line 2: Invalid enum value 'bank'"),
        ('{"transcript": 1}\nnot json\n', "line 2: "),
    ],
)
def test_what_is_no_transcript_is_refused_with_the_line_at_fault(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "transcript.jsonl"
    path.write_text(text, encoding="utf-8")

    done = diff(path)

    assert done.returncode == 2
    assert done.stderr.startswith(f"sage-sandbox: {path}: {told}")


def test_a_transcript_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "transcript.jsonl"
    path.write_text("mine", encoding="utf-8")
    command = [sys.executable, "-m", "bankfeeds", "record", str(path), "--port", "0"]
    settings = {"BANKFEEDS_DATABASE_URL": f"sqlite:///{tmp_path / 'platform.db'}"}

    done = subprocess.run(
        command, env=clean_environment(settings), capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 1
    assert done.stderr.strip().endswith("there is such a file already; name another")
    assert path.read_text(encoding="utf-8") == "mine"
