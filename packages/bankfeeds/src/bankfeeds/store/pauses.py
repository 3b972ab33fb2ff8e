"""Pauses, and the one column by which a feed knows of them: claiming looks at the feed's own row only."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.pause import PLATFORM, Pause, account_scope, company_scope, listing_scope, scopes_over
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_p = t.pauses.c


def every(tx: Read) -> list[Pause]:
    """The oldest first."""
    return [Pause(row.scope, row.at, row.by, row.reason) for row in tx.rows(_all().order_by(_p.at, _p.scope))]


def find(tx: Read, scope: str) -> Pause | None:
    row = tx.row(_all().where(_p.scope == scope))
    return None if row is None else Pause(row.scope, row.at, row.by, row.reason)


def over(tx: Read, listing_id: str, company_id: str, external_id: str) -> list[Pause]:
    """Those that hold a feed of this account at this listing."""
    scopes = scopes_over(listing_id, company_id, external_id)
    return [Pause(row.scope, row.at, row.by, row.reason) for row in tx.rows(_all().where(_p.scope.in_(scopes)))]


def lock(tx: Write) -> None:
    """Before `insert`, `delete` and `apply`: one operator at a time, and no feed is opened meanwhile."""
    dialect.lock_table(tx.connection, t.pauses, "SHARE ROW EXCLUSIVE")


def is_held(tx: Write, listing_id: str, account: SourceAccount) -> bool:
    """For a feed about to be opened. No pause begins or ends before this transaction does."""
    dialect.lock_table(tx.connection, t.pauses, "SHARE")
    return bool(over(tx, listing_id, account.company_id, account.external_id))


def insert(tx: Write, scope: str, at: datetime, by: str, reason: str) -> None:
    tx.run(t.pauses.insert().values(scope=scope, at=at, by=by, reason=reason))


def delete(tx: Write, scope: str) -> None:
    tx.run(t.pauses.delete().where(_p.scope == scope))


def apply(tx: Write) -> int:
    """Holds every live feed that a pause covers and lets go of all others; how many feeds that changed."""
    f, a = t.feeds.c, t.source_accounts.c
    scopes = (
        sa.literal(PLATFORM),
        sa.literal(listing_scope("")).concat(f.listing_id),
        sa.literal(company_scope("")).concat(a.company_id),
        sa.literal(account_scope("")).concat(a.external_id),
    )
    paused = sa.exists().where(a.pk == f.account_pk, _p.scope.in_(scopes))
    wrong = sa.select(f.pk).where(f.status != FeedStatus.closed.value, f.is_held != paused)
    locked = dialect.for_update(wrong.order_by(f.pk)).scalar_subquery()
    return tx.run(t.feeds.update().where(f.pk.in_(locked)).values(is_held=~f.is_held))


def _all() -> "sa.Select[Any]":
    return sa.select(t.pauses)
