"""The audit trail: written in the transaction of the change it tells of."""

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write


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
