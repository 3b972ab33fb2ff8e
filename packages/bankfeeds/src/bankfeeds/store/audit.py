"""The audit trail: written in the transaction of the change it tells of, and read a page at a time."""

from collections.abc import Sequence

import sqlalchemy as sa

from bankfeeds.domain.audit import AuditEntry, AuditFilter
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

Condition = sa.ColumnElement[bool] | sa.TextClause
PUSH_ACTION = "push.accept"
PUSHES_LOOKED_THROUGH = 20_000
_a = t.audit.c
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
    """Newest first, each with its number; those numbered below `before`. Accepted pushes of one actor are looked for
    among the newest PUSHES_LOOKED_THROUGH entries only: no index knows who made them.
    """
    conditions = _conditions(wanted, before)
    with_pushes = wanted.with_pushes and (not wanted.action or PUSH_ACTION.startswith(wanted.action))
    if not with_pushes:
        return _entries(tx, [*conditions, _NO_PUSH], limit)
    if wanted.subject:
        found = sa.select(_a.pk).where(*conditions).cte("found").prefix_with("MATERIALIZED")
        newest = sa.select(found.c.pk).order_by(found.c.pk.desc()).limit(limit)
        return _entries(tx, [_a.pk.in_(newest)], limit)
    if not wanted.actor:
        return _entries(tx, conditions, limit)
    last = int(tx.value(sa.select(sa.func.max(_a.pk))) or 0)
    among = [_a.action == PUSH_ACTION, _a.pk > last - PUSHES_LOOKED_THROUGH]
    both = [*_entries(tx, [*conditions, _NO_PUSH], limit), *_entries(tx, [*conditions, *among], limit)]
    return sorted(both, key=lambda each: each[0], reverse=True)[:limit]


def _conditions(wanted: AuditFilter, before: int | None) -> list[Condition]:
    found: list[Condition] = []
    if wanted.actor:
        found.append(_a.actor == wanted.actor)
    if wanted.action:
        found.append(sa.or_(_a.action == wanted.action, _a.action.startswith(f"{wanted.action}.", autoescape=True)))
    if wanted.subject:
        found.append(_a.subject == wanted.subject)
    if before is not None:
        found.append(_a.pk < before)
    return found


def _entries(tx: Read, conditions: Sequence[Condition], limit: int) -> list[tuple[int, AuditEntry]]:
    query = sa.select(t.audit).where(*conditions).order_by(_a.pk.desc()).limit(limit)
    return [
        (row.pk, AuditEntry(row.at, row.actor, row.action, row.subject, row.reason, row.detail or {}))
        for row in tx.rows(query)
    ]
