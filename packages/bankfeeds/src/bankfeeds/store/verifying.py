"""Accounts that are verified after a restore: begun for all at once, ended one by one."""

from datetime import datetime

import sqlalchemy as sa

from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.store import source_accounts
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_a, _r = t.source_accounts.c, t.reports.c


def begin(tx: Write, since: datetime) -> int:
    """Every account that is not deleted; how many they are. What it has now is what the backup had."""
    values = {"verifying_since": since, "restored_seq": _a.last_seq}
    return tx.run(t.source_accounts.update().where(_a.deleted_at.is_(None)).values(values))


def ask_again(tx: Write, now: datetime) -> None:
    """Sage is asked after every account ever reported: links made and undone since the backup were told only once."""
    alive = sa.select(_a.pk).where(_a.deleted_at.is_(None))
    tx.run(t.reports.update().where(_r.account_pk.in_(alive)).values(checks=0, check_due_at=now))


def end(tx: Write, account_pk: int | None) -> int:
    """One account, or all; how many were verified until now."""
    ending = t.source_accounts.update().where(_a.verifying_since.is_not(None))
    if account_pk is not None:
        ending = ending.where(_a.pk == account_pk)
    return tx.run(ending.values(verifying_since=None))


def count(tx: Read) -> int:
    query = sa.select(sa.func.count()).select_from(t.source_accounts)
    return int(tx.value(query.where(_a.verifying_since.is_not(None), _a.deleted_at.is_(None))))


def accounts(tx: Read, limit: int) -> list[SourceAccount]:
    """In the order they were made."""
    query = sa.select(t.source_accounts).where(_a.verifying_since.is_not(None), _a.deleted_at.is_(None))
    return [source_accounts.account(row) for row in tx.rows(query.order_by(_a.pk).limit(limit))]
