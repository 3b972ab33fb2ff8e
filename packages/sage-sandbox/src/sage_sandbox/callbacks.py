"""The calls that the sandbox makes to a provider: notifications with retries, its page, its available accounts."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from http import HTTPStatus
from itertools import takewhile
from typing import Any

import httpx2
import msgspec

from sage_sandbox import faults, wire
from sage_sandbox.calls.log import Message
from sage_sandbox.calls.rules import Rule
from sage_sandbox.faults import Strike
from sage_sandbox.identity import connector_token
from sage_sandbox.records import Authorisation, Bank, BankAccount, Notification
from sage_sandbox.refusals import NOT_JSON
from sage_sandbox.wire import AvailableAccount
from sage_sandbox.world import World

_PAGE_BYTES_MAX = 1_000_000
_LANGUAGES_LENGTH_MAX = 500
_REORDERED_WITHIN_S = 60.0
_available_accounts = wire.decoder(list[AvailableAccount])


class Page(msgspec.Struct):
    """What the provider answered to GET auth: its HTML, or why there is none."""

    html: str | None
    problem: str = ""


# --- one call -------------------------------------------------------------------------------------------------


def _client(world: World) -> httpx2.AsyncClient:
    """One client for each local address; no connection is kept, so a provider's restart is not our fault."""
    address = world.settings.outgoing_address
    if address not in world.clients:
        limits = httpx2.Limits(max_keepalive_connections=0)
        transport = httpx2.AsyncHTTPTransport(local_address=address or None, limits=limits)
        world.clients[address] = httpx2.AsyncClient(transport=transport, trust_env=False)
    return world.clients[address]


Judge = Callable[[httpx2.Response | None], Rule | None]
"""Says which rule of the contract a provider's answer breaks, for the log."""


async def _call(
    world: World, method: str, url: str, judge: Judge, *, follow: bool = False, fault: str | None = None, **more: Any
) -> httpx2.Response | None:
    """Make one call and log it; none if no answer came."""
    began = time.perf_counter()
    response, error = None, None
    try:
        timeout_s = world.settings.connector_timeout_ms / 1000
        async with asyncio.timeout(timeout_s):
            client = _client(world)
            response = await client.request(method, url, timeout=timeout_s, follow_redirects=follow, **more)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError, OSError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    answered = response is not None
    world.log.add(
        "out",
        world.clock.now(),
        method,
        str(response.url) if answered else url,
        Message(
            list(response.request.headers.items() if answered else more.get("headers", {}).items()),
            more.get("content", b""),
        ),
        Message(list(response.headers.items()), response.content) if answered else Message(),
        status=response.status_code if answered else None,
        duration_s=time.perf_counter() - began,
        secrets=world.known_secrets(),
        secret_headers=[bank.header_name for bank in world.book.banks.values() if bank.header_name],
        rule=judge(response),
        fault_id=fault,
        error=error,
    )
    return response


def _accepting(section: str, code: str, message: str, *, only_200: bool = True) -> Judge:
    """Takes an answer of 200, or any 2xx."""

    def judge(response: httpx2.Response | None) -> Rule | None:
        if response is None:
            return Rule("NO_ANSWER", section, "The provider did not answer in time")
        good = response.status_code == HTTPStatus.OK if only_200 else response.is_success
        return None if good else Rule(code, section, message)

    return judge


_notified = _accepting("5.1", "NOT_2XX", "A notification is answered 2xx, or it comes again", only_200=False)
_page_of = {
    "onboarding": _accepting("5.2", "PAGE_NOT_200", "GET auth answers 200 with HTML"),
    "reauth": _accepting("5.3", "PAGE_NOT_200", "GET authrefresh answers 200 with HTML"),
}


def _credentials(world: World, bank: Bank, *, token: bool = True, flaw: str | None = None) -> dict[str, str]:
    value = "wrong" if flaw == "wrong_header" else bank.header_value
    headers = {bank.header_name: value} if bank.header_name else {}
    if token:
        headers["Authorization"] = f"Bearer {connector_token(world, bank, flaw)}"
    return headers


# --- notifications ----------------------------------------------------------------------------------------------


def announce_authorisation(world: World, bank: Bank, authorisation: Authorisation) -> asyncio.Event:
    """N1; the event is set when the provider was told once, or could not be."""
    resource = {"id": authorisation.authorisation_id, "type": "authorisation", "url": "NA"}
    said = world.presence.setdefault(authorisation.authorisation_id, asyncio.Event())
    _notify(world, bank, "N1", "resourceCreated", resource, {"bankId": bank.bank_id})
    return said


def is_announced(world: World, authorisation: Authorisation) -> bool:
    about = authorisation.authorisation_id
    return any(notification.resource_id == about for notification in world.book.notifications.values())


def announce_account(world: World, account: BankAccount) -> None:
    """N2, or N3 for an account linked from a candidate."""
    bank = world.book.banks[account.bank_id]
    url = (
        f"{world.addresses.of(world.region_of(bank)).consumer}/organisations/{account.organisation_id}/companies/{account.company_id}"
        f"/bankaccounts/{account.bank_account_id}"
    )
    resource = {"id": account.bank_account_id, "type": "bankAccount", "url": url}
    more = {"externalId": account.external_id}
    if not account.from_candidate or world.settings.candidate_notification == "likeN2":
        start = account.requested_start_date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        more |= {"requestedStartDate": start, "bankId": account.bank_id}
    name = "N3" if account.from_candidate else "N2"
    _notify(world, bank, name, "resourceCreated", resource, more)


def announce_deletion(world: World, account: BankAccount) -> None:
    """N4."""
    resource = {"id": account.bank_account_id, "type": "bankAccount", "url": "NA"}
    more = {"externalId": account.external_id, "bankId": account.bank_id}
    _notify(world, world.book.banks[account.bank_id], "N4", "resourceDeleted", resource, more)


def _notify(
    world: World, bank: Bank, name: str, kind: str, resource: dict[str, str], additional: dict[str, str]
) -> None:
    now = world.clock.now()
    world.make_room(world.book.notifications, lambda old: old.status != "pending")
    notification = world.keep(
        Notification(
            notification_id=world.new_id(),
            name=name,
            bank_id=bank.bank_id,
            url=bank.callbacks.notification if bank.callbacks else "",
            type=kind,
            resource_type=resource["type"],
            resource_id=resource["id"],
            body={"type": kind, "resource": resource, "additionalData": additional},
            created_at=now,
            next_at=now,
            give_up_at=now + timedelta(seconds=world.settings.notification_window_seconds),
        )
    )
    world.start(_attempt(world, notification))


def resume(world: World, notification: Notification) -> None:
    """Set the timer of the next attempt; also after a restart."""
    if notification.status == "pending":
        world.timers.at(notification.next_at, lambda: world.start(_attempt(world, notification)))


async def _attempt(world: World, notification: Notification) -> None:
    """Tell the provider once; on anything but 2xx, again later, for as long as the window is open."""
    try:
        await _attempt_now(world, notification)
    finally:
        if said := world.presence.pop(notification.resource_id, None):
            said.set()
    world.store.commit()


async def _attempt_now(world: World, notification: Notification) -> None:
    if world.settings.notification_delay_ms:
        await asyncio.sleep(world.settings.notification_delay_ms / 1000)
    struck = faults.draw_for_notification(world, notification.name, _bank_account_of(world, notification))
    for strike in struck:
        if strike.action == "delay":
            await asyncio.sleep(strike.delay_ms / 1000)
    strike = struck[-1] if struck else None
    action = strike.action if strike else None
    if action == "drop":
        notification.status = "dropped"
        world.keep(notification)
        return
    if strike is not None and action == "reorder":
        await _let_another_pass(world, notification, strike)
    status = None
    if strike is not None and action == "status":
        status = strike.status
    elif action != "cut_before":
        status = await _post(world, notification, strike)
    for _ in range((action == "duplicate") + world.settings.notification_copies - 1):
        await _post(world, notification, strike)
    _settle(world, notification, None if action == "cut_after" else status)


async def _let_another_pass(world: World, notification: Notification, strike: Strike) -> None:
    """Wait until a later notification of the same bank was sent, or for the fault's time, a minute without one."""
    passed = asyncio.Event()
    waiting = world.overtaken.setdefault(notification.bank_id, [])
    earlier = takewhile(lambda known: known != notification.notification_id, world.book.notifications)
    waiting.append((frozenset(earlier), passed))
    try:
        async with asyncio.timeout(strike.delay_ms / 1000 or _REORDERED_WITHIN_S):
            await passed.wait()
    except TimeoutError:
        return
    finally:
        waiting[:] = [other for other in waiting if other[1] is not passed]


def _bank_account_of(world: World, notification: Notification) -> str | None:
    """What a notification is about; of a new authorisation, the account that it renews."""
    if notification.resource_type == "bankAccount":
        return notification.resource_id
    authorisation = world.book.authorisations.get(notification.resource_id)
    return authorisation.bank_account_id if authorisation else None


async def _post(world: World, notification: Notification, strike: Strike | None) -> int | None:
    bank = world.book.banks[notification.bank_id]
    if bank.callbacks is not None:
        notification.url = bank.callbacks.notification
    headers = _credentials(world, bank, flaw=strike.action if strike else None) | {"Content-Type": "application/json"}
    content = wire.encode(notification.body)
    fault_id = strike.fault_id if strike else None
    url = notification.url
    response = await _call(world, "POST", url, _notified, content=content, headers=headers, fault=fault_id)
    for earlier, passed in world.overtaken.get(notification.bank_id, ()):
        if notification.notification_id not in earlier:
            passed.set()
    return response.status_code if response is not None else None


def _settle(world: World, notification: Notification, status: int | None) -> None:
    notification.attempts += 1
    notification.last_status_code = status
    now = world.clock.now()
    step = timedelta(seconds=world.settings.notification_retry_seconds)
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 - any 2xx
        notification.status = "delivered"
        _mark_notified(world, notification)
    elif now + step * notification.attempts > notification.give_up_at:
        notification.status = "failed"
    else:
        notification.next_at = now + step * notification.attempts
        resume(world, notification)
    world.keep(notification)


def _mark_notified(world: World, notification: Notification) -> None:
    authorisation = world.book.authorisations.get(notification.resource_id)
    if authorisation is not None and authorisation.status == "created":
        authorisation.status = "notified"
        world.keep(authorisation)


# --- the provider's page ------------------------------------------------------------------------------------------


async def fetch_provider_page(world: World, authorisation: Authorisation, languages: str = "") -> Page:
    """GET auth, or authrefresh: fetched here, embedded in a page of ours (5.2, 5.3).

    `languages` is the browser's Accept-Language, empty where no browser asked; the page comes in its user's language.
    """
    bank = world.book.banks[authorisation.bank_id]
    if bank.callbacks is None:
        return Page(None, "The bank has no callback URLs yet.")
    url = bank.callbacks.auth
    query = {
        "bank": authorisation.bank_id,
        "authorisation_id": authorisation.authorisation_id,
        "redirect_uri": authorisation.redirect_uri,
        "state": authorisation.state,
    }
    if authorisation.kind == "reauth":
        url = bank.callbacks.re_auth
        del query["bank"]
        account = world.book.bank_accounts[authorisation.bank_account_id or ""]
        by_bank = world.settings.reauth_bankaccount == "bankId"
        query["bankaccount"] = account.bank_id if by_bank else account.bank_account_id
        query["externalId"] = account.external_id
    response = await _call(
        world,
        world.settings.reauth_method if authorisation.kind == "reauth" else "GET",
        _with_query(url, query),
        _page_of[authorisation.kind],
        headers={"Accept": "text/html"} | _wish(languages),
        follow=world.settings.connector_follows_redirects,
    )
    if response is None:
        return Page(None, "The bank did not answer.")
    if response.status_code != 200 or len(response.content) > _PAGE_BYTES_MAX:  # noqa: PLR2004 - 200 alone is a page
        return Page(None, f"The bank answered {response.status_code}.")
    if authorisation.status in {"created", "notified"}:
        authorisation.status = "presented"
        world.keep(authorisation)
    return Page(response.text)


def _wish(languages: str) -> dict[str, str]:
    """A header that could not go over the wire, or is longer than any browser's, is not passed on."""
    is_fit = languages.isascii() and 0 < len(languages) <= _LANGUAGES_LENGTH_MAX
    return {"Accept-Language": languages} if is_fit else {}


def _with_query(url: str, query: dict[str, str]) -> str:
    """The query is added to whatever query the provider's URL has already."""
    return str(httpx2.URL(url).copy_merge_params(query))


# --- available accounts -------------------------------------------------------------------------------------------


async def fetch_available_accounts(world: World, account: BankAccount) -> list[AvailableAccount] | None:
    """GET availableaccounts for a linked account; none if the provider gave no list."""
    bank = world.book.banks[account.bank_id]
    if bank.callbacks is None:
        return None
    how = world.settings.available_accounts_auth
    headers = {} if how == "none" else _credentials(world, bank, token=how == "headerAndToken")
    url = _with_query(bank.callbacks.available_accounts, {"externalId": account.external_id})
    response = await _call(world, "GET", url, lambda answer: _listed(answer, account)[1], headers=headers)
    return _listed(response, account)[0]


def _listed(
    response: httpx2.Response | None, account: BankAccount
) -> tuple[list[AvailableAccount] | None, Rule | None]:
    """The accounts of a provider's list, and the first rule of 5.4 that it breaks."""
    if refused := _accepting("5.4", "NOT_A_LIST", "GET availableaccounts answers 200 with an array")(response):
        return None, refused
    content = b"" if response is None else response.content
    try:
        found = _available_accounts.decode(content)
    except NOT_JSON as error:
        return None, Rule("NOT_A_LIST", "5.4", str(error))
    if not wire.is_text(content, found):
        return None, Rule("NOT_A_LIST", "5.4", "The body holds half of a surrogate pair")
    return found, _disagreement(found, account)


def _disagreement(found: list[AvailableAccount], account: BankAccount) -> Rule | None:
    for at, item in enumerate(found):
        if item.bank_identifier != account.bank_identifier:
            message = "An item of another bankIdentifier cannot be associated"
            return Rule("BANK_IDENTIFIER_DIFFERS", "5.4", message, f"[{at}].bankIdentifier")
    if all(item.external_id != account.external_id for item in found):
        return Rule("SOURCE_NOT_LISTED", "5.4", "The list holds the connected accounts too", "externalId")
    return None
