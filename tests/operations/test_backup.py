"""Backup under load, the database destroyed, restored, everything pushed again: the judge finds nothing wrong."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bank_lines import make_lines, parts_of
from institutions import Customer
from processes import clean_environment, run
from pushers import Pusher, pushing
from sage_users import SageCompany
from systems import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KINDS = ("sqlite", "postgresql")
EVERY, PART = 300, 10
REASON = ("--reason", "the disk died")


@pytest.fixture(params=KINDS)
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    settings = {"SECRET_KEY": secrets.token_urlsafe(40)}
    if request.param == "postgresql":
        url: str = request.getfixturevalue("new_postgresql")()
        settings["DATABASE_URL"] = url
        run([sys.executable, "-m", "bankfeeds", "migrate"], {"BANKFEEDS_DATABASE_URL": url})
    with running(tmp_path, **settings) as system:
        system.fresh(strictOrder=True)
        yield system


def destroy(system: System) -> None:
    """As a disk that died; an empty place for another is made."""
    if system.platform is not None:
        system.kill_platform()
    url = system.settings["BANKFEEDS_DATABASE_URL"]
    if url.startswith("sqlite"):
        for path in system.directory.glob("platform.db*"):
            path.unlink()
        return
    server, name = url.rsplit("/", 1)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())


def test_nothing_is_lost_and_nothing_is_doubled(platform: System) -> None:
    customer = Customer(platform, "Harbour Bakery")
    customer.open_account()
    company = SageCompany(platform)
    bank_account = company.link(customer)
    external_id = company.external_id(bank_account)
    lines = make_lines(EVERY)
    platform.judge.expect({external_id: lines})
    parts = parts_of(lines, PART)
    backup = platform.directory / "monday.backup"

    pusher = Pusher(customer, parts[:-3])
    with pushing(pusher):
        while len(pusher.operations) < 3:
            assert pusher.failure is None
        said = platform.verb("backup", str(backup))
        pusher.finish()
    since = [customer.push(part) for part in parts[-3:]]
    assert "The secret key is not in it" in said
    assert backup.stat().st_mode & 0o077 == 0
    customer.follow(*pusher.operations, *since)
    platform.judge.find_clean(bank_account)

    destroy(platform)
    assert "1 accounts are verified" in platform.verb("restore", str(backup), *REASON)
    platform.restart_platform()
    (waiting,) = json.loads(platform.verb("verify", "list", "--json"))["accounts"]
    assert waiting["account"] == f"{customer.connection_id}/acc-001"

    newer = make_lines(5, first=EVERY + 1, days=1)
    early = customer.try_push(newer)
    assert early.status_code == 400
    assert "the platform was restored as it was at" in early.text
    again = [customer.push(part) for part in parts]
    customer.follow(*again, customer.push(newer))
    platform.judge.expect({external_id: [*lines, *newer]})
    platform.judge.find_clean(bank_account)
    assert json.loads(platform.verb("verify", "list", "--json"))["count"] == 0


def refused(system: System, *arguments: str) -> str:
    command = [sys.executable, "-m", "bankfeeds", *arguments]
    done = subprocess.run(
        command, env=clean_environment(system.settings), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    return done.stderr


def test_a_backup_and_a_restore_overwrite_nothing_and_a_file_that_is_no_backup_leaves_no_database(
    platform: System,
) -> None:
    backup, damaged = platform.directory / "monday.backup", platform.directory / "damaged.backup"
    platform.verb("backup", str(backup))
    kept = backup.read_bytes()
    damaged.write_bytes(kept[:1000])
    assert "there is such a file already" in refused(platform, "backup", str(backup))
    platform.stop_platform()
    assert "already" in refused(platform, "restore", str(backup), *REASON)
    assert "there is no such file" in refused(platform, "restore", str(backup.with_suffix(".none")), *REASON)
    destroy(platform)
    assert refused(platform, "restore", str(damaged), *REASON)
    assert not list(platform.directory.glob("*.partial"))
    assert backup.read_bytes() == kept
    platform.verb("restore", str(backup), *REASON)
    platform.restart_platform()
    assert platform.http.get(platform.api_url + "/readyz").status_code == 200
