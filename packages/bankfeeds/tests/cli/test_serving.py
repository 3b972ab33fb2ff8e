"""`bankfeeds serve` as a process of its own: one to a SQLite file, requests finished at the end, verbs beside it."""

import base64
import contextlib
import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import httpx2
import pytest

pytestmark = pytest.mark.slow
START_S = 30


def environment(directory, more):
    kept = {name: text for name, text in os.environ.items() if not name.startswith("BANKFEEDS_")}
    return {**kept, "BANKFEEDS_DATABASE_URL": f"sqlite:///{directory}/own.db", **more}


def verb(directory, *arguments, stdin="", **more):
    return subprocess.run(
        [sys.executable, "-m", "bankfeeds", *arguments],
        env=environment(directory, more), input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@contextlib.contextmanager
def serving(directory, *arguments, **more):
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bankfeeds", "serve", "--port", "0", *arguments],
            env=environment(directory, more), stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_S)
        assert ready
        line = process.stdout.readline().decode()
        assert line.startswith("Bankfeeds serves http://127.0.0.1:"), (directory / "log").read_text()
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_answers_and_ends_with_0_on_either_signal(tmp_path):
    for number in (signal.SIGTERM, signal.SIGINT):
        with serving(tmp_path) as (process, address):
            assert httpx2.get(f"{address}/livez").text == "alive"
            assert httpx2.get(f"{address}/readyz").status_code == 200
            unknown = httpx2.get(f"{address}/nothing")
            assert unknown.status_code == 404
            assert unknown.json()["statusCode"] == 404
            assert unknown.headers["x-content-type-options"] == "nosniff"
            process.send_signal(number)
            assert process.wait(20) == 0


def test_a_request_in_progress_is_finished_before_it_ends(tmp_path):
    with serving(tmp_path) as (process, address):
        key = verb(tmp_path, "keys", "create").stdout.strip()
        host, port = address.removeprefix("http://").split(":")
        body = b'{"name": "Slow Bakery"}'
        authorization = base64.b64encode(key.encode()).decode()
        head = f"POST /companies HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(head.encode() + body[:5])
            httpx2.get(f"{address}/livez")  # the server has read what was sent before this was answered
            process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx2.TransportError):  # refused, or taken by the system and dropped by us
                    httpx2.get(f"{address}/livez")
                    continue
                break
            client.sendall(body[5:])
            answer = client.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200")
        assert process.wait(20) == 0


def test_a_second_one_on_the_same_file_is_refused_and_the_lock_dies_with_its_holder(tmp_path):
    with serving(tmp_path) as (process, _):
        second = verb(tmp_path, "serve", "--port", "0")
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr.splitlines()[-1].startswith(
            f"{tmp_path}/own.db is already served by process {process.pid};"
        )
        process.kill()
        process.wait()
    with serving(tmp_path):
        pass


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = verb(tmp_path, "serve", "--port", port)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert "Traceback" not in done.stderr


def test_roles_are_split_on_postgresql_only(tmp_path):
    done = verb(tmp_path, "serve", "--role", "api", "--role", "sage")
    assert done.returncode == 2
    assert done.stderr.startswith("--role: SQLite serves one process")


def test_production_migrates_nothing_by_itself(tmp_path):
    production = {"BANKFEEDS_ENVIRONMENT": "production", "BANKFEEDS_SECRET_KEY": "k" * 40}
    refused = verb(tmp_path, "serve", "--port", "0", **production)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        1,
        "the database has not the schema of this program; run `bankfeeds migrate`",
    )
    assert verb(tmp_path, "migrate", "--reason", "first", **production).stdout == "migrated\n"
    assert verb(tmp_path, "migrate", **production).stdout == "already up to date\n"
    with serving(tmp_path, **production) as (_, address):
        assert httpx2.get(f"{address}/readyz").text == "ready"


def test_a_directory_that_is_not_there_is_told_in_one_line(tmp_path):
    done = verb(tmp_path / "nowhere", "keys", "list")
    assert done.returncode == 2
    assert done.stderr == f"BANKFEEDS_DATABASE_URL: there is no directory {tmp_path}/nowhere\n"


def test_keys_are_made_listed_and_revoked_beside_the_server_and_each_is_audited(tmp_path):
    with serving(tmp_path) as (_, address):
        made = verb(tmp_path, "keys", "create", "ledger", "--reason", "a new program")
        key = made.stdout.strip()
        assert made.stdout == f"{key}\n"
        headers = {"authorization": "Basic " + base64.b64encode(key.encode()).decode()}
        assert httpx2.get(f"{address}/companies", headers=headers).status_code == 200
        (listed,) = json.loads(verb(tmp_path, "keys", "list", "--json").stdout)
        assert listed["name"] == "ledger"
        assert listed["live"] is True
        assert key not in json.dumps(listed)
        assert "ledger" in verb(tmp_path, "keys", "list").stdout
        assert verb(tmp_path, "keys", "revoke", listed["id"], "--reason", "leaked").returncode == 0
        assert httpx2.get(f"{address}/companies", headers=headers).status_code == 403
    with contextlib.closing(sqlite3.connect(tmp_path / "own.db")) as database:
        rows = database.execute("SELECT action, reason FROM audit ORDER BY pk").fetchall()
    assert rows == [("api_key.create", "a new program"), ("api_key.revoke", "leaked")]


def test_listings_are_added_shown_changed_and_removed(tmp_path):
    options = {
        "--name": "Harbour Bank", "--region": "eu", "--country": "GBR", "--url": "https://bank.example",
        "--provider-url": "https://papi.example", "--token-url": "https://id.example/oauth/token",
        "--client-id": "c", "--audience": "a", "--header-name": "X-Bank-Key", "--reason": "go live",
    }  # fmt: skip
    flat = [part for pair in options.items() for part in pair]
    secrets = "client-secret\napi-key\nheader-value\n"
    assert verb(tmp_path, "listings", "add", "uk", *flat, stdin="one\n").returncode == 2
    assert verb(tmp_path, "listings", "add", "uk", *flat, stdin=secrets).returncode == 0
    again = verb(tmp_path, "listings", "add", "uk", *flat, stdin=secrets)
    assert (again.returncode, again.stderr.splitlines()[-1]) == (
        1,
        "listing uk exists, or existed once; choose another id",
    )
    shown = verb(tmp_path, "listings", "show", "uk", "--json", BANKFEEDS_PUBLIC_URL="https://feeds.bank.example")
    listing = json.loads(shown.stdout)
    assert listing["jwksUrl"] == "https://id.example/.well-known/jwks.json"
    assert listing["callbacks"]["reAuth"] == "https://feeds.bank.example/sage/uk/authrefresh"
    for secret in secrets.split():
        assert secret not in shown.stdout
    assert verb(tmp_path, "listings", "update", "uk", "name=Harbour", "amount_unit=major").returncode == 0
    assert verb(tmp_path, "listings", "update", "uk", "amount_unit=pence").returncode == 1
    (listed,) = json.loads(verb(tmp_path, "listings", "list", "--json").stdout)
    assert (listed["name"], listed["amountUnit"]) == ("Harbour", "major")
    assert verb(tmp_path, "listings", "remove", "uk", "--reason", "closed").returncode == 0
    assert verb(tmp_path, "listings", "show", "uk").returncode == 1
