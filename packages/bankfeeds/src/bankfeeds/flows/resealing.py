"""Another secret key: everything sealed anew with the first one in force, and the others let go of.

Each batch is a transaction of its own, and what is sealed by the first key already is passed over: whoever dies in the
middle runs it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bankfeeds.domain.api_key import ApiKey
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.ports import Sealer
from bankfeeds.flows.context import World
from bankfeeds.store import audit, keys, resealing, secret_keys
from bankfeeds.store.engine import Database, Write
from bankfeeds.store.seal import SealBroken
from bankfeeds.store.secret_keys import KnownKey

RETIRED_KEYS_MAX = 20
"""Retired secret keys whose digests are still looked for: each costs every call another hash."""
RETIRED_KEPT = timedelta(days=30)
"""Longer than any session, password or handle that such a key hashed; API keys keep it longer."""


@dataclass(slots=True)
class Resealed:
    """`broken`: by table, how many no key in force opens. `retired`: how many keys can be taken out."""

    looked_at: int = 0
    changed: int = 0
    retired: int = 0
    broken: dict[str, int] | None = None


def reseal(world: World, actor: str, reason: str | None = None, *, gives_up_lost: bool = False) -> Resealed:
    """Conflict if something cannot be opened, unless that is given up: what it was has to be set anew.

    Everything else is sealed by the first key even then.
    """
    done, broken = Resealed(), dict[str, int]()
    for table in resealing.tables():
        for seen, changed, bad in _batches(world, table):
            done.looked_at += seen
            done.changed += changed
            if bad:
                broken[table.name] = broken.get(table.name, 0) + bad
        world.crash(f"resealed {table.name}")
    if broken and not gives_up_lost:
        told = ", ".join(f"{count} in {name}" for name, count in broken.items())
        raise Conflict(
            "secret_key_lost",
            f"sealed by a key that is not in BANKFEEDS_SECRET_KEY: {told}; put that key behind the others and repeat "
            "this. If it is lost for good, give these up with --lost and set them anew",
        )
    done.broken = broken
    done.retired = world.db.write(lambda tx: _retire(world, tx, actor, reason, done, gives_up_lost=gives_up_lost))
    return done


def missing_cause(database: Database, sealer: Sealer) -> str | None:
    """Why nobody should work with these keys: one that may have sealed something is not among them."""
    known = database.read(secret_keys.every)
    missing = [each.mark for each in known if each.retired_at is None and each.mark not in sealer.marks]
    if not missing:
        return None
    return (
        f"the database has secrets sealed with another secret key ({', '.join(missing)}): put it into "
        "BANKFEEDS_SECRET_KEY, behind the new one if there is one, or if it is lost for good: `bankfeeds reseal --lost`"
    )


def _batches(world: World, table: resealing.Table) -> Iterator[tuple[int, int, int]]:
    """Rows seen, rows changed, rows broken."""
    last: object = None
    while True:

        def run(tx: Write, after: object = last) -> tuple[object, int, int, int]:
            rows = resealing.rows_after(tx, table, after)
            changed = broken = 0
            for key, values in rows:
                try:
                    fresh = _fresh(world, values)
                except SealBroken:
                    broken += 1
                    continue
                if fresh:
                    resealing.write(tx, table, key, fresh)
                    changed += 1
            return (rows[-1][0] if rows else None), len(rows), changed, broken

        last, *counts = world.db.write(run)
        if last is None:
            return
        world.crash("resealed a batch")
        yield counts[0], counts[1], counts[2]


def _fresh(world: World, values: dict[str, Any]) -> dict[str, Any]:
    """The columns that another key than the first had sealed, sealed by the first."""
    again = {name: _again(world, value) for name, value in values.items() if value is not None}
    return {name: value for name, value in again.items() if value != values[name]}


def _again(world: World, value: str | list[str]) -> str | list[str]:
    if isinstance(value, list):
        return [world.sealer.resealed(each) or each for each in value]
    return world.sealer.resealed(value) or value


def _retire(world: World, tx: Write, actor: str, reason: str | None, done: Resealed, *, gives_up_lost: bool) -> int:
    now = world.clock()
    known = secret_keys.every(tx)
    secret_keys.take_up(tx, world.sealer.marks[0], now)
    others = world.sealer.marks[1:]
    for mark in _outlived(known, keys.every(tx), now):
        secret_keys.forget(tx, mark)
    for mark in others:
        secret_keys.retire(tx, mark, now, world.sealer.sealed_digest_key(mark))
    for each in known if gives_up_lost else ():
        if each.retired_at is None and each.mark not in world.sealer.marks:
            secret_keys.forget(tx, each.mark)
    if sum(each.retired_at is not None for each in secret_keys.every(tx)) > RETIRED_KEYS_MAX:
        raise Conflict(
            "secret_keys_max",
            f"API keys made under {RETIRED_KEYS_MAX} secret keys are live; make the oldest anew and revoke them first",
        )
    detail = {"looked_at": done.looked_at, "changed": done.changed, "retired": len(others), "broken": done.broken}
    audit.record(tx, AuditEntry(now, actor, "secret_key.reseal", "secret_key", reason, detail))
    return len(others)


def _outlived(known: Sequence[KnownKey], api_keys: Sequence[ApiKey], now: datetime) -> list[str]:
    """Retired keys that nothing live was hashed with."""
    oldest = min((key.created_at for key in api_keys if key.is_live(now)), default=now)
    retired = [(each.mark, each.retired_at) for each in known if each.retired_at is not None]
    return [mark for mark, at in retired if at <= oldest and at < now - RETIRED_KEPT]
