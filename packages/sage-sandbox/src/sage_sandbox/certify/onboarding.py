"""The plan's items T1 to T9: from Connect bank to an active bank account (10.1)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from sage_sandbox.certify.outcome import Failed, Skipped
from sage_sandbox.certify.plan import Plan
from sage_sandbox.certify.product import Session, onward
from sage_sandbox.certify.run import DAYS, Run
from sage_sandbox.certify.sandbox import wait_for

plan = Plan()
_ACCOUNTS_MIN = 2
_ANCESTORS = ("https://*.sagebankdrive.com", "https://*.sage.com", "https://*.intacct.com", "https://*.sageone.com")
_FIELDS = ("externalId", "accountName", "bankIdentifier", "accountIdentifier")


@plan.item("T1", "Sage lists the bank", "7.3")
def listed(run: Run) -> None:
    bank = run.company.bank()
    if bank["bankId"] != run.sandbox.details["bankId"]:
        raise Failed(f"bankId {run.sandbox.details['bankId']}", bank["bankId"])


@plan.item("T2", "Connect bank gives a page and a poll route", "7.4", "T1")
def connected(run: Run) -> None:
    if not run.session.poll_route.startswith("http"):
        raise Failed("a poll route", run.session.poll_route)


def check_accepted(run: Run, resource_id: str, what: str) -> None:
    """A notification was answered 2xx the first time."""
    told = run.sandbox.notification(resource_id)
    if told["status"] != "delivered" or told["attempts"] != 1:
        seen = told["lastStatusCode"] or "no answer"
        raise Failed(f"{what} answered 2xx at the first attempt", f"{seen} (attempts: {told['attempts']})")


@plan.item("T3", "AuthorisationCreated (N1) is taken", "5.1, 8", "T2")
def authorisation_announced(run: Run) -> None:
    check_accepted(run, run.session.id, "N1")
    if run.provider.session_seconds is not None:
        run.let_one_age()


def check_page(run: Run, mark: int, part: str, wanted: dict[str, str]) -> None:
    """The provider's page was asked for with these parameters, and it is HTML."""
    calls = run.sandbox.since(mark, "out", "GET", part)
    if not calls:
        raise Failed(f"a call to {part}", "none")
    query = dict(parse_qsl(urlsplit(str(calls[-1]["url"])).query))
    if wrong := {name for name, value in wanted.items() if query.get(name) != value}:
        raise Failed(f"{', '.join(wanted)} in the call's query", f"other values of {', '.join(sorted(wrong))}")
    media = calls[-1]["responseHeaders"].get("content-type", "none")
    if not media.lower().startswith("text/html") or not calls[-1]["responseBody"].strip():
        raise Failed("HTML that is not empty", f"{calls[-1]['responseBytes']} bytes of type {media}")


def parameters(session: Session) -> dict[str, str]:
    return {"authorisation_id": session.id, "redirect_uri": session.redirect_uri, "state": session.state}


@plan.item("T4", "GET auth answers with HTML to embed", "5.2", "T3")
def presented(run: Run) -> None:
    mark = run.sandbox.mark()
    html = run.company.open_page(run.session)
    check_page(run, mark, run.provider.callbacks.auth, {"bank": run.session.bank_id, **parameters(run.session)})
    run.html = html


@plan.item("S1", "The provider's own page may be framed by Sage", "5.2", "T4")
def framed(run: Run) -> None:
    url = onward(run.html)
    if url is None:
        raise Skipped("the page is shown within Sage's: it goes on to no page of the provider's own")
    response = httpx2.get(url, timeout=10, trust_env=False)
    if response.headers.get("x-frame-options"):
        raise Failed("no X-Frame-Options", response.headers["x-frame-options"])
    policies = response.headers.get("content-security-policy", "").split(";")
    found = [part.split()[1:] for part in policies if part.split()[:1] == ["frame-ancestors"]]
    ancestors = found[0] if found else []
    if missing := [origin for origin in _ANCESTORS if origin not in ancestors and "*" not in ancestors]:
        raise Failed(f"frame-ancestors with {' '.join(missing)}", " ".join(ancestors) or "no frame-ancestors")


@plan.item("T5", "PATCH authorisations with success and two accounts or more", "6.2", "T4")
def authorised(run: Run) -> None:
    run.location = run.act_as_user(run.session, run.html)
    known = run.sandbox.authorisation(run.session.id)
    accounts: list[dict[str, Any]] = known["accounts"]
    if known["status"] != "authorised":
        answers = [f"{call['status']} {call['responseBody'][:200]}" for call in run.patches(run.session.id)]
        raise Failed("PATCH success before the browser is sent back", "; ".join(answers) or "no PATCH")
    if len(accounts) < _ACCOUNTS_MIN:
        raise Failed("two accounts or more: the test user needs them", f"{len(accounts)}")
    if empty := [f"bankAccounts[{at}].{name}" for at, one in enumerate(accounts) for name in _FIELDS if not one[name]]:
        raise Failed("every field filled", f"{empty[0]} is empty")
    for name, few in (("externalId", False), ("bankIdentifier", True)):
        found = {one[name] for one in accounts}
        if len(found) != (1 if few else len(accounts)):
            raise Failed(f"{'one' if few else 'an own'} {name} for all accounts", ", ".join(sorted(found)))


@plan.item("S2", "The browser comes back to redirect_uri as it was given, with state", "5.2", "T5")
def came_back(run: Run) -> None:
    run.check_location(run.session, run.location)


@plan.item("T6", "The poll ends with success and an account", "7.5", "T5")
def polled(run: Run) -> None:
    run.company.come_back(run.session)
    told = run.company.poll(run.session)
    if not told["success"] or not told["account"].get("bankAccountExternalId"):
        raise Failed("success true and an externalId", str(told))
    run.picked = told["account"]


@plan.item("T7", "The product opens a bank account: 201, pending", "7.6", "T6")
def opened(run: Run) -> None:
    start_on = run.day(DAYS)
    made = run.company.add(run.picked, start_on)
    run.main = run.take(made, run.picked, start_on)
    if made["status"] != "pending":
        raise Failed("status pending", made["status"])


@plan.item("T8", "BankAccountCreated (N2) is taken", "5.1, 8", "T7")
def account_announced(run: Run) -> None:
    check_accepted(run, run.account.bank_account_id, "N2")


@plan.item("T9", "The first statement makes the bank account active", "9.2, 10.1", "T8")
def activated(run: Run) -> None:
    run.deliver(run.account, 10, ago=DAYS - 1)
    status = wait_for(lambda: run.sandbox.status(run.account.bank_account_id), 1, "", "")
    if status != "active":
        raise Failed("active", status)
