"""The four callbacks that Sage calls (5): notifications, the two pages' first fetch, available accounts."""

import secrets
from datetime import timedelta
from typing import Any, cast

import httpx2
import jwt
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sage_sandbox import wire
from sage_sandbox.exchange import answer, no_content, read
from sage_sandbox.playground import feeds
from sage_sandbox.playground.bank import HEADER, Playground, playground_of
from sage_sandbox.playground.records import PlaygroundSession
from sage_sandbox.playground.sage import bank_identifier
from sage_sandbox.playground.words import language_of, words_in
from sage_sandbox.records import Region
from sage_sandbox.refusals import refuse

LIFETIME = timedelta(minutes=20)


class _Resource(msgspec.Struct):
    id: str
    type: str


class _Additional(msgspec.Struct, rename="camel"):
    bank_id: str | None = None
    external_id: str | None = None
    requested_start_date: str | None = None


class _Notification(msgspec.Struct, rename="camel"):
    type: str
    resource: _Resource
    additional_data: _Additional = msgspec.field(default_factory=_Additional)


_notification = wire.decoder(_Notification)


def region_of(request: Request) -> Region:
    region = request.path_params["region"]
    if region not in {"eu", "us"}:
        raise refuse(404, "NOT_FOUND", "No such region", "region")
    return cast("Region", region)


async def _authenticate(request: Request, playground: Playground) -> None:
    """Both of what Sage has to show: the header agreed on and a Sage ID token that its keys verify."""
    given = request.headers.get(HEADER, "").encode()
    if not secrets.compare_digest(given, playground.key.encode()):
        raise refuse(401, "UNAUTHORISED", f"{HEADER} is not what was registered")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not await _is_sages(playground, token.strip(), region_of(request)):
        raise refuse(401, "UNAUTHORISED", "The token is not Sage's, or not for this provider")


async def _is_sages(playground: Playground, token: str, region: Region) -> bool:
    addresses = playground.world.addresses
    try:
        response = await playground.client.get(addresses.jwks)
        keys = jwt.PyJWKSet.from_dict(response.json())
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=playground.audience(region),
            issuer=f"{addresses.cloud_id}/",
            options=cast("Any", {"require": ["exp", "iat"]}),
        )
    except (jwt.PyJWTError, httpx2.HTTPError, KeyError, ValueError):
        return False
    # Cloud ID's key signs the tokens of providers too, and they may have the same audience
    return claims.get("sub") == "banking-service"


async def post_notification(request: Request) -> Response:
    """Any kind is acknowledged; the same one may come several times."""
    playground = playground_of(request)
    await _authenticate(request, playground)
    told = await read(request, _notification)
    kind = (told.type, told.resource.type)
    if kind == ("resourceCreated", "authorisation"):
        _remember_session(playground, region_of(request), told)
    elif kind == ("resourceCreated", "bankAccount"):
        await _open_feed(playground, region_of(request), told)
    elif kind == ("resourceDeleted", "bankAccount"):
        feeds.close_feed(playground, told.resource.id)
    return no_content()


def _remember_session(playground: Playground, region: Region, told: _Notification) -> None:
    book, now = playground.world.book.playground_sessions, playground.world.clock.now()
    for old in [session for session in book.values() if now - session.received_at > 2 * LIFETIME]:
        playground.world.forget(old)
    if told.resource.id not in book:
        playground.world.keep(
            PlaygroundSession(
                authorisation_id=told.resource.id,
                bank_id=told.additional_data.bank_id or "",
                region=region,
                received_at=now,
                handle=secrets.token_urlsafe(24),
            )
        )


async def _open_feed(playground: Playground, region: Region, told: _Notification) -> None:
    external_id, start = told.additional_data.external_id, told.additional_data.requested_start_date
    if external_id not in playground.world.book.playground_accounts:
        return
    if start is None:
        account = playground.account(external_id)
        reply = await playground.sage(region).query(account.bank_id, external_id)
        start = str(reply.data.get("requestedStartDate", ""))
    feeds.open_feed(playground, told.resource.id, external_id, start[:10])


# --- pages: fetched by Sage, embedded in a page of Sage's ------------------------------------------------------------


async def get_auth(request: Request) -> Response:
    playground, query = playground_of(request), request.query_params
    session = _session(playground, query.get("authorisation_id", ""))
    if session.bank_id != query.get("bank"):
        raise refuse(403, "BANK_MISMATCH", "The authorisation was announced for another bank", "bank")
    return _present(request, playground, session)


async def get_auth_refresh(request: Request) -> Response:
    playground, query = playground_of(request), request.query_params
    session = _session(playground, query.get("authorisation_id", ""))
    account = playground.account(query.get("externalId", ""))
    if session.bank_id != account.bank_id:
        raise refuse(403, "BANK_MISMATCH", "The account is at another bank", "externalId")
    session.external_id, session.customer = account.external_id, account.customer
    return _present(request, playground, session)


def _session(playground: Playground, authorisation_id: str) -> PlaygroundSession:
    """A session that Sage announced, is young enough, and was not used."""
    session = playground.world.book.playground_sessions.get(authorisation_id)
    if session is None:
        raise refuse(403, "AUTHORISATION_UNKNOWN", "No notification announced this authorisation", "authorisation_id")
    check_usable(playground, session)
    return session


def check_usable(playground: Playground, session: PlaygroundSession) -> None:
    if session.used:
        raise refuse(409, "AUTHORISATION_USED", "The authorisation was used before", "authorisation_id")
    if playground.world.clock.now() - session.received_at > LIFETIME:
        raise refuse(410, "AUTHORISATION_EXPIRED", "The authorisation has expired", "authorisation_id")


def _present(request: Request, playground: Playground, session: PlaygroundSession) -> Response:
    """A script that takes the browser to the bank's own page at once; Sage embeds it in a page of Sage's."""
    redirect_uri, state = request.query_params.get("redirect_uri", ""), request.query_params.get("state", "")
    if not redirect_uri.startswith(("http://", "https://")) or not state:
        raise refuse(400, "SCHEMA_INVALID", "redirect_uri and state are needed", "redirect_uri")
    session.redirect_uri, session.state, session.presented = redirect_uri, state, True
    playground.world.keep(session)
    page = f"{playground.pages}/login/{session.handle}"
    name = words_in(language_of(request))["bank"]
    html = f'<script>window.location = "{page}";</script>\n<noscript><a href="{page}">{name}</a></noscript>\n'
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


# --- available accounts ----------------------------------------------------------------------------------------------


async def get_available_accounts(request: Request) -> Response:
    """Everything under the same login, opened since onboarding too; the credentials are looked at if they came."""
    playground = playground_of(request)
    if playground.world.settings.available_accounts_auth != "none":
        given = request.headers.get(HEADER, "").encode()
        if not secrets.compare_digest(given, playground.key.encode()):
            raise refuse(401, "UNAUTHORISED", f"{HEADER} is not what was registered")
    account = playground.account(request.query_params.get("externalId", ""))
    return answer(
        [
            {
                "accountType": each.account_type,
                "accountName": each.account_name,
                "externalId": each.external_id,
                "bankIdentifier": bank_identifier(each),
                "accountIdentifier": each.account_identifier,
                "branchIdentifier": "00-00-00",
            }
            for each in playground.accounts_of(account.bank_id, account.customer)
        ]
    )
