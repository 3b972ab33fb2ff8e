"""Everything that is the institution's own, to take away: JSON, a line a row."""

from collections.abc import Callable
from typing import Any

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.flows.context import World
from bankfeeds.store import audit, export
from bankfeeds.store.engine import Read

SUBJECT = "platform:all"


def write(world: World, actor: str, put: Callable[[dict[str, Any]], None], reason: str | None) -> int:
    """`put` gets each row, its table's name first. How many they were; that somebody took them is on record first."""
    entry = AuditEntry(world.clock(), actor, "platform.export", SUBJECT, reason)
    world.db.write(lambda tx: audit.record(tx, entry))

    def read(tx: Read) -> int:
        count = 0
        for table, row in export.rows(tx):
            put({"table": table, **row})
            count += 1
        return count

    return world.db.read(read)
