"""Items about who may speak, and which authorisations count: the negative part of onboarding (5.1, 5.2)."""

import contextlib
import time
import uuid
from http import HTTPStatus

from sage_sandbox.certify.onboarding import parameters
from sage_sandbox.certify.outcome import Failed, Skipped
from sage_sandbox.certify.plan import Plan
from sage_sandbox.certify.product import Session
from sage_sandbox.certify.run import Run

plan = Plan()
_OK = 200
_REFUSALS = range(400, 500)


def _announced(run: Run) -> Session:
    session = run.company.connect()
    run.sandbox.notification(session.id)
    return session


def _check_refused(status: int | None, what: str) -> None:
    if status is None or status not in _REFUSALS:
        raise Failed(f"{what} answered 401 or 403", str(status or "no answer"))


def _check_unprocessed(run: Run, session: Session, *, bank: str, why: str) -> None:
    """A page asked for like this leads to no PATCH, whatever the user does with it."""
    before = len(run.patches(session.id))
    query = {"bank": bank, **parameters(session)}
    response = run.sandbox.http.get(run.provider.callbacks.auth, params=query)
    if response.status_code != _OK:
        return
    with contextlib.suppress(Failed):  # the hook finds no way on: that is what ought to be
        run.act_as_user(session, response.text)
    if len(run.patches(session.id)) > before:
        raise Failed(f"no PATCH for an authorisation {why}", "a PATCH")


@plan.item("E14", "A notification without the registered header is refused", "5.1, 3.2", "T3")
def without_header(run: Run) -> None:
    header = run.provider.header
    bank = f"/banks/{run.sandbox.details['bankId']}"
    run.sandbox.admin("PUT", bank, {"headerName": f"{header.name}-Not"})
    try:
        status = run.sandbox.notification(run.company.connect().id)["lastStatusCode"]
    finally:
        run.sandbox.admin("PUT", bank, {"headerName": header.name})
    _check_refused(status, "a notification without the header")


def _with_flaw(run: Run, flaw: str, what: str) -> None:
    with run.sandbox.with_fault("N1", action=flaw):
        status = run.sandbox.notification(run.company.connect().id)["lastStatusCode"]
    _check_refused(status, what)


@plan.item("E15", "A notification with another value of the header is refused", "5.1, 3.2", "T3")
def wrong_header(run: Run) -> None:
    _with_flaw(run, "wrong_header", "a notification with a wrong header value")


@plan.item("E16", "A notification whose token Sage's keys did not sign is refused", "5.1, 3.2", "T3")
def wrong_token(run: Run) -> None:
    _with_flaw(run, "wrong_token", "a notification with a stranger's token")


@plan.item("E17", "A notification whose token has expired is refused", "5.1, 3.2", "T3")
def expired_token(run: Run) -> None:
    _with_flaw(run, "expired_token", "a notification with an old token")


def _unknown(run: Run) -> Session:
    """A session that there never was."""
    real = run.session
    link = {"redirect": real.page_url, "pollRoute": real.poll_route}
    redirect_uri = f"{real.redirect_uri.rsplit('/', 1)[0]}/{uuid.uuid4()}"
    known = {"authorisationId": str(uuid.uuid4()), "bankId": real.bank_id, "redirectUri": redirect_uri}
    return Session(link, {**known, "state": str(uuid.uuid4()), "kind": "onboarding"})


@plan.item("E18", "An authorisation id that was never announced is not processed", "5.2", "T5")
def unknown_authorisation(run: Run) -> None:
    session = _unknown(run)
    _check_unprocessed(run, session, bank=session.bank_id, why="that Sage never announced")


@plan.item("E19", "An authorisation announced for another bank is not processed", "5.2", "T5")
def other_bank(run: Run) -> None:
    _check_unprocessed(run, _announced(run), bank=str(uuid.uuid4()), why="of another bank")


@plan.item("E20", "An authorisation is used once", "5.2, 9.1", "T6")
def used_again(run: Run) -> None:
    _check_unprocessed(run, run.session, bank=run.session.bank_id, why="that was used before")


@plan.item("E21", "An authorisation that is too old is not processed", "5.2", "T5")
def too_old(run: Run) -> None:
    lifetime_s = run.provider.session_seconds
    if lifetime_s is None:
        raise Skipped("the provider file has no sessionSeconds: the 20 minutes would have to be waited for")
    session, announced_s = run.let_one_age()
    time.sleep(max(0.0, announced_s + lifetime_s + 1 - time.monotonic()))
    _check_unprocessed(run, session, bank=session.bank_id, why=f"older than {lifetime_s:g} s")


def _goes_back(run: Run) -> None:
    session = _announced(run)
    run.check_location(session, run.log_in(session))


@plan.item("E22", "A redirect_uri that has a query keeps it", "5.2", "T5")
def query_kept(run: Run) -> None:
    with run.sandbox.with_settings(redirectQuery="e2e=certify-1"):
        _goes_back(run)


@plan.item("E23", "A redirect_uri at money.sage.com is taken", "5.2, 2", "T5")
def other_host(run: Run) -> None:
    with run.sandbox.with_settings(redirectHost="https://money.sage.com"):
        _goes_back(run)


@plan.item("E24", "A user who gives up is reported, and goes back to Sage", "6.2, 5.2", "T5")
def cancelled(run: Run) -> None:
    session = _announced(run)
    location = run.log_in(session, cancel=True)
    status = run.sandbox.authorisation(session.id)["status"]
    if status != "failed":
        raise Failed("PATCH with a status of failure", f"the authorisation is {status}")
    if location is None:
        raise Failed("the browser sent back to redirect_uri", "the hook printed no location")
    run.company.come_back(session)
    told = run.company.poll(session)
    if told["success"] or told["account"] is not None:
        raise Failed("success false and no account", str(told))


@plan.item("S6", "Tokens are reused, not fetched for each call", "3.1, 14", "T9")
def tokens_reused(run: Run) -> None:
    fetched = len(run.sandbox.since(run.begun, "in", "POST", "/oauth/token"))
    made = [c for c in run.sandbox.calls()[run.begun :] if c["direction"] == "in" and "/papi/" in c["url"]]
    refused = sum(call["status"] == HTTPStatus.UNAUTHORIZED for call in made)
    allowed = max(4, len(made) // 5) + refused
    if fetched > allowed:
        raise Failed(f"at most {allowed} tokens for {len(made)} calls", str(fetched))
