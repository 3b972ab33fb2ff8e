"""The small bank's hooks for `certify`: JSON on standard input, and one call each to the bank that PORT names."""

import http.client
import json
import os
import sys
from urllib.parse import urlencode, urlsplit

PORT = int(os.environ.get("SMALL_BANK_PORT", "8090"))
REFUSED = 3


def post(path, content, media):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.request("POST", path, content, {"Content-Type": media})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.getheader("Location")


def clerk(what, **asked):
    status, text, _ = post(f"/counter/{what}", json.dumps(asked), "application/json")
    if status == 409:
        sys.stderr.write(text)
        sys.exit(REFUSED)
    if status != 200:
        sys.exit(f"the bank answered {status}: {text}")
    return json.loads(text)


def user(said, **form):
    """Fill in the page that ours leads to; where the browser is sent, which is not followed."""
    if not said["url"]:
        sys.exit("there is no login page to go to")
    status, _, location = post(urlsplit(said["url"]).path, urlencode(form), "application/x-www-form-urlencoded")
    if location is None:
        sys.exit(f"the login page answered {status}")
    return {"location": location}


def main():
    said, hook = json.load(sys.stdin), os.environ["CERTIFY_HOOK"]
    known = said.get("customer") or {}
    if hook == "prepare":
        return clerk("customers", name=said["prefix"])
    if hook == "logIn":
        return user(said, customer=known["customer"], password=known["password"])
    if hook == "cancel":
        return user(said, cancel="yes")
    if hook == "openAccount":
        return clerk("accounts", customer=known["customer"])
    if hook == "sendLines":
        return clerk("lines", externalId=said["account"]["externalId"], lines=said["lines"])
    if hook == "askForReauthorisation":
        return clerk("renewals", bankAccountId=said["account"]["bankAccountId"])
    if hook == "recover":
        return clerk("recovery", externalId=said["account"]["externalId"])
    if hook == "syncBanks":
        return clerk("banks", **{name: said[name] for name in said if name != "customer"})
    sys.exit(f"no hook {hook}")


sys.stdout.write(json.dumps(main()))
