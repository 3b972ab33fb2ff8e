"""With --data everything is there again after a kill -9."""

import json
import signal
import subprocess
import sys
import threading

import httpx2
import pytest

pytestmark = pytest.mark.slow


class Process:
    """A sandbox process over one data file, started again at will on the same port."""

    def __init__(self, make, tmp_path):
        self.make, self.details, self.data = make, tmp_path / "details.json", tmp_path / "sandbox.db"
        self.port = "0"
        self.process = None

    def start(self):
        command = [
            sys.executable,
            "-m",
            "sage_sandbox",
            "serve",
            "--port",
            self.port,
            "--data",
            str(self.data),
            "--details",
            str(self.details),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("sage-sandbox: ")
        details = json.loads(self.details.read_text())["sandbox"]
        self.port = details["adminUrl"].rsplit(":", 1)[1]
        self.sandbox = self.make.sandbox.__new__(self.make.sandbox)
        self.sandbox.wire(details)
        return self.sandbox

    def kill(self):
        self.sandbox.http.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def process(make, tmp_path, provider):
    running = Process(make, tmp_path)
    yield running
    running.kill()


def wire(sandbox, provider):
    sandbox.settings(autoPickAccount=True, autoReturn=True, requestsPerSecond=0, processingMs=0)
    sandbox.wire_bank(provider)


def test_everything_is_there_after_a_kill(process, provider, make):
    sandbox = process.start()
    wire(sandbox, provider)
    product = sandbox.product()
    account = product.link()
    sandbox.deliver(account, make.lines(3), balance=5)
    assert sandbox.post_statement(account, [make.line("refused")], expected=None).status_code == 400
    sandbox.admin(
        "POST",
        "/expectations",
        {"accounts": [{"externalId": "ext-1", "lines": [{"uniqueId": "t0", "amount": -1, "date": "2026-03-02"}]}]},
    )
    sandbox.fault("N4", "drop")
    sandbox.advance(60)
    token = sandbox.get_token()
    paths = (
        "/authorisations",
        "/notifications",
        "/statements",
        "/transactions",
        "/bankaccounts",
        "/faults",
        "/banks",
        "/settings",
        "/verdict",
    )
    make.eventually(lambda: all(n["status"] == "delivered" for n in sandbox.admin("GET", "/notifications")))
    before = {path: sandbox.admin("GET", path) for path in paths}
    details, keys = process.details.read_text(), sandbox.http.get(sandbox.details["jwksUrl"]).json()
    process.kill()

    sandbox = process.start()
    assert process.details.read_text() == details
    assert sandbox.http.get(sandbox.details["jwksUrl"]).json() == keys
    assert {path: sandbox.admin("GET", path) for path in paths} == before
    assert sandbox.admin("GET", "/clock")["advancedSeconds"] == 60
    sandbox.token = token
    product.sandbox = sandbox
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["lastTransactionId"] == 3
    assert sandbox.deliver(account, [make.line("t1")])["status"] == "failed"
    assert sandbox.deliver(account, [make.line("new")])["status"] == "completed"
    assert sandbox.admin("GET", "/transactions")[-1]["transactionId"] == 4


def test_a_statement_in_flight_is_finished_after_a_kill(process, provider, make):
    sandbox = process.start()
    wire(sandbox, provider)
    account = sandbox.product().link()
    sandbox.settings(processingMs=3_600_000)
    statement_id = sandbox.post_statement(account, [make.line("a")]).json()["data"]["_id"]
    process.kill()
    sandbox = process.start()
    assert sandbox.post_statement(account, [make.line("b")]).json()["errors"][0]["code"] == "STATEMENT_IN_FLIGHT"
    sandbox.advance(3601)
    sandbox.token = None
    assert sandbox.finished(statement_id)["status"] == "completed"


def test_a_notification_under_way_is_retried_after_a_kill(process, provider, make):
    sandbox = process.start()
    wire(sandbox, provider)
    provider.answers["/notification"] = [(500, "")]
    sandbox.product().connect()
    make.eventually(lambda: sandbox.admin("GET", "/notifications")[0]["attempts"] == 1)
    process.kill()
    del provider.answers["/notification"]
    sandbox = process.start()
    sandbox.advance(31)
    make.eventually(lambda: sandbox.admin("GET", "/notifications")[0]["status"] == "delivered")


def test_no_acknowledged_statement_is_lost_by_a_kill_in_mid_delivery(process, provider, make):
    sandbox = process.start()
    wire(sandbox, provider)
    accounts = [sandbox.product().link(f"ext-{n}") for n in (1, 2, 3)]
    acknowledged: dict[str, list[str]] = {a["bankAccountId"]: [] for a in accounts}
    token = sandbox.get_token()

    def deliver(account):
        client = make.sandbox.__new__(make.sandbox)
        client.wire(sandbox.details)
        client.token = token
        try:
            for n in range(10_000):
                lines = make.lines(50, prefix=f"s{n}-")
                if client.post_statement(account, lines).status_code == 201:
                    acknowledged[account["bankAccountId"]] += [line["uniqueId"] for line in lines]
        except httpx2.TransportError:
            return
        finally:
            client.http.close()

    threads = [threading.Thread(target=deliver, args=(account,)) for account in accounts]
    for thread in threads:
        thread.start()
    make.eventually(lambda: all(len(ids) > 500 for ids in acknowledged.values()))
    process.kill()
    for thread in threads:
        thread.join()
    sandbox = process.start()
    for account_id, ids in acknowledged.items():
        stored = [t["uniqueId"] for t in sandbox.admin("GET", f"/transactions?bankAccountId={account_id}")]
        assert stored[: len(ids)] == ids
        assert len(stored) <= len(ids) + 50
    assert not [a for a in sandbox.verdict()["accounts"] if a["doubled"] or a["outOfOrder"] or a["sums"]]


def test_a_reset_empties_the_file_too(process, provider, make):
    sandbox = process.start()
    wire(sandbox, provider)
    sandbox.deliver(sandbox.product().link(), make.lines(3))
    sandbox.admin("POST", "/reset")
    process.kill()
    sandbox = process.start()
    assert sandbox.admin("GET", "/transactions") == []
    assert sandbox.admin("GET", "/settings")["autoReturn"] is False
    assert sandbox.admin("GET", "/banks")[0]["callbackURLs"] == provider.callbacks
    wire(sandbox, provider)
    assert sandbox.deliver(sandbox.product().link(), make.lines(3))["status"] == "completed"


def test_a_data_file_serves_one_process(process, provider):
    process.start()
    command = [sys.executable, "-m", "sage_sandbox", "serve", "--port", "0", "--data", str(process.data)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 2
    assert "--data" in second.stderr


def test_a_wiring_file_fixes_credentials_and_bank(tmp_path, provider):
    wiring, details = tmp_path / "wiring.json", tmp_path / "details.json"
    bank = {
        "bankId": "11111111-2222-4333-8444-555555555555",
        "name": "My bank",
        "headerName": "X-K",
        "headerValue": "v",
        "callbackURLs": provider.callbacks,
    }
    wiring.write_text(
        json.dumps(
            {"provider": {"clientId": "me", "clientSecret": "secret", "apiKey": "key", "audience": "aud"}, "bank": bank}
        )
    )
    command = [
        sys.executable,
        "-m",
        "sage_sandbox",
        "serve",
        "--port",
        "0",
        "--wiring",
        str(wiring),
        "--details",
        str(details),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        written = json.loads(details.read_text())["sandbox"]
        assert (
            written["clientId"],
            written["clientSecret"],
            written["providerApiKey"],
            written["audience"],
            written["bankId"],
        ) == ("me", "secret", "key", "aud", bank["bankId"])
        shown = httpx2.get(f"{written['adminUrl']}/admin/banks").json()
        mine = [b for b in shown if b["bankId"] == bank["bankId"]]
        assert [(b["name"], b["headerName"], b["callbackURLs"]) for b in mine] == [
            ("My bank", "X-K", provider.callbacks)
        ]
        process.terminate()
    wiring.write_text('{"bank": {"colour": "blue"}}')
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 2
    assert "bank.colour" in refused.stderr
