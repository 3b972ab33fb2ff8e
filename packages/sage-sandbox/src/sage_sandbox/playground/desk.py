"""Behind the counter, by API: send lines, ask for a new login, open accounts, decide for customers, change listings."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.exchange import answer, no_content, read
from sage_sandbox.playground import feeds, history
from sage_sandbox.playground.bank import Playground, playground_of
from sage_sandbox.playground.connector import check_usable
from sage_sandbox.playground.pages import decide
from sage_sandbox.playground.records import PlaygroundAccount, PlaygroundFeed
from sage_sandbox.records import Region
from sage_sandbox.refusals import refuse

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[\w .-]+$")]
ListingName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")
]


class AccountBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    bank_id: str
    customer: Name = "demo"
    account_name: Name = "Current account"
    account_type: Literal["business", "savings", "creditCard"] = "business"


class LinesBody(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5


class _DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    decision: Literal["allow", "refuse"] = "allow"
    customer: Name = "demo"


class BankBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: ListingName
    country_code: str = "GBR"
    region: Region = "eu"


_account_body = wire.decoder(AccountBody)
_lines_body = wire.decoder(LinesBody)
_decision_body = wire.decoder(_DecisionBody)
_bank_body = wire.decoder(BankBody)


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
