"""Asking a user to authorise an account again: Sage is told with a statement, what is accepted meanwhile waits."""

from datetime import datetime

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement import StatementKind, StatementStatus
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, feeds, source_accounts, statements
from bankfeeds.store.engine import Write


def ask(world: World, actor: str, name: str, reason: str) -> list[str]:
    """The bank accounts at Sage that will be told. Sage asks its user by itself once it knows."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> list[str]:
        found = named.account(tx, name)
        connections.lock(tx, found.connection_id)
        account = source_accounts.lock(tx, found.pk)
        live = feeds.live_of_account(tx, found.pk)
        if account is None or not live:
            raise Conflict("no_feed", f"account {name} is not linked in Sage; only its user can link it, there")
        if account.needs_reauthorisation:
            raise Conflict("asked_already", f"account {name} waits for its user to authorise it again already")
        source_accounts.update(tx, account.pk, needs_reauthorisation=True, modified_at=now)
        feeds.set_asks_reauthorisation(tx, account.pk, asks=True)
        feeds.wake(tx, account.pk, now)
        told = [feed.bank_account_id for feed in live]
        entry = AuditEntry(
            now, actor, "account.reauthorise", f"account:{account.external_id}", reason, {"bankAccountIds": told}
        )
        audit.record(tx, entry)
        return told

    return world.db.write(run)


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
