"""`bankfeeds demo` and `bankfeeds dev` as a newcomer runs them: each file through both programs, judged, ended clean."""

import json
import os
import re
import stat
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import httpx2
import pytest
from guides import ROOT, following
from processes import Child, wait_until

pytestmark = pytest.mark.slow
SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "camt"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def demo(tmp_path, *arguments):
    """Its temporary directory is the test's own, so that what it leaves behind is seen."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    return subprocess.run(
        [sys.executable, "-m", "bankfeeds", "demo", "--once", *arguments],
        env=environment, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip


def entry(on, cents, number, currency):
    side = "DBIT" if cents < 0 else "CRDT"
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(cents) / 100:.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>{on}</Dt></BookgDt><AcctSvcrRef>R{number}</AcctSvcrRef>"
        f"<AddtlNtryInf>Order {number} &amp; more</AddtlNtryInf></Ntry>"
    )


def statement(entries, iban="GB83DEMO00009931926819", currency="GBP", name="S1"):
    """Entries as (day, cents)."""
    body = "".join(entry(on, cents, number, currency) for number, (on, cents) in enumerate(entries))
    total = sum(cents for _, cents in entries)
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{cents / 100:.2f}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-01</Dt></Dt></Bal>"
        for code, cents in (("OPBD", 10**8), ("CLBD", 10**8 + total))
    )
    account = f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
    return f"<Stmt><Id>{name}</Id>{account}{balances}{body}</Stmt>"


def write(path, *statements):
    whole = f'<?xml version="1.0"?><Document xmlns="{NAMESPACE}"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>'
    path.write_text(f"{whole}{''.join(statements)}</BkToCstmrStmt></Document>", encoding="utf-8")
    return path


def test_the_shipped_statement_arrives_and_nothing_is_left_behind(tmp_path):
    began = time.monotonic()
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < 60
    assert "24 booked entries delivered to Sage" in done.stdout
    assert "24 lines, each once, in order" in done.stdout
    assert re.search(r"\d+ days close in Sage as at the bank: difference 0.00", done.stdout)
    assert "balance 6,466.67 GBP" in done.stdout
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("camt053*")) or ["absent"])
def test_the_booked_entries_of_every_sample_are_delivered(tmp_path, name):
    if not (SAMPLES / name).exists():
        pytest.skip("the samples are not here")
    done = demo(tmp_path, "--statement", str(SAMPLES / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* booked entr(y|ies) delivered to Sage", done.stdout)


def test_a_bank_file_in_csv_goes_in_by_one_command_and_every_day_closes_as_at_the_bank(tmp_path):
    """Suggested, and agreed to by --yes; what is said before that is in packages/bankfeeds/tests/demo/test_bank_file.py."""
    rows = "01/02/2026;Flour, mill;-120,50;879,50\n14/02/2026;Till;350,00;1.229,50\n"
    file = tmp_path / "mine.csv"
    file.write_text(f"Date;Text;Amount;Balance\n{rows}", encoding="utf-8")
    done = demo(tmp_path, "--statement", str(file), "--yes", "--currency", "EUR")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 days close in Sage as at the bank: difference 0.00" in done.stdout
    assert "balance 1,229.50 EUR" in done.stdout


def test_what_a_newcomer_types_is_what_is_run_here():
    """`demo` and `dev` are run by the tests below; `make` is only asked what it would do, once all is installed."""
    with following("docs/tutorial.md", "console") as guide:
        for command in guide.steps():
            program, *arguments = command.split()
            if program == "make":
                told = subprocess.run(
                    ["make", "--no-print-directory", "--dry-run", "--old-file=install", *arguments],
                    cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
                ).stdout  # fmt: skip
                assert told.splitlines() == [f".venv/bin/bankfeeds {' '.join(arguments)}"]
            else:
                assert (program, arguments[:2]) == (".venv/bin/bankfeeds", ["demo", "--statement"])


def test_a_thousand_entries_over_four_weeks_are_delivered(tmp_path):
    entries = [(date(2026, 1, 1) + timedelta(days=n * 28 // 1000), n * 7919 % 50_000 - 25_000) for n in range(1000)]
    done = demo(tmp_path, "--statement", str(write(tmp_path / "thousand.xml", statement(entries))))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1,000 booked entries delivered to Sage" in done.stdout


def test_every_account_of_a_file_is_delivered_in_its_own_currency_and_an_empty_one_is_told(tmp_path):
    day = date(2026, 3, 1)
    file = write(
        tmp_path / "several.xml",
        statement([(day, 100), (day, -50)], name="A"),
        statement([(day, 700)], "DE89370400440532013000", "EUR", "B"),
        statement([(day, 90_000)], "DE89370400440532013000", "JPY", "C"),
        statement([], "FR1420041010050500013M02606", "EUR", "D"),
    )
    done = demo(tmp_path, "--statement", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 booked entries delivered to Sage" in done.stdout
    assert "balance 1,000,900 JPY" in done.stdout
    assert "FR1420041010050500013M02606: the file has no booked entries" in done.stdout


def test_a_future_entry_is_refused_before_anything_starts(tmp_path):
    file = write(tmp_path / "future.xml", statement([(date.today() + timedelta(days=9), 100)]))
    done = demo(tmp_path, "--statement", str(file))
    assert done.returncode == 1
    assert "this day is in the future" in done.stderr
    assert "programs start" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<Document", "ends early"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        ("hello", "camt.053"),
    ],
)
def test_a_broken_file_is_refused_before_anything_starts(tmp_path, content, words):
    file = tmp_path / "broken.xml"
    file.write_text(content)
    done = demo(tmp_path, "--statement", str(file))
    assert done.returncode == 1
    assert done.stdout.strip() == "The bank statement: broken.xml"
    assert done.stderr.startswith("broken.xml")
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_dev_writes_the_details_of_both_and_keeps_its_data(tmp_path):
    file = tmp_path / "details.json"
    command = [sys.executable, "-m", "bankfeeds", "dev", "--port", "0", "--sandbox-port", "0"]
    keys = []
    for _ in range(2):
        file.unlink(missing_ok=True)
        child = Child([*command, "--data", str(tmp_path / "data"), "--details", str(file)], {}, tmp_path / "log")
        try:
            wait_until(file.exists, "the details file", 60)
            details = json.loads(file.read_text())
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            keys.append(details["platform"]["apiKey"])
            check_details(details)
        finally:
            code = child.stop()
        assert code == 0
    assert keys[0] == keys[1]


def check_portal(platform):
    """The operator whose password is printed gets in."""
    with httpx2.Client(base_url=platform["portalUrl"]) as browser:
        form = browser.get("/sign-in").text
        fields = {"name": platform["operatorName"], "password": platform["operatorPassword"]}
        fields["csrf"] = form.partition('name="csrf" value="')[2].partition('"')[0]
        assert browser.post("/sign-in", data=fields).headers["location"] == "/portal/"
        assert platform["operatorName"] in browser.get("/").text


def check_details(details):
    platform, connector, sandbox = details["platform"], details["connector"], details["sandbox"]
    assert set(connector) == {"notification", "auth", "reAuth", "availableAccounts", "headerName", "headerValue"}
    assert set(sandbox) == {
        "consumerUrl", "providerUrl", "cloudIdUrl", "jwksUrl", "uiUrl", "adminUrl", "xApplication",
        "applicationSigningKey", "bankId", "providerApiKey", "clientId", "clientSecret", "audience", "regions",
    }  # fmt: skip
    check_portal(platform)
    headers = {"authorization": platform["authorization"]}
    assert httpx2.get(f"{platform['apiUrl']}/companies", headers=headers).status_code == 200
    assert httpx2.get(f"{sandbox['adminUrl']}/admin/settings").status_code == 200
    assert httpx2.post(connector["notification"], content=b"{}").status_code in {401, 403}
