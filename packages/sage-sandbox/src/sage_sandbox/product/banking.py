"""The Banking area: the company's bank accounts, and one account with its incoming bank transactions."""

from itertools import islice

from starlette.responses import Response

from sage_sandbox.exchange import read_form
from sage_sandbox.product import feeds
from sage_sandbox.product.client import Answered
from sage_sandbox.product.screens import Visit, go
from sage_sandbox.product.tenancy import ACCOUNTS_MAX, Kind, LedgerAccount
from sage_sandbox.product.words import LANGUAGES

PAGE_LINES = 50
NAME_LENGTH_MAX = 60
_KINDS: dict[str, Kind] = {"current": "current", "savings": "savings", "card": "card"}
_SAID = frozenset({"connected", "renewed", "disconnected", "mapped", "refreshed", "added", "confirm"})
_TONES = {"active": "good", "authRequired": "bad", "none": "plain", "cancelled": "plain"}


def feed_status(visit: Visit, account: LedgerAccount) -> str:
    """What the words of a status are looked up by."""
    attempt = visit.company.attempt_for(account)
    if account.is_connected:
        verifying = account.status == "authRequired" and attempt is not None and attempt.kind == "reauth"
        return "verifying" if verifying else account.status
    if attempt is not None:
        return "requested" if attempt.outcome == "open" else "pendingConfirmation"
    return account.status or "none"


def tone_of(status: str) -> str:
    return _TONES.get(status, "waiting")


async def _catch_up(visit: Visit) -> str:
    """Download whatever is due; a Banking Service that does not answer leaves the page as it was."""
    for account in visit.company.accounts:
        if feeds.is_due(account, visit.profile, visit.now):
            try:
                await feeds.refresh(visit.client, account, visit.now)
            except Answered as answered:
                return visit.say("stale", status=answered.status or "\u2013")
    return ""


def _said(visit: Visit, account: LedgerAccount | None = None) -> str:
    """What was just done; of a connection until its first lines are there."""
    said = visit.request.query_params.get("said", "")
    is_over = said == "connected" and account is not None and account.downloaded_to > 0
    return visit.say(f"said.{said}") if said in _SAID and not is_over else ""


async def get_home(visit: Visit) -> Response:
    stale = await _catch_up(visit)
    rows = [(account, status := feed_status(visit, account), tone_of(status)) for account in visit.company.accounts]
    return visit.show(
        "home.html",
        rows=rows,
        expired=[account for account, status, _ in rows if status == "authRequired"],
        stale=stale,
        said=_said(visit),
        currency=visit.profile.region.currency,
    )


async def get_account(visit: Visit) -> Response:
    account = visit.account()
    stale = await _catch_up(visit)
    before = visit.request.query_params.get("before", "")
    at = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None  # noqa: PLR2004 - an id
    lines: list[feeds.Shown] = []
    if account.bank_account_id is not None:
        ledger = visit.world.ledger(account.bank_account_id)
        found = feeds.lines_before(ledger, account, visit.profile, visit.now, at)
        lines = list(islice(found, PAGE_LINES + 1))
    status = feed_status(visit, account)
    return visit.show(
        "account.html",
        account=account,
        feed=status,
        tone=tone_of(status),
        attempt=visit.company.attempt_for(account),
        lines=lines[:PAGE_LINES],
        older=lines[PAGE_LINES - 1].number if len(lines) > PAGE_LINES else None,
        is_first=at is None,
        next_refresh=feeds.next_refresh(account, visit.profile),
        stale=stale,
        said=_said(visit, account),
    )


async def post_refresh(visit: Visit) -> Response:
    """Now, whatever the rhythm is: nobody who tests wants to wait until tomorrow."""
    account = visit.account()
    if account.is_connected:
        await feeds.refresh(visit.client, account, visit.now)
    return go(visit.url(account) + "?said=refreshed")


async def post_account(visit: Visit) -> Response:
    form = await read_form(visit.request)
    name = form.get("name", "").strip()[:NAME_LENGTH_MAX]
    currency = form.get("currency", "").strip().upper()
    kind = _KINDS.get(form.get("kind", ""))
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha()  # noqa: PLR2004 - ISO 4217
    if not name or kind is None or not is_code or len(visit.company.accounts) >= ACCOUNTS_MAX:
        return visit.refuse(visit.say("add.refused.title"), visit.say("add.refused.text"), 400)
    number = str(1200 + 10 * len(visit.company.accounts))
    added = LedgerAccount(account_id=visit.world.new_id(), name=name, number=number, kind=kind, currency=currency)
    visit.company.accounts.append(added)
    return go(visit.home + "?said=added")


async def post_language(visit: Visit) -> Response:
    form = await read_form(visit.request)
    if form.get("language") in LANGUAGES:
        visit.company.language = form["language"]
    here = form.get("here", "")
    return go(here if here == visit.home or here.startswith(visit.home + "/") else visit.home)
