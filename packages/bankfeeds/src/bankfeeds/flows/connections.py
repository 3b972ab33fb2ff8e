"""Connections: made, read, unlinked, deleted. Sage offers no call for any of it, so none is made."""

from datetime import datetime

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.connection import Connection, ConnectionEvent, ConnectionStatus, next_status
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.domain.source_account import AccountStatus
from bankfeeds.domain.webhook import Happening
from bankfeeds.flows import announce, feeds
from bankfeeds.flows.context import World
from bankfeeds.store import audit, companies, connections, source_accounts
from bankfeeds.store.engine import Read, Write


def create(world: World, actor: str, company_id: str) -> Connection:
    now = world.clock()
    connection = Connection(world.ids.uuid(), company_id, ConnectionStatus.pending_auth, now)

    def insert(tx: Write) -> None:
        if companies.lock(tx, company_id) is None:
            raise NotFound("company", f"Company {company_id} was not found")
        connections.insert(tx, connection)
        audit.record(tx, AuditEntry(now, actor, "connection.create", _subject(connection.id)))
        announce.connection(tx, Happening.connection_created, connection, now)

    world.db.write(insert)
    return connection


def get(world: World, company_id: str, connection_id: str) -> Connection:
    def read(tx: Read) -> Connection:
        connection = connections.find(tx, company_id, connection_id)
        if connection is None:
            raise unknown(connection_id)
        return connection

    return world.db.read(read)


def page(
    world: World, company_id: str, offset: int, limit: int, wanted: Selection = EVERYTHING
) -> tuple[list[Connection], int]:
    """Newest first unless another order is wanted, with the number of all that are."""

    def read(tx: Read) -> tuple[list[Connection], int]:
        if companies.find(tx, company_id) is None:
            raise NotFound("company", f"Company {company_id} was not found")
        return connections.page(tx, company_id, offset, limit, wanted)

    return world.db.read(read)


def unlink(world: World, actor: str, company_id: str, connection_id: str) -> Connection:
    """Closes every feed. Only a Linked connection can be unlinked; an Unlinked one is answered as it is."""
    now = world.clock()

    def run(tx: Write) -> Connection:
        connection = lock(tx, company_id, connection_id)
        if connection.status is ConnectionStatus.unlinked:
            return connection
        if connection.status is not ConnectionStatus.linked:
            raise Invalid(
                "connection_not_linked",
                f"connection {connection_id} is {connection.status.value}; only a Linked one can be unlinked",
            )
        following = next_status(connection.status, ConnectionEvent.unlinked)
        connections.set_status(tx, connection_id, following)
        announce.connection_moved(tx, connection, following, now)
        _close_feeds(tx, connection_id, now, "connection unlinked", actor)
        audit.record(tx, AuditEntry(now, actor, "connection.unlink", _subject(connection_id)))
        return Connection(connection.id, connection.company_id, following, connection.created_at)

    return world.db.write(run)


def delete(world: World, actor: str, company_id: str, connection_id: str) -> None:
    now = world.clock()

    def run(tx: Write) -> None:
        lock(tx, company_id, connection_id)
        retire(tx, connection_id, now, "connection deleted", actor)

    world.db.write(run)


def retire(tx: Write, connection_id: str, now: datetime, cause: str, actor: str) -> None:
    """Within a transaction: the connection locked, its feeds closed, its accounts and itself deleted."""
    connection = connections.lock(tx, connection_id)
    if connection is None:
        return
    connections.mark_deleted(tx, connection_id, now)
    announce.connection(tx, Happening.connection_deleted, connection, now)
    _close_feeds(tx, connection_id, now, cause, actor)
    source_accounts.mark_deleted(tx, [a.pk for a in source_accounts.of_connection(tx, connection_id)], now)
    audit.record(tx, AuditEntry(now, actor, "connection.delete", _subject(connection_id), reason=cause))


def lock(tx: Write, company_id: str, connection_id: str) -> Connection:
    """Before any of its accounts: the order of every lock is company, connection, account, feed."""
    connection = connections.lock(tx, connection_id)
    if connection is None or connection.company_id != company_id:
        raise unknown(connection_id)
    return connection


def unknown(connection_id: str) -> NotFound:
    return NotFound("connection", f"Data connection {connection_id} was not found")


def _close_feeds(tx: Write, connection_id: str, now: datetime, cause: str, actor: str) -> None:
    """Those of connected accounts: no other has an open one. The connection is locked, so none appears meanwhile."""
    for account in source_accounts.of_connection(tx, connection_id):
        if account.status is AccountStatus.connected:
            feeds.close_feeds(tx, account, now, cause, actor)


def _subject(connection_id: str) -> str:
    return f"connection:{connection_id}"
