"""Texts of lines that are in Sage and older than the setting says are erased, a few hundred at a time.

What stays proves the balances and tells the same line from a changed one: `domain/erasure.py`.
"""

from datetime import timedelta

from bankfeeds.flows.context import World
from bankfeeds.store import erased
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.erased import Span, Waiting


def step(world: World, after_pk: int) -> tuple[int, int] | None:
    """One slice of the lines of one account numbered above that: where to go on, and how many lost their texts. None
    at the end of the accounts.
    """
    before = world.clock().date() - timedelta(days=world.limits.retention_days)

    def look(tx: Read) -> tuple[Waiting, Span] | None:
        for each in erased.waiting(tx, after_pk, before, 1):
            return each, erased.in_sage(tx, each.pk, each.looked_seq, before)
        return None

    found = world.db.read(look)
    if found is None:
        return None
    account, span = found

    def run(tx: Write) -> int:
        count = erase(world, tx, account.external_id, span)
        erased.set_looked(tx, account, span.looked_seq)
        return count

    count = world.db.write(run) if span.looked_seq > account.looked_seq else 0
    return (account.pk if span.is_last else account.pk - 1), count


def erase(world: World, tx: Write, external_id: str, span: Span) -> int:
    """How many of these lines lost their texts now."""
    if not span.lines:
        return 0
    return erased.erase(tx, erased.key(tx, world.sealer, world.ids), external_id, span.lines)
