"""Bankfeeds' hooks for `sage-sandbox certify`: JSON on standard input; CERTIFY_API and CERTIFY_AUTHORIZATION say where."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx2
import msgspec

REFUSED = 3
LISTING = "certify"
COPIED = ("provider_url", "token_url", "client_id", "audience", "header_name")
SECRETS = ("client_secret", "api_key", "header_value")
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


def verb(*arguments: str, said: str = "") -> dict[str, Any]:
    """An operator's command, with a reason for the audit trail."""
    command = [sys.executable, "-m", "bankfeeds", *arguments, "--reason", "certify"]
    environment = {**os.environ, "BANKFEEDS_PUBLIC_URL": os.environ["CERTIFY_API"]}
    subprocess.run(command, input=said.encode(), env=environment, check=True, capture_output=True, timeout=60)
    return {}


def settle(said: dict[str, Any]) -> dict[str, Any]:
    """Until no push of the customer's waits any more."""
    while api("GET", f"/companies/{said['customer']['company']}/push?query=status%3DPending")["totalResults"]:
        time.sleep(0.1)
    return {}


def sync_banks(said: dict[str, Any]) -> dict[str, Any]:
    """One more listing, which Sage comes to know by its bank sync."""
    if said["action"] == "remove":
        return verb("listings", "remove", LISTING, "--at-sage")
    if said["action"] == "update":
        verb("listings", "update", LISTING, f"name={said['name']}")
    else:
        add_listing(said["name"], said["externalRef"])
    return verb("listings", "register", LISTING)


def add_listing(name: str, external_ref: str) -> None:
    """With the first one's credentials, as an institution has that is listed twice."""
    sage = {field: os.environ[f"BANKFEEDS_SAGE_{field.upper()}"] for field in (*COPIED, *SECRETS)}
    options = {
        "name": name,
        "region": "eu",
        "country": "GBR",
        "url": "https://bank.example",
        "external-ref": external_ref,
    }
    options |= {field.replace("_", "-"): sage[field] for field in COPIED}
    words = [word for option, value in options.items() for word in (f"--{option}", value)]
    verb("listings", "add", LISTING, *words, said="".join(f"{sage[field]}\n" for field in SECRETS))


HOOKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "prepare": prepare,
    "logIn": log_in,
    "cancel": lambda said: submit(http.get(f"{said['url']}/cancel")),
    "openAccount": lambda said: open_account(said["customer"], 4),
    "sendLines": send_lines,
    "askForReauthorisation": lambda said: verb("accounts", "reauthorise", said["account"]["externalId"]),
    "settle": settle,
    "syncBanks": sync_banks,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(HOOKS[os.environ["CERTIFY_HOOK"]](json.load(sys.stdin))))
