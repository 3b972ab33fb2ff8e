"""API keys: rows to values and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.api_key import ApiKey, Scope
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_k = t.api_keys.c


def by_digest(tx: Read, digests: Sequence[str]) -> list[tuple[str, ApiKey]]:
    """Keys with one of the digests, each with the digest stored; revoked and expired ones too."""
    rows = tx.rows(sa.select(t.api_keys).where(_k.digest.in_(digests)))
    return [(row.digest, _key(row)) for row in rows]


def find(tx: Read, key_id: str) -> ApiKey | None:
    row = tx.row(sa.select(t.api_keys).where(_k.id == key_id))
    return None if row is None else _key(row)


def every(tx: Read) -> list[ApiKey]:
    """In the order they were made."""
    return [_key(row) for row in tx.rows(sa.select(t.api_keys).order_by(_k.created_at, _k.id))]


def insert(tx: Write, key: ApiKey, digest: str) -> None:
    tx.run(
        t.api_keys.insert().values(
            id=key.id,
            name=key.name,
            digest=digest,
            hint=key.hint,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            scope=key.scope.value,
        )
    )


def revoke(tx: Write, key_id: str, at: datetime) -> None:
    tx.run(t.api_keys.update().where(_k.id == key_id).values(revoked_at=at))


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.name, row.hint, row.created_at, row.expires_at, row.revoked_at, Scope(row.scope))
