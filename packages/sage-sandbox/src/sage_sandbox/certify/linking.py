"""Items about more accounts, renewing, and leaving: T13 to T20 (10.3 to 10.6)."""

import time
import uuid
from http import HTTPStatus
from typing import Any

from sage_sandbox.certify.hooks import HookRefused
from sage_sandbox.certify.onboarding import check_accepted, check_page, parameters
from sage_sandbox.certify.outcome import Failed
from sage_sandbox.certify.plan import Plan
from sage_sandbox.certify.run import Account, Run
from sage_sandbox.certify.sandbox import wait_for

plan = Plan()
_WITHIN_S = 30
_CANDIDATES = 2
_PAUSE_S = 1
_BUDGET = "THROTTLE"
"""The rule of a refusal that says nothing of the statement: the provider is to come again later."""


@plan.item("T13", "An account query finds the bank account", "6.5", "T8")
def queried(run: Run) -> None:
    """With the provider's credentials: so that what it would do to recover is known to work."""
    details = run.sandbox.details
    form = {
        "grant_type": "client_credentials",
        "client_id": details["clientId"],
        "client_secret": details["clientSecret"],
        "audience": details["audience"],
    }
    token = run.sandbox.http.post(f"{details['cloudIdUrl']}/oauth/token", data=form).json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "x-api-key": details["providerApiKey"]}
    body = {"data": {"bankId": details["bankId"], "externalId": run.account.external_id}}
    response = run.sandbox.http.post(f"{details['providerUrl']}/v1/accountqueries", json=body, headers=headers)
    while response.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # the provider is using its budget
        time.sleep(_PAUSE_S)
        response = run.sandbox.http.post(str(response.url), json=body, headers=headers)
    if response.status_code != HTTPStatus.OK:
        raise Failed("200", f"{response.status_code} {response.text[:200]}")
    if response.json()["data"]["bankAccountId"] != run.account.bank_account_id:
        raise Failed(run.account.bank_account_id, response.text[:200])


def _fetched(run: Run) -> list[dict[str, Any]]:
    """The login's accounts as the provider lists them now: Sage asks it behind its answer, and tells next time."""
    mark = run.sandbox.mark()
    run.company.available(run.account.bank_account_id)
    part = run.provider.callbacks.available_accounts
    wait_for(lambda: run.sandbox.since(mark, "out", "GET", part), _WITHIN_S, f"a call to {part}", "none")
    return run.company.available(run.account.bank_account_id)


def _available(run: Run, external_ids: set[str], mark: int) -> list[dict[str, Any]]:
    """What Sage knows of the login's accounts, once it knows these."""

    def known() -> list[dict[str, Any]] | None:
        found = _fetched(run)
        return found if external_ids <= {each["bankAccountExternalId"] for each in found} else None

    try:
        return run.wait_for(known, "", "", _WITHIN_S)
    except Failed:
        calls = run.sandbox.since(mark, "out", "GET", run.provider.callbacks.available_accounts)
        seen = "no call was made"
        if calls:
            rule = calls[-1]["rule"]
            seen = f"{calls[-1]['status'] or calls[-1]['error']}: {rule['message'] if rule else 'not all accounts'}"
        raise Failed("an array of all accounts of the login, with one bankIdentifier", seen) from None


@plan.item("T14", "availableaccounts lists every account of the login", "5.4, 7.8", "T9")
def available(run: Run) -> None:
    granted = run.sandbox.authorisation(run.session.id)["accounts"]
    mark = run.sandbox.mark()
    _available(run, {each["externalId"] for each in granted}, mark)
    calls = run.sandbox.since(mark, "out", "GET", run.provider.callbacks.available_accounts)
    if rule := calls[-1]["rule"]:
        raise Failed("a list that keeps the rules of 5.4", f"{rule['path']} {rule['message']}")


@plan.item("T15", "Two more accounts are linked: 201, connected, two notifications (N3)", "7.9, 8", "T14")
def more_linked(run: Run) -> None:
    known = {run.account.external_id}
    free = [each for each in run.company.available(run.account.bank_account_id) if not each["metadata"]["connected"]]
    if len(free) < _CANDIDATES:
        raise Failed("two accounts that are not linked yet: the test user needs three", f"{len(free)}")
    for candidate in free[:_CANDIDATES]:
        made = run.company.link_available(candidate["bankAccountCandidateId"], run.day(0))
        run.others.append(run.take(made, candidate, run.day(0)))
        known.add(candidate["bankAccountExternalId"])
    for account in run.others:
        check_accepted(run, account.bank_account_id, "N3")
    listed = run.company.available(run.account.bank_account_id)
    if not all(each["metadata"]["connected"] for each in listed if each["bankAccountExternalId"] in known):
        raise Failed("connected true for all three", "connected false")


@plan.item("S4", "Each account's lines arrive in that account alone", "10.4", "T15")
def routed(run: Run) -> None:
    account = run.others[0]
    lines = run.deliver(account, 40, 41)
    run.rest()
    elsewhere = [
        other.name
        for other in (run.account, *run.others[1:])
        if {line.id for line in lines} & {line["uniqueId"] for line in run.sandbox.lines(other.bank_account_id)}
    ]
    if elsewhere:
        raise Failed(f"the lines in {account.name} alone", f"they are in {', '.join(elsewhere)} too")


@plan.item("E10", "An account opened later appears in availableaccounts", "5.4", "T14")
def opened_later(run: Run) -> None:
    before = len(_fetched(run))
    run.hook("openAccount", run.provider.hooks.open_account)
    run.wait_for(lambda: len(_fetched(run)) > before, f"{before + 1} accounts", f"{before}", _WITHIN_S)


@plan.item("T16", "The provider says that an account needs re-authorisation", "10.3, 6.3", "T9")
def needs_renewal(run: Run) -> None:
    about = {"bankAccountId": run.account.bank_account_id, "externalId": run.account.external_id}
    run.hook("askForReauthorisation", run.provider.hooks.ask_for_reauthorisation, account=about)
    run.wait_for(
        lambda: run.sandbox.status(run.account.bank_account_id) == "authRequired",
        "a statement without lines and with status authRequired",
        "none",
    )


@plan.item("T17", "Renewal: 302, N1 is taken, GET authrefresh answers with HTML", "5.3, 7.10", "T16")
def renewal_presented(run: Run) -> None:
    session = run.company.renew(run.account.bank_account_id)
    check_accepted(run, session.id, "N1")
    mark = run.sandbox.mark()
    html = run.company.open_page(session)
    wanted = {"externalId": run.account.external_id, **parameters(session)}
    check_page(run, mark, run.provider.callbacks.re_auth, wanted)
    run.renewal, run.html = session, html


@plan.item("T18", "PATCH success makes the bank account active again", "6.2, 10.3", "T17")
def renewed(run: Run) -> None:
    session = run.renewal or run.session
    run.act_as_user(session, run.html)
    if (status := run.sandbox.status(run.account.bank_account_id)) != "active":
        answers = [f"{call['status']} {call['responseBody'][:200]}" for call in run.patches(session.id)]
        raise Failed("active once the user has consented", f"{status}; PATCH: {'; '.join(answers) or 'none'}")
    run.company.come_back(session)
    if not run.company.poll(session)["success"]:
        raise Failed("a poll that ends with success", "success false")


@plan.item("S5", "Lines go on after the renewal", "10.3", "T18")
def goes_on(run: Run) -> None:
    run.deliver(run.account, 50)


@plan.item("T19", "Disconnected: 204, N4 is taken, the bank account is cancelled", "7.12, 8", "T9")
def removed(run: Run) -> None:
    account = run.account
    known = len(run.sandbox.admin("GET", "/notifications"))
    run.company.remove(account.bank_account_id)

    def told() -> dict[str, Any] | None:
        new = run.sandbox.admin("GET", "/notifications")[known:]
        return next((each for each in new if each["name"] == "N4" and each["attempts"]), None)

    notification = wait_for(told, _WITHIN_S, "N4 sent", "none")
    if notification["status"] != "delivered":
        raise Failed("N4 answered 2xx at the first attempt", str(notification["lastStatusCode"] or "no answer"))
    if (status := run.sandbox.status(account.bank_account_id)) != "cancelled":
        raise Failed("cancelled", status)


@plan.item("E11", "Nothing is sent to a bank account that is cancelled", "10.5", "T19")
def stopped(run: Run) -> None:
    mark, account = run.sandbox.mark(), run.account
    try:
        run.send(account, run.make(account, 60))
    except HookRefused:
        return
    run.rest()
    posts = [call for call in run.sandbox.statement_posts(mark) if account.bank_account_id in call["requestBody"]]
    if posts:
        raise Failed("no statement after N4", f"{len(posts)}, answered {posts[-1]['status']}")


def _relink(run: Run) -> Account:
    """The account that was disconnected, linked anew: a bank account of its own."""
    return run.link(run.day(0))


@plan.item("E12", "Notifications that come twice are taken once", "5.1", "T19")
def twice(run: Run) -> None:
    mark = run.sandbox.mark()
    with run.sandbox.with_fault("notification", action="duplicate"):
        account = _relink(run)
        run.sandbox.notification(account.bank_account_id)
        lines = run.deliver(account, 70)
    run.rest()
    told = run.sandbox.since(mark, "out", "POST", run.provider.callbacks.notification)
    if bad := [call["status"] for call in told if not call["status"] or not 200 <= call["status"] < 300]:  # noqa: PLR2004 - any 2xx
        raise Failed("2xx both times", f"{bad[0]}")
    ids = [line["uniqueId"] for line in run.sandbox.lines(account.bank_account_id)]
    statements = run.sandbox.statements(account.bank_account_id)
    refused = [
        call
        for call in run.sandbox.statement_posts(mark)
        if call["rule"] and call["rule"]["code"] != _BUDGET and account.bank_account_id in call["requestBody"]
    ]
    if refused or any(each["status"] == "failed" for each in statements) or ids.count(lines[0].id) != 1:
        raise Failed(
            "one feed that sends each line once", f"{len(refused)} statements refused, {len(statements)} taken"
        )
    run.main = account


@plan.item("E13", "A bank account whose notification was lost is found by an account query", "5.1, 6.5", "E12")
def recovered(run: Run) -> None:
    within_s = run.provider.recovery_seconds
    hook = run.provider.hooks.recover
    if within_s is None and hook is None:
        run.hook("recover (and no recoverySeconds)", None)
    run.company.remove(run.account.bank_account_id)
    mark = run.sandbox.mark()
    with run.sandbox.with_fault("BankAccountCreated", action="drop"):
        account = _relink(run)
        run.sandbox.notification(account.bank_account_id)
    if hook is not None:
        run.hook("recover", hook, account={"externalId": account.external_id})

    def asked() -> bool:
        calls = run.sandbox.since(mark, "in", "POST", "/v1/accountqueries")
        return any(call["status"] == HTTPStatus.OK and account.external_id in call["requestBody"] for call in calls)

    expected = "POST /v1/accountqueries"
    if within_s is None:
        run.wait_for(asked, expected, "none")
    else:
        wait_for(asked, within_s, expected, "none")
    run.deliver(account, 80)
    run.main = account


@plan.item("T20", "The provider registers, changes and removes a bank", "6.1, 10.6")
def synced(run: Run) -> None:
    name = f"Certify {run.prefix}"

    def banks(called: str) -> list[dict[str, Any]]:
        found = run.sandbox.admin("GET", "/banks")
        return [each for each in found if each["name"] == called and not each["removed"]]

    def ask(action: str, **more: str) -> None:
        run.hook("syncBanks", run.provider.hooks.sync_banks, action=action, externalRef=str(uuid.uuid4()), **more)

    ask("create", name=name)
    if not banks(name):
        raise Failed(f"a bank {name} after create", "none")
    principal_id = banks(name)[0]["bankId"]
    ask("update", name=f"{name} renamed", principalId=principal_id)
    if [each["bankId"] for each in banks(f"{name} renamed")] != [principal_id]:
        raise Failed("the bank's new name after update", "the old one")
    ask("remove", name=f"{name} renamed", principalId=principal_id)
    if banks(f"{name} renamed"):
        raise Failed("no bank after remove", "the bank is there")
