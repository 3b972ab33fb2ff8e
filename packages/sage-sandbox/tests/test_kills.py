"""With --data nothing that was acknowledged is lost, however often and wherever the process is killed."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.slow

KILLS = 5
COMMAND = [sys.executable, "-m", "sage_sandbox", "serve", "--port", "0"]


class Life:
    """A sandbox that is killed and started again on one port, under clients that go on as real ones would."""

    def __init__(self, make, tmp_path, provider):
        self.make, self.provider = make, provider
        self.data, self.path = tmp_path / "sandbox.db", tmp_path / "details.json"
        self.port, self.process = "0", None
        self.over = threading.Event()

    def start(self, *switches):
        command = [*COMMAND[:-1], self.port, "--data", str(self.data), "--details", str(self.path), *switches]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("sage-sandbox: ")
        self.details = json.loads(self.path.read_text())["sandbox"]
        self.port = self.details["adminUrl"].rsplit(":", 1)[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def client(self):
        client = self.make.sandbox.__new__(self.make.sandbox)
        client.wire(self.details)
        return client

    def until_answered(self, ask):
        """Ask again over every kill; None once the test is over."""
        while not self.over.is_set():
            try:
                return ask()
            except httpx2.TransportError:
                time.sleep(0.02)
        return None


def deliver(life, account, acknowledged):
    """Statement after statement; one of unknown outcome is sent again, and is there if every id is a duplicate."""
    client, number = life.client(), 0
    while not life.over.is_set():
        lines = life.make.lines(40, prefix=f"s{number}-")
        posted = life.until_answered(lambda lines=lines: client.post_statement(account, lines))
        if posted is None:
            break
        if posted.status_code == 409:
            continue
        assert posted.status_code == 201, posted.text
        path = f"/v1/statements/{posted.json()['data']['_id']}"
        while (found := life.until_answered(lambda path=path: client.papi("GET", path))) is not None:
            assert found.status_code == 200, "an acknowledged statement is gone"
            data = found.json()["data"]
            if data["status"] in {"completed", "failed"}:
                break
        if found is None:
            break
        if data["status"] == "failed":
            assert {e["code"] for e in data["errors"]} == {"DUPLICATE_TRANSACTION"}
            assert len(data["errors"]) == len(lines)
        acknowledged[account["bankAccountId"]] += [line["uniqueId"] for line in lines]
        number += 1
    client.http.close()


def change(life, kept):
    """Settings, authorisations, bank accounts: what was answered is remembered."""
    client = life.client()
    number = 0
    while not life.over.is_set():
        number += 1
        if life.until_answered(lambda n=number: client.settings(transactionIdGap=n)) is not None:
            kept["setting"] = number
        try:
            product = client.product()
            account = product.authorise(life.make.granted(f"more-{number}"))
            kept["picked"].add(f"more-{number}")
            kept["accounts"].add(product.open_account(account)["bankAccountId"])
            client.http.post(f"{life.details['adminUrl']}/admin/clock", json={"advanceSeconds": 1})
        except (httpx2.TransportError, AssertionError, KeyError, IndexError):
            time.sleep(0.02)  # a kill came between: begin anew
    client.http.close()


def test_nothing_acknowledged_is_lost_however_often_it_is_killed(make, tmp_path, provider):
    life = Life(make, tmp_path, provider)
    chance = random.Random(time.time_ns())
    life.start()
    client = life.client()
    client.settings(autoPickAccount=True, autoReturn=True, requestsPerSecond=0, processingMs=20)
    client.wire_bank(provider)
    accounts = [client.product().link(f"ext-{n}") for n in (1, 2)]
    client.http.close()
    acknowledged = {a["bankAccountId"]: [] for a in accounts}
    kept = {"setting": 0, "picked": set(), "accounts": set()}
    work = [threading.Thread(target=deliver, args=(life, account, acknowledged)) for account in accounts]
    work.append(threading.Thread(target=change, args=(life, kept)))
    problems, before = [], threading.excepthook
    threading.excepthook = lambda told: problems.append(told.exc_value)
    for thread in work:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.9))  # the moment of the kill, not a wait for anything
            life.kill()
            life.start()
        make.eventually(lambda: all(len(ids) > 200 for ids in acknowledged.values()), 30)
        make.eventually(lambda: len(kept["accounts"]) > 2, 30)
    finally:
        life.over.set()
        for thread in work:
            thread.join(30)
        threading.excepthook = before
        life.kill()
    assert not problems
    life.start()
    try:
        client = life.client()
        for account_id, ids in acknowledged.items():
            stored = [t["uniqueId"] for t in client.admin("GET", f"/transactions?bankAccountId={account_id}")]
            assert stored[: len(ids)] == ids
        assert client.admin("GET", "/settings")["transactionIdGap"] >= kept["setting"]
        assert kept["accounts"] <= {a["bankAccountId"] for a in client.admin("GET", "/bankaccounts")}
        granted = {g["externalId"] for a in client.admin("GET", "/authorisations") for g in a["accounts"]}
        assert kept["picked"] <= granted
        assert not [a for a in client.verdict()["accounts"] if a["doubled"] or a["outOfOrder"] or a["sums"]]
    finally:
        client.http.close()
        life.kill()


def test_a_statement_of_the_playgrounds_own_arrives_once_over_a_kill(make, tmp_path, provider):
    life = Life(make, tmp_path, provider)
    life.start()
    client = life.client()
    client.settings(autoPickAccount=True, autoReturn=True, processingMs=1500)
    headers = {"x-application": client.details["xApplication"]}
    listed = client.http.get(f"{client.details['consumerUrl']}/banks?name=playground&country=GB", headers=headers)
    bank_id, desk = listed.json()[0]["bankId"], f"{client.details['adminUrl']}/playground"
    product = client.product()
    opened = product.connect(bank_id)
    sessions = make.eventually(lambda: [s for s in client.http.get(f"{desk}/authorisations").json() if s["presented"]])
    decided = client.http.post(f"{desk}/authorisations/{sessions[0]['authorisationId']}", json={})
    assert decided.status_code == 200
    account = product.open_account(product.poll(opened["pollRoute"])["account"], bankId=bank_id)
    make.eventually(lambda: client.admin("GET", "/statements"))
    client.http.close()
    life.kill()
    life.start()
    client = life.client()
    try:
        path = f"/transactions?bankAccountId={account['bankAccountId']}"
        make.eventually(lambda: client.admin("GET", path))
        feeds = [a for a in client.http.get(f"{desk}/accounts").json() if a["feeds"]]
        make.eventually(lambda: client.http.get(f"{desk}/accounts").json()[0]["feeds"][0]["sent"] == feeds[0]["lines"])
        assert len(client.admin("GET", path)) == feeds[0]["lines"]
        assert client.verdict()["clean"]
    finally:
        client.http.close()
        life.kill()


def test_switched_off_the_playground_is_listed_no_more_and_on_again_it_is(make, tmp_path, provider):
    life = Life(make, tmp_path, provider)

    def listed(*switches):
        life.start(*switches)
        url, headers = f"{life.details['consumerUrl']}/banks", {"x-application": life.details["xApplication"]}
        names = [bank["name"] for bank in httpx2.get(url, headers=headers).json()]
        desk = httpx2.get(f"{life.details['adminUrl']}/playground").status_code
        life.kill()
        return sum(name.startswith("Playground") for name in names), desk

    assert [listed(), listed("--no-playground"), listed()] == [(9, 200), (0, 404), (9, 200)]


# --- a file that cannot be used --------------------------------------------------------------------------------------


def refused(data: Path) -> str:
    done = subprocess.run([*COMMAND, "--data", str(data)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"sage-sandbox: --data {data}: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def filled(make, tmp_path, provider):
    """A data file that has been used, and is closed."""
    life = Life(make, tmp_path, provider)
    life.start()
    client = life.client()
    client.settings(autoPickAccount=True, autoReturn=True, requestsPerSecond=0, processingMs=0)
    client.wire_bank(provider)
    client.deliver(client.product().link(), make.lines(900))
    client.http.close()
    life.process.terminate()
    life.process.wait()
    life.process.stdout.close()
    return life.data


def test_a_torn_file_is_told_of_in_one_line(filled):
    whole = filled.read_bytes()
    filled.write_bytes(whole[: len(whole) // 2])
    assert "malformed" in refused(filled)
    filled.write_bytes(whole[:50])
    refused(filled)
    middle = len(whole) // 2
    filled.write_bytes(whole[:middle] + bytes(8192) + whole[middle + 8192 :])
    refused(filled)


def test_a_foreign_file_is_refused_and_left_as_it_is(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look at " * 40)
    before = text.read_bytes()
    assert "not a database" in refused(text)
    assert text.read_bytes() == before
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE customer (name TEXT)")
    connection.commit()
    connection.close()
    before = other.read_bytes()
    assert "another program's" in refused(other)
    assert other.read_bytes() == before
    assert "unable to open" in refused(tmp_path)


def test_a_file_of_a_later_version_is_refused(filled):
    connection = sqlite3.connect(filled)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    assert "a later version" in refused(filled)


def test_a_record_that_cannot_be_read_is_named(filled):
    connection = sqlite3.connect(filled)
    connection.execute("UPDATE record SET body = '{}' WHERE kind = 'bankAccount'")
    connection.commit()
    connection.close()
    assert "bankAccount" in refused(filled)
