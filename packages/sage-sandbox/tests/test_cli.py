"""The commands, as processes."""

import json
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from sage_sandbox.signature import sign

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "sage_sandbox"]


def run(*arguments):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def served(tmp_path):
    """A sandbox process on a free port, its first line, its details file."""
    path = tmp_path / "details.json"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--details", str(path)], stdout=subprocess.PIPE, text=True
    )
    line = process.stdout.readline()
    yield process, line, path
    process.kill()
    process.wait()
    process.stdout.close()


def test_serve_says_where_it_is_and_writes_its_details(served):
    process, line, path = served
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["details.json"]
    details = json.loads(path.read_text())
    assert list(details) == ["sandbox"]
    assert set(details["sandbox"]) == {
        "consumerUrl",
        "providerUrl",
        "cloudIdUrl",
        "jwksUrl",
        "uiUrl",
        "adminUrl",
        "xApplication",
        "applicationSigningKey",
        "bankId",
        "providerApiKey",
        "clientId",
        "clientSecret",
        "audience",
        "regions",
    }
    assert set(details["sandbox"].pop("regions")) == {"eu", "us"}
    assert details["sandbox"]["consumerUrl"].endswith("/api/v1")
    assert not any(value.endswith("/") for value in details["sandbox"].values())
    for name in ("providerUrl", "cloudIdUrl", "consumerUrl", "uiUrl", "adminUrl"):
        assert details["sandbox"][name] in line
    assert httpx2.get(f"{details['sandbox']['adminUrl']}/admin/verdict").json()["clean"] is True
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


@pytest.mark.parametrize("action", ["cut_before", "cut_after"])
def test_connections_are_cut_under_the_servers_own_loop_too(served, action):
    _, _, path = served
    url = json.loads(path.read_text())["sandbox"]["consumerUrl"]
    httpx2.post(
        f"{url.removesuffix('/consumer/api/v1')}/admin/faults", json={"on": "GET /banks", "action": action, "times": 1}
    ).raise_for_status()
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{url}/banks", headers={"x-application": "sage.uk.x"})
    assert httpx2.get(f"{url}/banks", headers={"x-application": "sage.uk.x"}).status_code == 200


def test_behind_a_proxy_addresses_and_signatures_are_of_the_public_url(tmp_path):
    path = tmp_path / "details.json"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("serve", "--port", str(port), "--details", str(path), "--public-url", "https://sage.example/")
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert "https://sage.example/papi" in process.stdout.readline()
            details = json.loads(path.read_text())["sandbox"]
            url = f"{details['consumerUrl']}/organisations"
            assert url == "https://sage.example/consumer/api/v1/organisations"
            body = b'{"company":{"name":"x"},"crmId":"1","user":{"emailAddress":"x@example.com"}}'
            headers = {
                "x-application": details["xApplication"],
                "x-nonce": "n",
                "x-signature": sign("POST", url, body, "n", details["applicationSigningKey"]),
            }
            local = url.replace("https://sage.example", f"http://127.0.0.1:{port}")
            assert httpx2.post(local, content=body, headers=headers).status_code == 201
        finally:
            process.kill()


def test_serve_ends_at_an_interrupt(served):
    process, _, _ = served
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0


def test_verdict_tells_a_clean_sandbox_from_one_that_is_not(wired, account, make):
    url = wired.details["adminUrl"]
    wired.deliver(account, [make.line("a")])
    clean = run("verdict", "--url", url)
    assert (clean.returncode, clean.stderr) == (0, "")
    assert "clean" in clean.stdout
    wired.admin(
        "POST",
        "/expectations",
        {"accounts": [{"externalId": "ext-1", "lines": [{"uniqueId": "b", "amount": 1, "date": "2026-03-02"}]}]},
    )
    guilty = run("verdict", "--url", url)
    assert guilty.returncode == 1
    assert "lost 1" in guilty.stdout
    assert "NOT CLEAN" in guilty.stdout
    assert json.loads(run("verdict", "--url", url, "--json").stdout)["clean"] is False


def test_faults_are_scripted_from_the_command_line(wired):
    url = ("--url", wired.details["adminUrl"])
    added = run("faults", "add", "GET /v1/banks", "status", "--status", "503", "--times", "1", *url)
    assert (added.returncode, added.stderr) == (0, "")
    assert [wired.papi("GET", "/v1/banks").status_code for _ in range(2)] == [503, 200]
    scripted = run("faults", "add", "POST /v1/sync", "--script", "pass, status:418", *url)
    assert [wired.papi("POST", "/v1/sync", {}).status_code for _ in range(2)] == [400, 418]
    listed = run("faults", "list", *url).stdout.splitlines()
    assert listed == [
        f"{added.stdout.strip()}  GET /v1/banks  status  struck 1 of 1",
        f"{scripted.stdout.strip()}  POST /v1/sync  pass,status:418  struck 1",
    ]
    assert run("faults", "clear", added.stdout.strip(), *url).returncode == 0
    shown = json.loads(run("faults", "list", "--json", *url).stdout)
    assert [f["faultId"] for f in shown] == [scripted.stdout.strip()]
    assert run("faults", "clear", *url).returncode == 0
    assert wired.admin("GET", "/faults") == []


def test_the_commands_of_the_page_of_faults_run(wired):
    page = (Path(__file__).parents[3] / "docs/reference/sandbox-faults.md").read_text()
    commands = re.findall(r"^sage-sandbox (faults .*)$", page, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        result = run(*shlex.split(command), "--url", wired.details["adminUrl"])
        assert (result.returncode, result.stderr) == (0, ""), command
        if command == "faults list":
            assert result.stdout.count("\n") == 3
    assert wired.admin("GET", "/faults") == []


def test_a_fault_without_effect_is_refused_with_exit_code_1(wired):
    url = ("--url", wired.details["adminUrl"])
    for arguments in (("add", "N1", "explode"), ("add", "N1"), ("clear", "nothing")):
        refused = run("faults", *arguments, *url)
        assert refused.returncode == 1
        assert refused.stderr.startswith("sage-sandbox: ")
        assert refused.stderr.count("\n") == 1
    assert wired.admin("GET", "/faults") == []
    assert run("faults", "list", "--url", "http://127.0.0.1:1").returncode == 2


def test_the_clock_is_told_and_moved_from_the_command_line(sandbox):
    url = ("--url", sandbox.details["adminUrl"])
    moved = run("clock", "--advance", "86400.5", *url)
    assert (moved.returncode, moved.stderr) == (0, "")
    assert moved.stdout.endswith("  advanced 86400.5 s\n")
    assert sandbox.admin("GET", "/clock")["advancedSeconds"] == Decimal("86400.5")
    back = run("clock", "--advance", "-1", *url)
    assert back.returncode == 1
    assert back.stderr.startswith("sage-sandbox: advanceSeconds: ")
    told = run("clock", *url).stdout
    assert told.endswith("  advanced 86400.5 s\n")
    assert datetime.fromisoformat(told.split()[0]) > datetime.now(UTC) + timedelta(hours=23)


def test_verdict_without_a_sandbox_is_wrong_usage():
    result = run("verdict", "--url", "http://127.0.0.1:1")
    assert result.returncode == 2
    assert result.stderr.startswith("sage-sandbox: no verdict from http://127.0.0.1:1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "many"),
        ("serve", "--port", "70000"),
        ("serve", "--colour", "blue"),
        ("serve", "--public-url", "sage.example"),
        ("serve", "--host", "198.51.100.1"),
        ("serve", "--data", "/nowhere/at/all"),
        ("serve", "--wiring", "/nowhere/at/all"),
        ("serve", "--details", "/nowhere/at/all", "--port", "0"),
        ("clock", "--advance", "nan"),
        ("brew",),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_code_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("sage-sandbox: ")
    assert result.stderr.count("\n") == 1


def test_a_taken_port_is_told_of(sandbox):
    port = sandbox.details["adminUrl"].rsplit(":", 1)[1]
    result = run("serve", "--port", port)
    assert result.returncode == 2
    assert port in result.stderr


def test_help_is_help():
    result = run("--help")
    assert result.returncode == 0
    assert "serve" in result.stdout
