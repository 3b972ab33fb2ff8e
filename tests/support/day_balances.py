"""After every journey: each settled day, the institution's closing balance is Sage's running balance, or lines say why not.

The institution's days are those of the lines that it pushed, as `bankfeeds reconcile` reads them; Sage's are the
sandbox's own. Nobody calls this: whoever uses a `System` is checked when it ends, and when the shared one is handed back.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from judges import Judge
from processes import clean_environment

from bankfeeds.domain.money import EXPONENTS

Days = Mapping[str, Decimal]
DONE, SOME_FAILED = 0, 1


def check(judge: Judge, environment: Mapping[str, str]) -> int:
    """Fails with every day that differs by something no line is named for. How many bank accounts were compared."""
    there = {each["bankAccountId"] for each in judge.get("/bankaccounts")}
    if not there:
        return 0
    accounts = _reconciled(environment)
    fed = [(account, feed) for account in accounts for feed in account["feeds"] if feed["bankAccountId"] in there]
    differ = [
        told
        for account, feed in fed
        for told in compare(account, feed, _in_sage(judge, feed["bankAccountId"], account["currency"]))
    ]
    assert not differ, "\n".join(differ)
    return len(fed)


def compare(account: Mapping[str, Any], feed: Mapping[str, Any], in_sage: Days) -> list[str]:
    """What is wrong, a day a line. Lines that wait, are withheld or were skipped are the named gap, and those that came
    late and stand on another day than the institution's balances have them on.
    """
    settled, start_on = feed["settledSeq"], feed["startOn"]
    days = [day for day in account["days"] if day["on"] >= start_on and day["lastSeq"] <= settled]
    skipped = [(line["on"], Decimal(line["amount"])) for line in feed["skipped"]]
    moved = [(gap["on"], Decimal(gap["missing"])) for gap in account["gaps"] if gap["late"]]
    opening = Decimal(days[0]["opening"]) if days else Decimal(0)
    total, wrong = Decimal(0), list[str]()
    for day in days:
        total += Decimal(day["total"])
        running = opening + sum((amount for on, amount in in_sage.items() if on <= day["on"]), Decimal(0))
        named = sum((amount for on, amount in (*skipped, *moved) if on <= day["on"]), Decimal(0))
        closing = Decimal(day["closing"]) if account["verdict"] == "proved" else opening + total
        if closing - running != named:
            who = f"{account['externalId']} as {feed['bankAccountId']} on {day['on']}"
            wrong.append(f"{who}: {closing} at the institution, {running} in Sage, {named} named")
    return wrong


def _reconciled(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "bankfeeds", "reconcile", "--json"],
        env=clean_environment(environment), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode in {DONE, SOME_FAILED}, done.stderr
    return json.loads(done.stdout)


def _in_sage(judge: Judge, bank_account_id: str, currency: str) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for line in judge.get("/transactions", bankAccountId=bank_account_id):
        on = date.fromisoformat(line["datePosted"][:10]).isoformat()
        amount = Decimal(str(line["transactionAmount"])).scaleb(-EXPONENTS[currency])
        totals[on] = totals.get(on, Decimal(0)) + amount
    return totals
