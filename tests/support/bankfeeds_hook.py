"""Bankfeeds' hooks for `sage-sandbox certify`: JSON on standard input; CERTIFY_API and CERTIFY_AUTHORIZATION say where."""

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx2
import msgspec

REFUSED = 3
LINES_MAX = 1000
"""What one push takes."""
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-zA-Z-]+)="([^"]*)"')
_ACTION = re.compile(r'<form method="post"(?:[^>]* action="([^"]*)")?')
http = httpx2.Client(timeout=20, trust_env=False)


def api(method: str, path: str, body: object = None) -> Any:
    """A call of the institution's; a refusal is told with the exit code for it."""
    headers = {"authorization": os.environ["CERTIFY_AUTHORIZATION"], "content-type": "application/json"}
    content = None if body is None else msgspec.json.Encoder(decimal_format="number").encode(body)
    answer = http.request(method, os.environ["CERTIFY_API"] + path, content=content, headers=headers)
    if answer.status_code in {400, 409}:
        sys.stderr.write(answer.text)
        sys.exit(REFUSED)
    answer.raise_for_status()
    return answer.json() if answer.content else {}


def prepare(said: dict[str, Any]) -> dict[str, Any]:
    company = api("POST", "/companies", {"name": f"Certify {said['prefix']}"})["id"]
    connection = api("POST", f"/companies/{company}/connections", {"platformKey": "olpr"})["id"]
    known = {"company": company, "connection": connection, "path": f"/companies/{company}/connections/{connection}"}
    for number in (1, 2, 3):
        open_account(known, number)
    return known


def open_account(known: dict[str, Any], number: int) -> dict[str, Any]:
    body = {
        "id": f"acc-{number}",
        "accountName": f"Account {number}",
        "accountType": "checking",
        "accountNumber": f"1020304{number}",
        "sortCode": "112233",
        "currency": "GBP",
        "balance": 1000,
    }
    return api("POST", f"{known['path']}/connectionInfo/bankFeedAccounts", body)


def submit(page: httpx2.Response, **typed: str) -> dict[str, Any]:
    """Send a page's form; where the browser is sent, which is not followed."""
    tags = [dict(_ATTRIBUTE.findall(tag)) for tag in _INPUT.findall(page.text)]
    fields = {unescape(tag["name"]): unescape(tag.get("value", "")) for tag in tags if "name" in tag}
    action = _ACTION.search(page.text)
    if action is None:
        sys.exit(f"no form on {page.url}: {page.status_code}")
    answer = http.post(urljoin(str(page.url), unescape(action[1] or "")), data={**fields, **typed})
    if "location" not in answer.headers:
        sys.exit(f"the authorisation page answered {answer.status_code}")
    return {"location": answer.headers["location"]}


def log_in(said: dict[str, Any]) -> dict[str, Any]:
    known = said["customer"]
    if not said["url"]:
        sys.exit("the page leads nowhere")
    otp = api("POST", f"{known['path']}/bankFeeds/otp")["otp"]
    return submit(http.get(said["url"]), connectionId=known["connection"], otp=otp)


def send_lines(said: dict[str, Any]) -> dict[str, Any]:
    account = account_of(said)
    lines = [
        {
            "id": line["id"],
            "date": line["date"],
            "description": line["description"],
            "amount": Decimal(line["amount"]),
            "balance": Decimal(line["balance"]),
            "transactionType": "Credit" if Decimal(line["amount"]) >= 0 else "Debit",
        }
        for line in said["lines"]
    ]
    path = f"{said['customer']['path']}/push/bankAccounts/{account}/bankTransactions"
    for at in range(0, len(lines), LINES_MAX):
        api("POST", path, {"accountId": account, "transactions": lines[at : at + LINES_MAX]})
    return {}


def account_of(said: dict[str, Any]) -> str:
    """The institution's own id of an account: here part of its name."""
    return f"acc-{said['account']['name'].split()[1]}"


def reauthorise(said: dict[str, Any]) -> dict[str, Any]:
    verb = ["accounts", "reauthorise", said["account"]["externalId"], "--reason", "certify"]
    command = [sys.executable, "-m", "bankfeeds", *verb]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return {}


def main() -> dict[str, Any]:
    said: dict[str, Any] = json.load(sys.stdin)
    hook = os.environ["CERTIFY_HOOK"]
    if hook == "prepare":
        return prepare(said)
    if hook == "logIn":
        return log_in(said)
    if hook == "cancel":
        return submit(http.get(f"{said['url']}/cancel"))
    if hook == "openAccount":
        return open_account(said["customer"], 4)
    if hook == "sendLines":
        return send_lines(said)
    return reauthorise(said)


sys.stdout.write(json.dumps(main()))
