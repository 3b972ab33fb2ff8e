"""The small bank's way to Sage: one token, kept until it is refused; one feed for each bank account, in a thread."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import date, timedelta
from decimal import Decimal

LINES_MAX = 1000
PAUSE_S = 0.3
HASTY = 5
"""How often the mistake `no_pause` makes no pause."""


class Sage:
    def __init__(self, details, broken):
        self.details = details
        self.broken = broken
        self.token = None
        self.lock = threading.Lock()

    def feed(self, bank_account_id, start_on):
        return Feed(self, bank_account_id, start_on)

    def report(self, authorisation_id, data):
        return self.call("PATCH", f"/v1/authorisations/{authorisation_id}", {"data": data})

    def query(self, external_id):
        asked = {"bankId": self.details["bankId"], "externalId": external_id}
        return self.call("POST", "/v1/accountqueries", {"data": asked})[1]["data"]

    def sync(self, asked, url):
        paths = {"notification": "notification", "availableAccounts": "availableaccounts"}
        paths |= {"auth": "auth", "reAuth": "authrefresh"}
        one = {"externalRef": asked["externalRef"], "name": asked["name"], "countryCode": "GBR", "url": url}
        one["callbackURLs"] = {name: f"{url}/{path}" for name, path in paths.items()}
        if "principalId" in asked:
            one["principalId"] = asked["principalId"]
        list_name = {"create": "toCreate", "update": "toUpdate", "remove": "toRemove"}[asked["action"]]
        return self.call("POST", "/v1/banks", {"data": {list_name: [one]}})

    def call(self, method, path, body=None):
        """Status and answer; status 0 if there was no answer. A token that is refused is fetched anew, once."""
        status, answer = self.once(method, path, body)
        while status == 429 and path != "/v1/statements":
            time.sleep(PAUSE_S)
            status, answer = self.once(method, path, body)
        if status == 401 and not self.broken("old_token_again"):
            self.token = None
            status, answer = self.once(method, path, body)
        return status, answer

    def once(self, method, path, body):
        with self.lock:
            if self.token is None or self.broken("token_per_call"):
                self.token = self.fetch_token()
        headers = {"Authorization": f"Bearer {self.token}", "x-api-key": self.details["providerApiKey"]}
        return send(method, self.details["providerUrl"] + path, body, headers)

    def fetch_token(self):
        asked = {"grant_type": "client_credentials", "client_id": self.details["clientId"]}
        asked |= {"client_secret": self.details["clientSecret"], "audience": self.details["audience"]}
        return send("POST", f"{self.details['cloudIdUrl']}/oauth/token", asked, {})[1]["access_token"]


def send(method, url, body, headers):
    content = None if body is None else json.dumps(body, default=number).encode()
    request = urllib.request.Request(url, content, {**headers, "Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, None


def number(amount):
    return int(amount) if amount == amount.to_integral_value() else float(amount)


class Feed:
    """Sends what is added, in order, a statement at a time, until it is stopped."""

    def __init__(self, sage, bank_account_id, start_on):
        self.sage, self.broken = sage, sage.broken
        self.bank_account_id, self.start_on = bank_account_id, start_on
        self.external_id = None
        self.waiting = []
        self.renewal = False
        self.busy = False
        self.stopped = False
        self.changed = threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def stop(self):
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def add(self, lines):
        due = [line for line in lines if line["date"] >= self.start_on or self.broken("early_lines")]
        with self.changed:
            self.waiting += due
            self.changed.notify_all()

    def require_authorisation(self):
        with self.changed:
            self.renewal = True
            self.changed.notify_all()

    def at_rest(self):
        return self.stopped or not (self.busy or self.waiting or self.renewal)

    def settle(self):
        with self.changed:
            self.changed.wait_for(self.at_rest)

    def run(self):
        while True:
            with self.changed:
                self.busy = False
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.waiting or self.renewal or self.stopped)
                if self.stopped:
                    return
                batch = [] if self.renewal else self.waiting[: 10_000 if self.broken("no_split") else LINES_MAX]
                del self.waiting[: len(batch)]
                self.renewal, self.busy = False, True
            self.deliver(batch)

    def deliver(self, batch):
        """Until Sage has it; a statement that failed because all of it is known had landed before."""
        unknown = False
        for attempt in range(50):
            if self.stopped:
                return
            statement = self.statement(batch, attempt, unknown=unknown)
            status, answer = self.sage.call("POST", "/v1/statements", {"data": statement})
            unknown = unknown or status in {0, 500}
            if status in {200, 201, 202}:
                self.wait_finished(answer["data"]["_id"])
                return
            if status in {400, 403, 404} or (status == 409 and "CANCELLED" in answer):
                return
            if self.broken("no_second_attempt") and status in {0, 500}:
                return
            if not (self.broken("no_pause") and status == 429 and attempt < HASTY):
                time.sleep(PAUSE_S)

    def wait_finished(self, statement_id):
        if self.broken("never_asks"):
            time.sleep(PAUSE_S)
            return
        if self.broken("no_wait"):
            threading.Thread(target=self.poll, args=(statement_id,), daemon=True).start()
            return
        self.poll(statement_id)

    def poll(self, statement_id):
        for _ in range(500):
            if self.broken("no_wait"):
                self.settle()  # what is new is posted first
            status, answer = self.sage.call("GET", f"/v1/statements/{statement_id}")
            if status == 200 and answer["data"]["status"] in {"completed", "failed"}:
                return
            time.sleep(0.15 if status == 200 else PAUSE_S)

    # --- one statement

    def statement(self, batch, attempt, *, unknown):
        lines = [self.line(each, attempt, unknown=unknown) for each in batch]
        if self.broken("doubles"):
            lines = [each for one in lines for each in (one, {**one, "uniqueId": str(uuid.uuid4())})]
        amounts = [line["transactionAmount"] for line in lines]
        debits = sum(amount for amount in amounts if amount < 0)
        details = {"bankAccountId": self.bank_account_id, "status": "active" if batch else "authRequired"}
        if batch:
            balance = self.amount(batch[-1]["balance"])
            balance = abs(balance) if self.broken("unsigned_balance") else balance
            details["balances"] = {"ledgerBalance": balance, "availableBalance": balance}
        return {
            "principalId": self.bank_account_id,
            "bankId": self.sage.details["bankId"],
            "expected": {
                "transactionDetailsCount": len(lines),
                "accountDetailsCount": 1,
                "transactionCreditSum": sum(amount for amount in amounts if amount > 0),
                "transactionDebitSum": -debits if self.broken("unsigned_sum") else debits,
            },
            "accountDetails": [details],
            "transactionDetails": lines,
        }

    def line(self, line, attempt, *, unknown):
        amount = self.amount(line["amount"])
        on = date.fromisoformat(line["date"]) - timedelta(days=self.broken("day_before"))
        return {
            "uniqueId": f"{line['id']}-{attempt}" if attempt and unknown and self.broken("new_ids") else line["id"],
            "bankAccountId": self.bank_account_id,
            "transactionAmount": amount,
            "transactionType": "CREDIT" if amount >= 0 else "DEBIT",
            "transactionStatus": "posted",
            "datePosted": f"{on}T12:00:00.000Z",
            "description": line["description"],
        }

    def amount(self, text):
        return Decimal(text) * (1 if self.broken("major_units") else 100)
