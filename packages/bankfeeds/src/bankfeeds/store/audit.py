"""The audit trail: written in the transaction of the change it tells of, and read a page at a time."""

import sqlalchemy as sa

from bankfeeds.domain.audit import AuditEntry, AuditFilter
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_NO_PUSH = sa.text("audit.action <> 'push.accept'")
"""In the words of the partial index: there are as many of these as pushes."""


def record(tx: Write, entry: AuditEntry) -> None:
    tx.run(
        t.audit.insert().values(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            reason=entry.reason,
            detail=dict(entry.detail) or None,
        )
    )


def page(tx: Read, wanted: AuditFilter, before: int | None, limit: int) -> list[tuple[int, AuditEntry]]:
    """Newest first, each with its number; those numbered below `before`."""
    a = t.audit.c
    query = sa.select(t.audit).order_by(a.pk.desc()).limit(limit)
    if not wanted.with_pushes:
        query = query.where(_NO_PUSH)
    if wanted.actor:
        query = query.where(a.actor == wanted.actor)
    if wanted.action:
        query = query.where(
            sa.or_(a.action == wanted.action, a.action.startswith(f"{wanted.action}.", autoescape=True))
        )
    if wanted.subject:
        query = query.where(a.subject == wanted.subject)
    if before is not None:
        query = query.where(a.pk < before)
    return [
        (row.pk, AuditEntry(row.at, row.actor, row.action, row.subject, row.reason, row.detail or {}))
        for row in tx.rows(query)
    ]
