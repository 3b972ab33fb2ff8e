"""Opening and closing feeds: what Sage's users do to their bank accounts, and what follows for ours.

Locks are taken in one order everywhere: connection, account, feed.
"""

from datetime import datetime

from bankfeeds.domain import connection as connection_rules
from bankfeeds.domain import source_account as account_rules
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.connection import Connection, ConnectionEvent, ConnectionStatus
from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.feed import first_day
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.source_account import AccountEvent, SourceAccount
from bankfeeds.domain.transaction import parse_day
from bankfeeds.flows import announce, confirm, late_lines, quarantine, reauthorise
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, feeds, pauses, pushes, source_accounts, statements
from bankfeeds.store.engine import Write

wake = feeds.wake


def open_feed(
    tx: Write,
    world: World,
    listing_id: str,
    external_id: str,
    bank_account_id: str,
    requested_start_date: str | None,
    actor: str,
) -> str:
    """Sage says a bank account was made for one of ours. Answers what came of it, in a few words; every refusal and
    every opening leaves an audit row. A bank account that was ever known is never opened again.
    """
    now = world.clock()
    subject = f"bankAccount:{bank_account_id}"
    if feeds.by_bank_account(tx, listing_id, bank_account_id) is not None:
        return "known already"
    account = source_accounts.by_external_id(tx, external_id)
    if account is None or not feeds.is_reported(tx, account.pk, listing_id):
        audit.record(tx, AuditEntry(now, actor, "feed.refuse", subject, "the account was never reported to this Sage"))
        return "refused: never reported"
    connection = connections.lock(tx, account.connection_id)
    locked = source_accounts.lock(tx, account.pk)
    if connection is None or locked is None or source_accounts.by_external_id(tx, external_id) is None:
        audit.record(tx, AuditEntry(now, actor, "feed.refuse", subject, "the account was deleted meanwhile"))
        return "refused: deleted meanwhile"
    if locked.needs_reauthorisation:
        reauthorise.renewed(tx, locked, now)
    chosen_on = None if requested_start_date is None else parse_day(requested_start_date)
    start_on = first_day(chosen_on, locked.cut_over_on)
    is_held = pauses.is_held(tx, listing_id, account)
    number = feeds.insert(
        tx,
        listing_id,
        account.pk,
        bank_account_id,
        start_on,
        locked.last_seq,
        now,
        chosen_on=None if chosen_on == start_on else chosen_on,
        is_held=is_held,
    )
    quarantine.leave_out_dropped(tx, account.pk, number, now)
    if start_on is not None:
        late_lines.leave_out(tx, account.pk, number, start_on, now)
    _set_connection(tx, connection, ConnectionEvent.feed_opened, now)
    status = account_rules.next_status(locked.status, AccountEvent.feed_opened)
    source_accounts.update(tx, account.pk, status=status.value, feed_start_on=now.date(), modified_at=now)
    announce.account_moved(tx, locked, status, now)
    detail = {"bankAccountId": bank_account_id, "startOn": start_on.isoformat() if start_on else None}
    if chosen_on != start_on and chosen_on is not None:
        detail["chosenOn"] = chosen_on.isoformat()
    audit.record(tx, AuditEntry(now, actor, "feed.open", f"account:{external_id}", None, detail))
    return "opened"


def close_feed(tx: Write, world: World, listing_id: str, bank_account_id: str, cause: str, actor: str) -> str:
    """Sage says a bank account is no more. Answers what came of it, in a few words."""
    feed = feeds.by_bank_account(tx, listing_id, bank_account_id)
    if feed is None:
        return "unknown"
    account = _lock_account(tx, feed.account_pk)
    locked = feeds.lock(tx, feed.pk)
    if locked is None or locked.closed_at is not None:
        return "closed already"
    _close(tx, feed.pk, account, world.clock(), cause, actor)
    _after_closing(tx, account, world.clock(), cause)
    return "closed"


def close_feeds(tx: Write, account: SourceAccount, now: datetime, cause: str, actor: str) -> None:
    """Every feed of the account, because the institution disconnected or removed it. Changes nothing at Sage."""
    _lock_account(tx, account.pk)
    live = feeds.live_of_account(tx, account.pk)
    for feed in live:
        _close(tx, feed.pk, account, now, cause, actor)
    if live:
        _after_closing(tx, account, now, cause)


def _lock_account(tx: Write, account_pk: int) -> SourceAccount:
    """Connection first, then account: the order of every lock."""
    unlocked = source_accounts.get(tx, account_pk)
    connections.lock(tx, unlocked.connection_id)
    account = source_accounts.lock(tx, account_pk)
    if account is None:
        raise AssertionError(f"account {account_pk} is gone")
    return account


def _close(tx: Write, feed_pk: int, account: SourceAccount, now: datetime, cause: str, actor: str) -> None:
    statements.drop_open(tx, feed_pk, now)
    feeds.close(tx, feed_pk, now, cause)
    audit.record(tx, AuditEntry(now, actor, "feed.close", f"account:{account.external_id}", cause))


def _after_closing(tx: Write, account: SourceAccount, now: datetime, cause: str) -> None:
    """With its last feed an account is disconnected and what waited for it has failed; so for the connection."""
    if feeds.live_of_account(tx, account.pk):
        confirm.end_pushes(tx, account.pk, now)
        return
    flaw = Flaw("accountId", f"the account's last feed was closed before every line was in Sage: {cause}")
    pushes.end(tx, pushes.pending_pks(tx, account.pk), PushStatus.failed, now, (flaw,))
    status = account_rules.next_status(account.status, AccountEvent.last_feed_closed)
    source_accounts.update(tx, account.pk, status=status.value, modified_at=now)
    announce.account_moved(tx, account, status, now)
    connection = connections.lock(tx, account.connection_id)
    if connection is None or connection.status is not ConnectionStatus.linked:
        return
    if feeds.count_live_of_connection(tx, account.connection_id) == 0:
        _set_connection(tx, connection, ConnectionEvent.last_feed_closed, now)


def _set_connection(tx: Write, connection: Connection, event: ConnectionEvent, now: datetime) -> None:
    following = connection_rules.next_status(connection.status, event)
    if following is not connection.status:
        connections.set_status(tx, connection.id, following)
        announce.connection_moved(tx, connection, following, now)
