"""How a bank account comes to be linked: authorisations, candidates, bank accounts and their moves (9.1, 9.2, 9.4)."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from sage_sandbox import callbacks
from sage_sandbox.records import Authorisation, Bank, BankAccount, Candidate, Organisation, Provider, SyncFailure
from sage_sandbox.wire import AuthorisedAccount, SyncReport
from sage_sandbox.world import World

OPEN = frozenset({"created", "notified", "presented"})
NOT_LISTED = "not-listed"
_ANNOUNCED_WITHIN_S = 5.0


def redirect_origin(world: World, bank: Bank) -> str:
    """Where redirect_uri points: the sandbox itself, or the host that a test wants providers to see."""
    host = world.settings.redirect_host
    consumer = world.addresses.of(world.region_of(bank)).consumer
    if not host:
        return consumer
    own = urlsplit(consumer)
    if "://" in host:
        return host.rstrip("/") + own.path
    port = f":{own.port}" if own.port and ":" not in host and host.endswith(".localhost") else ""
    scheme = own.scheme if port or ":" in host else "https"
    return f"{scheme}://{host}{port}{own.path}"


def open_authorisation(
    world: World,
    organisation: Organisation,
    company_id: str,
    bank: Bank,
    kind: Literal["onboarding", "reauth"],
    bank_account_id: str | None = None,
    e2e: str | None = None,
) -> Authorisation:
    """Begin a session: the provider is told of it, the browser gets a page to open."""
    now = world.clock.now()
    world.make_room(world.book.authorisations, lambda old: old.expires_at <= now)
    authorisation_id, redirect_id = world.new_id(), world.new_id()
    query = f"?{world.settings.redirect_query}" if world.settings.redirect_query else ""
    same = world.settings.state_equals_authorisation_id
    authorisation = world.keep(
        Authorisation(
            authorisation_id=authorisation_id,
            kind=kind,
            bank_id=bank.bank_id,
            organisation_id=organisation.organisation_id,
            company_id=company_id,
            state=authorisation_id if same else world.new_id(),
            link_id=world.new_id(),
            redirect_id=redirect_id,
            redirect_uri=f"{redirect_origin(world, bank)}/indirectredirect/{redirect_id}{query}",
            created_at=now,
            expires_at=now + timedelta(seconds=world.settings.authorisation_seconds),
            bank_account_id=bank_account_id,
            e2e=e2e,
        )
    )
    if world.settings.announced_on == "link":
        callbacks.announce_authorisation(world, bank, authorisation)
    if world.settings.auto_return:
        world.start(_present_by_itself(world, authorisation))
    return authorisation


def keeps_query(authorisation: Authorisation, found: list[tuple[str, str]]) -> bool:
    """Whether the browser came back to redirect_uri as it was given, whatever was added."""
    given = parse_qsl(urlsplit(authorisation.redirect_uri).query, keep_blank_values=True)
    return all(pair in found for pair in given)


async def make_known(world: World, authorisation: Authorisation) -> None:
    """Before its page is opened the provider has heard of a session, or Sage has waited long enough."""
    announced = world.presence.get(authorisation.authorisation_id)
    if announced is None and not callbacks.is_announced(world, authorisation):
        bank = world.book.banks[authorisation.bank_id]
        announced = callbacks.announce_authorisation(world, bank, authorisation)
    if announced is not None:
        await wait_announced(announced)


async def _present_by_itself(world: World, authorisation: Authorisation) -> None:
    await make_known(world, authorisation)
    await callbacks.fetch_provider_page(world, authorisation)
    world.store.commit()


async def wait_announced(announced: asyncio.Event) -> None:
    """The provider should hear of a session before it is asked for its page; but not for ever."""
    try:
        async with asyncio.timeout(_ANNOUNCED_WITHIN_S):
            await announced.wait()
    except TimeoutError:
        return


def expire(world: World, authorisation: Authorisation) -> None:
    """Mark a session whose time is over; done whenever one is looked at."""
    unfinished = authorisation.status in OPEN or authorisation.status in {"authorised", "returned"}
    if unfinished and world.clock.now() >= authorisation.expires_at:
        authorisation.status = "expired"
        world.keep(authorisation)


def fail(world: World, authorisation: Authorisation) -> None:
    authorisation.status = "failed"
    world.keep(authorisation)


def authorise(world: World, authorisation: Authorisation, accounts: list[AuthorisedAccount]) -> None:
    """The provider says that the user consented."""
    authorisation.status = "authorised"
    authorisation.accounts = accounts
    authorisation.candidate_ids = [_candidate(world, authorisation, account).candidate_id for account in accounts]
    authorisation.candidate_ids = list(dict.fromkeys(authorisation.candidate_ids))
    world.keep(authorisation)
    if authorisation.kind == "reauth":
        _renew(world, authorisation)
    if world.settings.auto_return:
        come_back(world, authorisation)


def _candidate(world: World, authorisation: Authorisation, account: AuthorisedAccount) -> Candidate:
    """One candidate for each (bankIdentifier, accountIdentifier) of a company at a bank, old or new."""
    return keep_candidate(
        world,
        Candidate(
            candidate_id=world.new_id(),
            organisation_id=authorisation.organisation_id,
            company_id=authorisation.company_id,
            bank_id=authorisation.bank_id,
            authorisation_id=authorisation.authorisation_id,
            external_id=account.bank_account_external_id,
            account_name=account.account_name,
            bank_identifier=account.bank_identifier,
            account_identifier=account.account_identifier,
            branch_identifier=account.branch_identifier,
            account_type=account.account_type,
        ),
    )


def keep_candidate(world: World, offered: Candidate) -> Candidate:
    for known in world.book.candidates.values():
        if (
            known.company_id == offered.company_id
            and known.bank_id == offered.bank_id
            and known.bank_identifier == offered.bank_identifier
            and known.account_identifier == offered.account_identifier
        ):
            offered.candidate_id = known.candidate_id
            break
    return world.keep(offered)


def _renew(world: World, authorisation: Authorisation) -> None:
    """Re-authorised: all accounts of the same authorisation are active again."""
    renewed = world.book.bank_accounts[authorisation.bank_account_id or ""]
    for account in world.book.bank_accounts.values():
        same = (
            account.company_id == renewed.company_id
            and account.bank_id == renewed.bank_id
            and account.bank_identifier == renewed.bank_identifier
        )
        if same and account.status == "authRequired":
            account.status = "active"
            world.keep(account)


def come_back(world: World, authorisation: Authorisation) -> None:
    """The browser is back at redirect_uri: on to the picker, or to the end where nothing is to be picked."""
    expire(world, authorisation)
    if authorisation.status in OPEN:
        fail(world, authorisation)
    if authorisation.status != "authorised":
        return
    authorisation.status = "returned"
    if authorisation.kind == "reauth":
        authorisation.status = "consumed"
    world.keep(authorisation)
    if authorisation.status == "returned" and world.settings.auto_pick_account:
        pick(world, authorisation, authorisation.candidate_ids[0], None)


def pick(world: World, authorisation: Authorisation, choice: str, start_date: str | None) -> None:
    """The user chose an account, or said that theirs is not listed."""
    if choice == NOT_LISTED:
        fail(world, authorisation)
        return
    authorisation.picked_id = choice
    authorisation.picked_start_date = start_date
    authorisation.status = "consumed"
    world.keep(authorisation)


def is_connected(world: World, candidate: Candidate) -> bool:
    return any(
        account.candidate_id == candidate.candidate_id and account.status != "cancelled"
        for account in world.book.bank_accounts.values()
    )


def is_shared(world: World, candidate: Candidate) -> bool:
    """Whether another company has linked the same account of the provider."""
    return any(
        account.bank_id == candidate.bank_id
        and account.external_id == candidate.external_id
        and account.company_id != candidate.company_id
        and account.status != "cancelled"
        for account in world.book.bank_accounts.values()
    )


def link(
    world: World,
    candidate: Candidate,
    account_type: str,
    account_name: str,
    currency: str,
    start_date: datetime,
    *,
    from_candidate: bool,
) -> BankAccount:
    """Open a bank account for a candidate and tell the provider (N2 or N3)."""
    account = world.keep(
        BankAccount(
            bank_account_id=world.new_id(),
            organisation_id=candidate.organisation_id,
            company_id=candidate.company_id,
            bank_id=candidate.bank_id,
            candidate_id=candidate.candidate_id,
            external_id=candidate.external_id,
            account_type=account_type,
            account_name=account_name,
            bank_identifier=candidate.bank_identifier,
            account_identifier=candidate.account_identifier,
            branch_identifier=candidate.branch_identifier,
            default_currency=currency,
            requested_start_date=start_date,
            created_at=world.clock.now(),
            from_candidate=from_candidate,
        )
    )
    if world.settings.pending_confirmation:
        account.status = "pendingConfirmation"
    else:
        callbacks.announce_account(world, account)
    return account


def confirm(world: World, account: BankAccount) -> None:
    account.status = "pending"
    world.keep(account)
    callbacks.announce_account(world, account)


def cancel(world: World, account: BankAccount) -> None:
    """Disconnect for good; the provider is told (N4) unless it never heard of the account."""
    announced = account.status != "pendingConfirmation"
    account.status = "cancelled"
    world.keep(account)
    if announced:
        callbacks.announce_deletion(world, account)


def keep_sync_failure(world: World, provider: Provider, report: SyncReport) -> None:
    world.make_room(world.book.sync_failures, lambda _: True)
    world.keep(
        SyncFailure(
            sync_id=world.new_id(),
            provider_id=provider.provider_id,
            received_at=world.clock.now(),
            reason=report.reason,
            timestamp=report.timestamp,
        )
    )
