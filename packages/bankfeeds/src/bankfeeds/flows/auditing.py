"""Reading the audit trail: who did what to what, when and why, newest first."""

from dataclasses import dataclass

from bankfeeds.domain.audit import AuditEntry, AuditFilter
from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.store import audit

ENTRIES_PER_PAGE = 50
TEXT_LENGTH_MAX = 200
PUSHES_LOOKED_THROUGH = audit.PUSHES_LOOKED_THROUGH
"""Accepted pushes of one actor are looked for among so many of the newest entries."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`before` asks for the next page; None on the last."""

    entries: list[AuditEntry]
    before: int | None


def entries(world: World, wanted: AuditFilter, before: int | None = None) -> AuditPage:
    """Invalid for a text that cannot be in the trail."""
    texts = {"actor": wanted.actor, "action": wanted.action, "subject": wanted.subject}
    wrong = [name for name, text in texts.items() if len(text) > TEXT_LENGTH_MAX or not is_storable(text)]
    if wrong:
        flaws = tuple(Flaw(name, f"is at most {TEXT_LENGTH_MAX} characters of plain text") for name in wrong)
        raise Invalid("invalid", f"{wrong[0]}: {flaws[0].message}", flaws)
    found = world.db.read(lambda tx: audit.page(tx, wanted, before, ENTRIES_PER_PAGE + 1))
    more = found[ENTRIES_PER_PAGE - 1][0] if len(found) > ENTRIES_PER_PAGE else None
    return AuditPage([entry for _, entry in found[:ENTRIES_PER_PAGE]], more)
