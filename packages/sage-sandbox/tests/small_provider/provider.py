"""A small bank that is a Sage provider of its own: what `certify` is tried on, and an example of a provider to read.

It runs alone: `python provider.py PORT`. The details file of the sandbox is named by CERTIFY_DETAILS; HEADER_VALUE is the
value of its header; SESSION_SECONDS may say how long an authorisation lives; FAULTS names mistakes it shall make, separated by
commas (each is a word that `broken` asks for).
"""

import json
import os
import secrets
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sage import Sage
from tokens import claims_of

HEADER = "X-Small-Bank"
FAULTS = set(filter(None, os.environ.get("FAULTS", "").split(",")))
SESSION_S = float(os.environ.get("SESSION_SECONDS", "1200"))
ANCESTORS = "'self' https://*.sagebankdrive.com https://*.sage.com https://*.intacct.com https://*.sageone.com"


def broken(fault):
    return fault in FAULTS


class Bank:
    """Its customers and their accounts, the sessions it was told of, and a feed for each bank account at Sage."""

    def __init__(self, details):
        self.sage = Sage(details, broken)
        self.issuer = f"{details['cloudIdUrl']}/"
        self.audience = details["audience"]
        self.jwks_url = details["jwksUrl"]
        self.lock = threading.RLock()
        self.customers = {}
        self.sessions = {}
        self.feeds = {}
        self.lines = {}

    # --- the customers

    def add_customer(self, name):
        self.customers[name] = {"password": secrets.token_hex(8), "accounts": []}
        for _ in range(3):
            self.open_account(name)
        return {"customer": name, "password": self.customers[name]["password"]}

    def open_account(self, customer):
        accounts = self.customers[customer]["accounts"]
        account = {
            "externalId": f"{customer}-{len(accounts) + 1}",
            "accountName": f"Account {len(accounts) + 1}",
            "accountIdentifier": f"number-{len(accounts) + 1}",
        }
        accounts.append(account)
        return {"externalId": account["externalId"]}

    def owner_of(self, external_id):
        for name, customer in self.customers.items():
            if any(account["externalId"] == external_id for account in customer["accounts"]):
                return name
        return None

    def accounts(self, customer, *, available=False):
        identifier = "everybody" if available and broken("other_identifier") else f"{customer}:small-bank"
        found = [{**each, "bankIdentifier": identifier} for each in self.customers[customer]["accounts"]]
        return found[:3] if available and broken("old_list") else found

    # --- what Sage tells

    def is_sage(self, headers):
        given = headers.get(HEADER)
        right = secrets.compare_digest((given or "").encode(), os.environ["HEADER_VALUE"].encode())
        if not right and not (broken("any_header") or (given is None and broken("missing_header"))):
            return False
        if broken("any_token"):
            return True
        claims = claims_of(headers.get("Authorization", "").removeprefix("Bearer "), self.jwks_url)
        if claims is None or (claims["iss"], claims["aud"]) != (self.issuer, self.audience):
            return False
        return claims["exp"] > time.time() or broken("old_token")

    def hear(self, told):
        """A notification; the same one may come twice."""
        kind, resource, more = told["type"], told["resource"], told.get("additionalData", {})
        with self.lock:
            if resource["type"] == "authorisation":
                self.sessions.setdefault(resource["id"], new_session(more["bankId"]))
            elif kind == "resourceCreated":
                self.open_feed(resource["id"], more["externalId"], more["requestedStartDate"][:10])
            elif kind == "resourceDeleted" and not broken("ignores_n4"):
                for feed in self.feeds.pop(resource["id"], []):
                    feed.stop()

    def open_feed(self, bank_account_id, external_id, start_on):
        if bank_account_id not in self.feeds or broken("two_feeds"):
            feed = self.sage.feed(bank_account_id, start_on)
            self.feeds.setdefault(bank_account_id, []).append(feed)
            feed.external_id = external_id

    # --- the user

    def present(self, query, *, renewal=False):
        """The page for Sage to embed; none if this authorisation is not one to be processed."""
        session = self.sessions.get(query["authorisation_id"])
        if session is None and broken("unannounced"):
            session = self.sessions[query["authorisation_id"]] = new_session(query["bank"])
        if session is None or (session["used"] and not broken("used_again")):
            return None
        if time.monotonic() > session["until"] and not broken("old_session"):
            return None
        if not renewal and session["bank"] != query["bank"] and not broken("other_bank"):
            return None
        handle = secrets.token_urlsafe(12)
        self.sessions[handle] = {
            "session": session,
            "id": query["authorisation_id"],
            "query": query,
            "renewal": renewal,
        }
        return handle

    def finish(self, handle, form):
        """What the user did on our page: where the browser goes, or none if the login was wrong."""
        known = self.sessions[handle]
        if form.get("cancel"):
            known["session"]["used"] = True
            if not broken("silent_cancel"):
                self.sage.report(known["id"], {"status": "failure"})
            return redirect(known)
        customer = self.customers.get(form.get("customer"))
        if customer is None or not secrets.compare_digest(customer["password"], form.get("password", "")):
            return None
        data = {"status": "success"}
        if not known["renewal"]:
            accounts = self.accounts(form["customer"])[: 1 if broken("one_account") else None]
            names = {"externalId": "bankAccountExternalId"}
            data["bankAccounts"] = [{names.get(k, k): v for k, v in each.items()} for each in accounts]
        known["session"]["used"] = True
        self.sage.report(known["id"], data)
        return redirect(known)

    # --- the bank's own day

    def send(self, external_id, lines):
        with self.lock:
            known = self.lines.setdefault(external_id, {})
            new = [line for line in lines if line["id"] not in known or broken("sends_known")]
            known.update({line["id"]: line for line in new})
            feeds = [feed for every in self.feeds.values() for feed in every]
            if not any(feed.external_id == external_id for feed in feeds):
                return False
            for at, feed in enumerate(feeds):
                if feed.external_id == external_id or (broken("misroutes") and at == 0):
                    feed.add(new)
            return True

    def settle(self):
        """Until every line is at Sage, or given up."""
        for feed in [feed for every in list(self.feeds.values()) for feed in every]:
            feed.settle()

    def ask_again(self, bank_account_id):
        self.feeds[bank_account_id][0].require_authorisation()

    def recover(self, external_id):
        if broken("no_recovery"):
            return
        found = self.sage.query(external_id)
        self.open_feed(found["bankAccountId"], external_id, found["requestedStartDate"][:10])


def new_session(bank_id):
    return {"bank": bank_id, "used": False, "until": time.monotonic() + SESSION_S}


def redirect(known):
    """redirect_uri as it was given, with state added."""
    given, state = known["query"]["redirect_uri"], known["query"]["state"]
    if broken("altered_redirect"):
        given = given.replace("/indirectredirect/", "/indirect-redirect/")
    if broken("own_state"):
        state = known["id"]
    if broken("old_host"):
        given = given.replace("https://money.sage.com", "https://snd01eu.sagebankdrive.com")
    joint = "&" if "?" in given and not broken("second_question_mark") else "?"
    return f"{given}{joint}state={state}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path in {"/auth", "/authrefresh"}:
            handle = bank.present(query, renewal=url.path == "/authrefresh")
            if handle is None:
                self.answer(403, "<p>This link is not valid.</p>")
                return
            self.answer(200, f'<script>window.location = "http://127.0.0.1:{port}/login/{handle}";</script>')
        elif url.path == "/availableaccounts" and bank.is_sage(self.headers):
            owner = bank.owner_of(query["externalId"])
            accounts = [{**each, "accountType": "business"} for each in bank.accounts(owner, available=True)]
            self.answer(200, json.dumps(accounts), "application/json")
        elif url.path.startswith("/login/"):
            self.answer(200, '<form method="post"><input name="customer"><input name="password"></form>')
        else:
            self.answer(404, "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/login/"):
            form = dict(urllib.parse.parse_qsl(body.decode()))
            location = bank.finish(self.path.removeprefix("/login/"), form)
            self.answer(422 if location is None else 303, "", location=location)
        elif self.path == "/notification":
            right = bank.is_sage(self.headers)
            if right:
                bank.hear(json.loads(body))
            self.answer(204 if right else 401, "")
        else:
            self.counter(json.loads(body))

    def counter(self, asked):
        """The bank's own clerks, who are our hooks: loopback is all the secret this example has."""
        what = self.path.removeprefix("/counter/")
        done = {}
        if what == "customers":
            done = bank.add_customer(asked["name"])
        elif what == "accounts":
            done = bank.open_account(asked["customer"])
        elif what == "lines" and not bank.send(asked["externalId"], asked["lines"]):
            self.answer(409, "nothing at Sage is linked to this account")
            return
        elif what == "renewals":
            bank.ask_again(asked["bankAccountId"])
        elif what == "recovery":
            bank.recover(asked["externalId"])
        elif what == "rest":
            bank.settle()
        elif what == "banks":
            bank.sage.sync(asked, f"http://127.0.0.1:{port}")
        self.answer(200, json.dumps(done), "application/json")

    def answer(self, status, text, media="text/html; charset=utf-8", location=None):
        content = text.encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        frames = (
            "X-Frame-Options: DENY" if broken("not_framed") else f"Content-Security-Policy: frame-ancestors {ANCESTORS}"
        )
        self.send_header(*frames.split(": ", 1))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        return


if __name__ == "__main__":
    port = int(sys.argv[1])
    bank = Bank(json.loads(Path(os.environ["CERTIFY_DETAILS"]).read_text())["sandbox"])
    ThreadingHTTPServer.request_queue_size = 64
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
