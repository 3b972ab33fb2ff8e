"""What happened to connections, accounts and feeds, put into the outbox within the transaction of the change.

What may be different by the time that an event is made of it goes along as facts.
"""

from datetime import datetime

from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.source_account import AccountStatus, SourceAccount
from bankfeeds.domain.webhook import Happening
from bankfeeds.store import outbox
from bankfeeds.store.engine import Write


def connection(
    tx: Write, happening: Happening, which: Connection, now: datetime, *, was: ConnectionStatus | None = None
) -> None:
    """As it stands now; `was` is its status before."""
    outbox.add(
        tx,
        happening,
        now,
        company_id=which.company_id,
        connection_id=which.id,
        facts={"status": which.status.value, "was": was.value if was else None},
    )


def connection_moved(tx: Write, before: Connection, status: ConnectionStatus, now: datetime) -> None:
    """Nothing is told of a connection that stays as it is."""
    if status is before.status:
        return
    happening = Happening.connection_disconnected
    if status is ConnectionStatus.linked:
        is_first = before.status is ConnectionStatus.pending_auth
        happening = Happening.connection_connected if is_first else Happening.connection_reconnected
    after = Connection(before.id, before.company_id, status, before.created_at)
    connection(tx, happening, after, now, was=before.status)


def account_moved(tx: Write, before: SourceAccount, status: AccountStatus, now: datetime) -> None:
    """Nothing is told of an account that stays as it is."""
    if status is before.status:
        return
    happening = Happening.account_connected if status is AccountStatus.connected else Happening.account_disconnected
    account(tx, happening, before, now, status=status.value)


def account(tx: Write, happening: Happening, which: SourceAccount, now: datetime, **facts: str | None) -> None:
    outbox.add(
        tx,
        happening,
        now,
        company_id=which.company_id,
        connection_id=which.connection_id,
        account_pk=which.pk,
        facts={"status": which.status.value, **facts},
    )
