"""Behind the counter: have the playground send lines, ask for a new login, open accounts; by API or page."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sage_sandbox import wire
from sage_sandbox.exchange import answer, no_content, read, read_form
from sage_sandbox.playground import feeds, history
from sage_sandbox.playground.bank import PATH, Playground, playground_of
from sage_sandbox.playground.connector import check_usable
from sage_sandbox.playground.pages import decide, show
from sage_sandbox.playground.records import PlaygroundAccount, PlaygroundFeed
from sage_sandbox.playground.words import language_of, money
from sage_sandbox.records import Region
from sage_sandbox.refusals import refuse

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[\w .-]+$")]


class _AccountBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    bank_id: str
    customer: Name = "demo"
    account_name: Name = "Current account"
    account_type: Literal["business", "savings", "creditCard"] = "business"


class _LinesBody(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5


class _DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    decision: Literal["allow", "refuse"] = "allow"
    customer: Name = "demo"


class _BankBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str
    country_code: str = "GBR"
    region: Region = "eu"


_account_body = wire.decoder(_AccountBody)
_lines_body = wire.decoder(_LinesBody)
_decision_body = wire.decoder(_DecisionBody)
_bank_body = wire.decoder(_BankBody)


# --- accounts and feeds ---------------------------------------------------------------------------------------------


def _feed_view(feed: PlaygroundFeed) -> dict[str, object]:
    return {
        "bankAccountId": feed.bank_account_id,
        "startDate": feed.start_on,
        "sent": feed.sent,
        "needsReauthorisation": feed.needs_reauth,
        "closed": feed.closed,
        "problem": feed.problem,
    }


def _account_view(playground: Playground, account: PlaygroundAccount) -> dict[str, object]:
    linked = playground.world.book.playground_feeds.values()
    return {
        "externalId": account.external_id,
        "bankId": account.bank_id,
        "customer": account.customer,
        "accountName": account.account_name,
        "accountType": account.account_type,
        "lines": account.count,
        "balance": history.balance_after(account, account.count),
        "feeds": [_feed_view(feed) for feed in linked if feed.external_id == account.external_id],
    }


async def get_accounts(request: Request) -> Response:
    """Every customer's accounts; balances in hundredths."""
    playground = playground_of(request)
    return answer([_account_view(playground, each) for each in playground.world.book.playground_accounts.values()])


async def post_account(request: Request) -> Response:
    """Open a further account for a customer: it shows among the available ones."""
    playground = playground_of(request)
    body = await read(request, _account_body)
    playground.bank(body.bank_id)
    playground.accounts_of(body.bank_id, body.customer)
    account = playground.open_account(body.bank_id, body.customer, body.account_name, body.account_type)
    return answer(_account_view(playground, account), 201)


async def post_lines(request: Request) -> Response:
    playground = playground_of(request)
    body = await read(request, _lines_body)
    account = playground.account(request.path_params["external_id"])
    await feeds.send_lines(playground, account, body.count)
    return answer(_account_view(playground, account), 202)


async def post_reauthorisation(request: Request) -> Response:
    playground = playground_of(request)
    account = playground.account(request.path_params["external_id"])
    if not await feeds.ask_for_renewal(playground, account):
        raise refuse(409, "NOT_LINKED", "No Sage product has linked the account", "externalId")
    return answer(_account_view(playground, account), 202)


# --- sessions, for who has no browser -------------------------------------------------------------------------------


async def get_authorisations(request: Request) -> Response:
    sessions = playground_of(request).world.book.playground_sessions.values()
    return answer(
        [
            {
                "authorisationId": session.authorisation_id,
                "bankId": session.bank_id,
                "presented": session.presented,
                "used": session.used,
            }
            for session in sessions
        ]
    )


async def post_authorisation(request: Request) -> Response:
    """Decide as a customer would on the page; the browser's return is left to the caller."""
    playground = playground_of(request)
    body = await read(request, _decision_body)
    session = playground.world.book.playground_sessions.get(request.path_params["authorisation_id"])
    if session is None:
        raise refuse(404, "AUTHORISATION_UNKNOWN", "No notification announced this authorisation", "authorisationId")
    if not session.presented:
        raise refuse(409, "NOT_PRESENTED", "Sage has not asked for the page yet", "authorisationId")
    check_usable(playground, session)
    reply = await decide(playground, session, body.customer, allow=body.decision == "allow")
    if not reply.taken:
        raise refuse(502, "SAGE_REFUSED", f"Sage answered {reply.status or 'nothing'}: {reply.text[:200]}")
    return answer({"redirectUri": session.redirect_uri, "state": session.state})


# --- listings -------------------------------------------------------------------------------------------------------


async def get_banks(request: Request) -> Response:
    return answer(list(playground_of(request).world.book.playground_banks.values()))


async def post_bank(request: Request) -> Response:
    body = await read(request, _bank_body)
    return answer(await playground_of(request).create_bank(body.name, body.country_code, body.region), 201)


async def put_bank(request: Request) -> Response:
    playground = playground_of(request)
    bank = playground.bank(request.path_params["bank_id"])
    return answer(await playground.rename_bank(bank, (await read(request, _bank_body)).name))


async def delete_bank(request: Request) -> Response:
    playground = playground_of(request)
    await playground.remove_bank(playground.bank(request.path_params["bank_id"]))
    return no_content()


# --- the page -------------------------------------------------------------------------------------------------------


async def get_desk(request: Request) -> Response:
    playground = playground_of(request)
    book = playground.world.book
    rows = [
        {
            "account": account,
            "bank": book.playground_banks.get(account.bank_id),
            "balance": money(history.balance_after(account, account.count), language_of(request)),
            "feeds": feeds.feeds_of(playground, account.external_id),
            "working": any(
                f.bank_account_id in playground.working for f in feeds.feeds_of(playground, account.external_id)
            ),
        }
        for account in book.playground_accounts.values()
    ]
    return show(request, "desk.html", rows=rows, banks=list(book.playground_banks.values()))


async def post_desk(request: Request) -> Response:
    """One of the page's buttons."""
    playground = playground_of(request)
    form = await read_form(request)
    action = form.get("action")
    if action == "open":
        body = _converted({"bankId": form.get("bankId", ""), "customer": form.get("customer") or "demo"}, form)
        playground.bank(body.bank_id)
        playground.accounts_of(body.bank_id, body.customer)
        playground.open_account(body.bank_id, body.customer, body.account_name)
    else:
        account = playground.account(form.get("externalId", ""))
        if action == "renew":
            await feeds.ask_for_renewal(playground, account)
        else:
            text = form.get("count", "")
            count = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0  # noqa: PLR2004 - at most 1000
            if not 1 <= count <= 1000:  # noqa: PLR2004 - what one statement carries
                raise refuse(400, "SCHEMA_INVALID", "Expected a number from 1 to 1000", "count")
            await feeds.send_lines(playground, account, count)
    return RedirectResponse(f"{PATH}?lang={language_of(request)}", 303)


def _converted(fields: dict[str, str], form: dict[str, str]) -> _AccountBody:
    if form.get("accountName"):
        fields["accountName"] = form["accountName"]
    try:
        return msgspec.convert(fields, _AccountBody)
    except msgspec.ValidationError as error:
        raise refuse(400, "SCHEMA_INVALID", str(error)) from None
