"""Connect bank: search, terms, the bank's page in a frame, its account, start date, confirm; and renewing."""

from datetime import date, timedelta

from starlette.responses import JSONResponse, Response

from sage_sandbox.banks import COUNTRIES
from sage_sandbox.exchange import read_form
from sage_sandbox.product import feeds
from sage_sandbox.product.client import AccountSeen, Answered, BankSeen, Linking
from sage_sandbox.product.screens import Missing, Visit, go, origin_of
from sage_sandbox.product.tenancy import Attempt, LedgerAccount
from sage_sandbox.product.words import in_order

SEARCH_LENGTH_MAX = 80
_USED = 410
_CONFLICT = 409


# --- choose an institution ----------------------------------------------------------------------------------------


async def get_search(visit: Visit) -> Response:
    account = visit.account()
    query = visit.request.query_params
    country = query.get("country", visit.profile.region.country)
    name = query.get("name", "").strip()[:SEARCH_LENGTH_MAX]
    found = await visit.client.banks(name, country if country in COUNTRIES else "")
    return visit.show(
        "search.html", account=account, country=country, countries=_countries(visit), name=name,
        banks=sorted(found, key=lambda bank: bank.name.casefold()),
    )  # fmt: skip


def _countries(visit: Visit) -> list[tuple[str, str]]:
    named = [(code, visit.say(f"country.{code}")) for code in COUNTRIES]
    return sorted(named, key=lambda each: in_order(each[1]))


async def get_terms(visit: Visit) -> Response:
    return _terms(visit, visit.account(), await visit.client.bank(visit.request.path_params["bank_id"]))


def _terms(visit: Visit, account: LedgerAccount, bank: BankSeen, problem: str = "") -> Response:
    is_beta = bank.status == "beta"
    return visit.show("terms.html", 400 if problem else 200, account=account, bank=bank, beta=is_beta, problem=problem)


async def post_terms(visit: Visit) -> Response:
    """Agreed: a session is opened at the Banking Service."""
    account = visit.account()
    bank = await visit.client.bank(visit.request.path_params["bank_id"])
    form = await read_form(visit.request)
    if bank.status == "beta" and not _is_invited(visit, bank, form.get("code", "")):
        return _terms(visit, account, bank, visit.say("beta.wrong"))
    if account.is_connected:
        return go(visit.url(account))
    attempt_id = visit.world.new_id()
    linking = await visit.client.link(bank.bank_id, _correlation(visit, attempt_id))
    return _begin(visit, attempt_id, account, bank, linking, "onboarding")


def _is_invited(visit: Visit, bank: BankSeen, code: str) -> bool:
    """Sage checks the code of a beta bank in its own pages; no call of the Consumer API carries it."""
    return "".join(code.split()) == visit.world.book.banks[bank.bank_id].invite_code


def _correlation(visit: Visit, attempt_id: str) -> str:
    """By this the Banking Service's own pages know the language and the way back."""
    return f"{visit.company.company_key}.{attempt_id}"


def _begin(
    visit: Visit, attempt_id: str, account: LedgerAccount, bank: BankSeen, linking: Linking, kind: str
) -> Response:
    attempt = Attempt(
        attempt_id=attempt_id,
        account_id=account.account_id,
        kind="reauth" if kind == "reauth" else "onboarding",
        bank_id=bank.bank_id,
        bank_name=bank.name,
        in_frame=bank.supportiframe,
        redirect=linking.redirect,
        poll_route=linking.poll_route,
        poll_period_ms=linking.poll_period,
        opened_at=visit.now,
        origin=origin_of(visit.request),
    )
    visit.company.begin(attempt)
    return go(attempt_url(visit, attempt))


async def post_reauthorise(visit: Visit) -> Response:
    account = visit.account()
    if not account.is_connected:
        return go(visit.url(account))
    attempt_id = visit.world.new_id()
    linking = await visit.client.reauthorise(account.bank_account_id or "", _correlation(visit, attempt_id))
    bank = await visit.client.bank(account.bank_id)
    return _begin(visit, attempt_id, account, bank, linking, "reauth")


# --- the bank's page ----------------------------------------------------------------------------------------------


def attempt_url(visit: Visit, attempt: Attempt, verb: str = "") -> str:
    return f"{visit.home}/attempts/{attempt.attempt_id}{verb and '/'}{verb}"


def _attempt(visit: Visit) -> tuple[Attempt, LedgerAccount]:
    attempt = visit.company.attempt(visit.request.path_params["attempt_id"])
    account = visit.company.account(attempt.account_id) if attempt else None
    if attempt is None or account is None:
        raise Missing
    return attempt, account


async def get_frame(visit: Visit) -> Response:
    attempt, account = _attempt(visit)
    if attempt.outcome != "open":
        return go(attempt_url(visit, attempt, "done"))
    urls = {"state": attempt_url(visit, attempt, "state"), "done": attempt_url(visit, attempt, "done")}
    return visit.show("frame.html", frames=True, attempt=attempt, account=account, urls=urls)


async def _advance(visit: Visit, attempt: Attempt, account: LedgerAccount) -> None:
    """Ask once how it stands. A route answers once, and another look may have used it meanwhile."""
    if attempt.outcome != "open":
        return
    route = attempt.poll_route
    try:
        told = await visit.client.poll(route)
    except Answered as answered:
        if answered.status == _USED:
            return
        raise
    if told.success is None:
        attempt.poll_route, attempt.poll_period_ms = told.poll_route, told.poll_period
    elif not told.success or told.account is None:
        attempt.outcome = "failed"
    elif attempt.kind == "reauth":
        attempt.outcome = "finished"
        await feeds.refresh(visit.client, account, visit.now)
    else:
        attempt.outcome, attempt.picked = "picked", told.account


def _onward(visit: Visit, attempt: Attempt, account: LedgerAccount) -> str | None:
    """Where the user goes next; none while the bank's page is not done."""
    if attempt.outcome == "open":
        return None
    if attempt.outcome == "picked":
        return attempt_url(visit, attempt, "start-date")
    if attempt.outcome == "confirming":
        return visit.url(account) if visit.profile.product.confirms else attempt_url(visit, attempt, "confirm")
    if attempt.outcome == "failed":
        return attempt_url(visit, attempt, "done")
    return visit.url(account) + ("?said=renewed" if attempt.kind == "reauth" else "")


async def get_state(visit: Visit) -> Response:
    """What the page's script asks for."""
    attempt, account = _attempt(visit)
    await _advance(visit, attempt, account)
    headers = {"Cache-Control": "no-store"}
    return JSONResponse({"next": _onward(visit, attempt, account), "wait": attempt.poll_period_ms}, headers=headers)


async def get_done(visit: Visit) -> Response:
    """Where the frame's last page leads, script or none."""
    attempt, account = _attempt(visit)
    await _advance(visit, attempt, account)
    if attempt.outcome == "failed":
        return visit.show("failed.html", attempt=attempt, account=account)
    return go(_onward(visit, attempt, account) or attempt_url(visit, attempt))


# --- start date and confirm ---------------------------------------------------------------------------------------


def today_of(visit: Visit) -> date:
    return feeds.day_of(visit.now, visit.profile)


def read_start(visit: Visit, text: str) -> str | None:
    """A day that is not in the future."""
    try:
        on = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return on.isoformat() if on <= today_of(visit) else None


def usual_start(visit: Visit) -> str:
    return (today_of(visit) - timedelta(days=visit.profile.product.history_days)).isoformat()


async def get_start_date(visit: Visit) -> Response:
    attempt, account = _attempt(visit)
    if attempt.outcome not in {"picked", "confirming"}:
        return go(attempt_url(visit, attempt, "done"))
    return _start_date(visit, attempt, account)


def _start_date(visit: Visit, attempt: Attempt, account: LedgerAccount, problem: str = "") -> Response:
    return visit.show(
        "start_date.html", 400 if problem else 200, attempt=attempt, account=account, problem=problem,
        start=attempt.start_date or usual_start(visit), today=today_of(visit).isoformat(),
    )  # fmt: skip


async def post_start_date(visit: Visit) -> Response:
    attempt, account = _attempt(visit)
    if attempt.outcome not in {"picked", "confirming"}:
        return go(attempt_url(visit, attempt, "done"))
    start = read_start(visit, (await read_form(visit.request)).get("startDate", ""))
    if start is None:
        return _start_date(visit, attempt, account, visit.say("start.wrong"))
    attempt.start_date, attempt.outcome = start, "confirming"
    onward = _onward(visit, attempt, account) or ""
    return go(onward + "?said=confirm" if visit.profile.product.confirms else onward)


async def get_confirm(visit: Visit) -> Response:
    attempt, account = _attempt(visit)
    if attempt.outcome != "confirming":
        return go(attempt_url(visit, attempt, "done"))
    start = date.fromisoformat(attempt.start_date)
    return visit.show("confirm.html", attempt=attempt, account=account, start=start)


async def post_confirm(visit: Visit) -> Response:
    """The bank account is made at the Banking Service, which tells the provider."""
    attempt, account = _attempt(visit)
    picked = attempt.picked
    if attempt.outcome != "confirming" or picked is None or account.is_connected:
        return go(visit.url(account))
    attempt.outcome = "finished"
    try:
        made = await visit.client.add(_body(attempt, account))
    except Answered as answered:
        attempt.outcome = "failed" if answered.status == _CONFLICT else "confirming"
        raise
    account.bank_id, account.bank_name = attempt.bank_id, attempt.bank_name
    take(account, made, picked.account_name, attempt.start_date)
    return go(visit.url(account) + "?said=connected")


def _body(attempt: Attempt, account: LedgerAccount) -> dict[str, object]:
    picked = attempt.picked
    if picked is None:
        raise AssertionError("only a picked account is confirmed")
    named = {
        "accountKey": picked.account_key,
        "branchIdentifier": picked.branch_identifier,
    }
    return {
        "accountType": "CREDIT" if account.kind == "card" else "DEBIT",
        "accountName": picked.account_name,
        "accountIdentifier": picked.account_identifier,
        "bankIdentifier": picked.bank_identifier,
        **{name: value for name, value in named.items() if value is not None},
        "defaultCurrency": account.currency,
        "bankId": attempt.bank_id,
        "requestedStartDate": instant_of(attempt.start_date),
    }


def instant_of(start: str) -> str:
    return f"{start}T00:00:00.000Z"


def take(account: LedgerAccount, made: AccountSeen, name: str, start: str) -> None:
    """From here on the account in the books has this feed."""
    account.bank_account_id, account.status = made.bank_account_id, made.status
    account.name_at_bank, account.start_date = name, start
    account.balance, account.downloaded_to, account.refreshed_at = None, 0, None
