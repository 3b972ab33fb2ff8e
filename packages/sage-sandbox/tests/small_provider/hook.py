"""The small bank's hooks for `certify`: JSON on standard input, and one call each to the bank that PORT names."""

import http.client
import json
import os
import sys
from urllib.parse import urlencode, urlsplit

PORT = int(os.environ.get("SMALL_BANK_PORT", "8090"))
REFUSED = 3


def post(path, content, media):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
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


HOOKS = {
    "prepare": lambda said: clerk("customers", name=said["prefix"]),
    "logIn": lambda said: user(said, **said["customer"]),
    "cancel": lambda said: user(said, cancel="yes"),
    "openAccount": lambda said: clerk("accounts", customer=said["customer"]["customer"]),
    "sendLines": lambda said: clerk("lines", externalId=said["account"]["externalId"], lines=said["lines"]),
    "askForReauthorisation": lambda said: clerk("renewals", bankAccountId=said["account"]["bankAccountId"]),
    "recover": lambda said: clerk("recovery", externalId=said["account"]["externalId"]),
    "syncBanks": lambda said: clerk("banks", **{name: said[name] for name in said if name != "customer"}),
    "settle": lambda _: clerk("rest"),
}

sys.stdout.write(json.dumps(HOOKS[os.environ["CERTIFY_HOOK"]](json.load(sys.stdin))))
