"""Replies kept for requests that repeat: one for each caller, operation and Idempotency-Key."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.store import tables_api as t
from bankfeeds.store.engine import Read, Write

PURGED_AT_ONCE = 100
_r = t.replies.c


@dataclass(frozen=True, slots=True)
class KeptReply:
    """`request` tells whether a repetition is one."""

    request: str
    status: int
    sealed_body: str


def reserve(tx: Write, scope: str) -> bool:
    """False while another transaction has it, anywhere; it is held until this one ends. SQLite has one writer."""
    if not tx.is_postgresql:
        return True
    number = int(scope[:16], 16) - 2**63
    return bool(tx.value(sa.select(sa.func.pg_try_advisory_xact_lock(sa.cast(number, sa.BigInteger)))))


def find(tx: Read, scope: str) -> KeptReply | None:
    row = tx.row(sa.select(t.replies).where(_r.scope == scope))
    return None if row is None else KeptReply(row.request, row.status, row.sealed_body)


def insert(tx: Write, scope: str, reply: KeptReply, expires_at: datetime) -> None:
    values = {"request": reply.request, "status": reply.status, "sealed_body": reply.sealed_body}
    tx.run(t.replies.insert().values(scope=scope, expires_at=expires_at, **values))


def purge(tx: Write, scope: str, now: datetime) -> None:
    """Forgets this one if it has expired, and some of the others that have."""
    expired = sa.select(_r.scope).where(_r.expires_at <= now).limit(PURGED_AT_ONCE).with_for_update(skip_locked=True)
    tx.run(t.replies.delete().where(_r.scope == scope, _r.expires_at <= now))
    tx.run(t.replies.delete().where(_r.scope.in_([row.scope for row in tx.rows(expired)])))
