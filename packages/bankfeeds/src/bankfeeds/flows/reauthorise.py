"""Asking a user to authorise an account again: Sage is told with a statement, what is accepted meanwhile waits."""

from dataclasses import replace
from datetime import datetime

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement import StatementKind, StatementStatus
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows import announce, named
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, feeds, source_accounts, statements
from bankfeeds.store.engine import Write


def ask(world: World, actor: str, name: str, reason: str) -> list[str]:
    """The bank accounts at Sage that will be told. Sage asks its user by itself once it knows."""
    reason = check_reason(reason)

    def run(tx: Write) -> list[str]:
        account = _lock(tx, named.account(tx, name))
        if account.needs_reauthorisation:
            raise Conflict("asked_already", f"account {name} waits for its user to authorise it again already")
        return _ask(tx, actor, account, reason, world.clock())

    return world.db.write(run)


def ask_for(
    world: World, actor: str, company_id: str, connection_id: str, account_id: str, reason: str
) -> SourceAccount:
    """The account as it stands then. Asked again it is answered as it is: its user is asked once."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> SourceAccount:
        found = source_accounts.find(tx, company_id, connection_id, account_id)
        if found is None or connections.find(tx, company_id, connection_id) is None:
            raise NotFound("source_account", f"Source account {account_id} was not found")
        account = _lock(tx, found)
        if account.needs_reauthorisation:
            return account
        _ask(tx, actor, account, reason, now)
        return replace(account, needs_reauthorisation=True, modified_at=now)

    return world.db.write(run)


def _lock(tx: Write, found: SourceAccount) -> SourceAccount:
    connections.lock(tx, found.connection_id)
    return source_accounts.lock(tx, found.pk) or found


def _ask(tx: Write, actor: str, account: SourceAccount, reason: str, now: datetime) -> list[str]:
    live = feeds.live_of_account(tx, account.pk)
    if not live:
        name = f"{account.connection_id}/{account.id}"
        raise Conflict("no_feed", f"account {name} is not linked in Sage; only its user can link it, there")
    source_accounts.update(tx, account.pk, needs_reauthorisation=True, modified_at=now)
    feeds.set_asks_reauthorisation(tx, account.pk, asks=True)
    feeds.wake(tx, account.pk, now)
    announce.account(tx, Happening.reauthorisation_required, account, now)
    told = [feed.bank_account_id for feed in live]
    subject = f"account:{account.external_id}"
    audit.record(tx, AuditEntry(now, actor, "account.reauthorise", subject, reason, {"bankAccountIds": told}))
    return told


def renewed(tx: Write, account: SourceAccount, now: datetime) -> None:
    """Its user has: what waited moves on, and what was not told to Sage yet never is. The connection is locked."""
    source_accounts.lock(tx, account.pk)
    source_accounts.update(tx, account.pk, needs_reauthorisation=False, modified_at=now)
    feeds.set_asks_reauthorisation(tx, account.pk, asks=False)
    for feed in feeds.live_of_account(tx, account.pk):
        _take_back(tx, feed.pk, now)
    feeds.wake(tx, account.pk, now)


def _take_back(tx: Write, feed_pk: int, now: datetime) -> None:
    """A statement that asks is not offered again, not even one that may have got there: it would undo the renewal.
    Whoever is just offering it settles nothing any more.
    """
    feed = feeds.lock(tx, feed_pk)
    if feed is None or feed.statement_pk is None:
        return
    statement = statements.get(tx, feed.statement_pk)
    if statement.kind is not StatementKind.auth_required or statement.sage_id is not None:
        return
    statements.change(tx, statement.pk, status=StatementStatus.dropped.value, finished_at=now)
    feeds.take_back(tx, feed.pk, now)
