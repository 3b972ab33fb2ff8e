"""Secret keys by their marks: those that seal, and those that are retired but whose digests still count."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.store import dialect
from bankfeeds.store import tables_secrets as t
from bankfeeds.store.engine import Read, Write

_k = t.secret_keys.c


@dataclass(frozen=True, slots=True)
class KnownKey:
    """In use until `retired_at`: something in the database may be sealed with it. A retired one left its digest key."""

    mark: str
    since: datetime
    retired_at: datetime | None
    sealed_digest_key: str | None


def every(tx: Read) -> list[KnownKey]:
    """The oldest first."""
    rows = tx.rows(sa.select(t.secret_keys).order_by(_k.since, _k.mark))
    return [KnownKey(row.mark, row.since, row.retired_at, row.sealed_digest_key) for row in rows]


def take_up(tx: Write, mark: str, now: datetime) -> None:
    """It seals from now on; one that was retired is in use again. Two processes may do so at once."""
    tx.run(dialect.insert_if_absent(tx.is_postgresql, t.secret_keys, {"mark": mark, "since": now}))
    tx.run(t.secret_keys.update().where(_k.mark == mark).values(retired_at=None))


def retire(tx: Write, mark: str, now: datetime, sealed_digest_key: str) -> None:
    tx.run(dialect.insert_if_absent(tx.is_postgresql, t.secret_keys, {"mark": mark, "since": now}))
    values = {"retired_at": now, "sealed_digest_key": sealed_digest_key}
    tx.run(t.secret_keys.update().where(_k.mark == mark).values(values))


def forget(tx: Write, mark: str) -> None:
    tx.run(t.secret_keys.delete().where(_k.mark == mark))
