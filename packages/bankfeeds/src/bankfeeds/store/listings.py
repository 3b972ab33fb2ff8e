"""Listings: rows to values and back. Sealed secrets go in and come out sealed; nothing here can open them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.listing import AmountUnit, Listing
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_l = t.listings.c
PLAIN = (
    "id", "name", "region", "country", "bank_id", "external_ref", "url", "provider_url", "token_url", "jwks_url",
    "client_id", "audience", "connector_issuer", "connector_audience", "header_name", "amount_unit", "created_at",
    "authorization_redirect_url", "confirmed_at", "confirmed_by", "confirmed_evidence", "holds_gaps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    client_secret: str
    api_key: str
    header_values: tuple[str, ...]


def find(tx: Read, listing_id: str) -> Listing | None:
    """None if unknown or removed."""
    row = tx.row(_FIND, {"the_id": listing_id})
    return None if row is None else listing(row)


def get(tx: Read, listing_id: str) -> Listing:
    """One that is referred to, so it exists; removed or not."""
    row = tx.row(sa.select(t.listings).where(_l.id == listing_id))
    if row is None:
        raise AssertionError(f"listing {listing_id} is gone")
    return listing(row)


def lock(tx: Write, listing_id: str) -> Listing | None:
    """Locked against other locks, not against rows that refer to it; None if unknown or removed."""
    row = tx.row(dialect.for_update_beside_references(_live().where(_l.id == listing_id)))
    return None if row is None else listing(row)


def exists(tx: Read, listing_id: str) -> bool:
    """Removed ones too: their id is never given out again."""
    return tx.row(sa.select(_l.id).where(_l.id == listing_id)) is not None


def live(tx: Read) -> list[Listing]:
    return [listing(row) for row in tx.rows(_live().order_by(_l.created_at, _l.id))]


def sealed(tx: Read, listing_id: str) -> SealedSecrets | None:
    """Of a removed one too: what is on its way still has to be told to Sage."""
    row = tx.row(
        sa.select(_l.sealed_client_secret, _l.sealed_api_key, _l.sealed_header_values).where(_l.id == listing_id)
    )
    if row is None:
        return None
    return SealedSecrets(row.sealed_client_secret, row.sealed_api_key, tuple(row.sealed_header_values))


def insert(tx: Write, listing: Listing, secrets: SealedSecrets) -> None:
    plain = {name: getattr(listing, name) for name in PLAIN}
    tx.run(t.listings.insert().values({**plain, **_secret_values(secrets)}))


def update(tx: Write, listing: Listing, secrets: SealedSecrets | None) -> None:
    """None: the secrets stay as they are."""
    changes = {name: getattr(listing, name) for name in PLAIN if name not in {"id", "created_at"}}
    if secrets is not None:
        changes |= _secret_values(secrets)
    tx.run(t.listings.update().where(_l.id == listing.id).values(changes))


def confirm(tx: Write, listing_id: str, at: datetime | None, by: str | None, evidence: str | None) -> None:
    """Who recorded that Sage confirmed the amount unit; None takes it back."""
    changes = {"confirmed_at": at, "confirmed_by": by, "confirmed_evidence": evidence}
    tx.run(t.listings.update().where(_l.id == listing_id).values(changes))


def mark_removed(tx: Write, listing_id: str, at: datetime) -> None:
    tx.run(t.listings.update().where(_l.id == listing_id).values(removed_at=at))


def _live() -> "sa.Select[Any]":
    return sa.select(t.listings).where(_l.removed_at.is_(None))


_FIND = _live().where(_l.id == sa.bindparam("the_id"))


def _secret_values(secrets: SealedSecrets) -> dict[str, str | Sequence[str]]:
    return {
        "sealed_client_secret": secrets.client_secret,
        "sealed_api_key": secrets.api_key,
        "sealed_header_values": list(secrets.header_values),
    }


def listing(row: Any) -> Listing:
    """Of a row with the columns PLAIN."""
    values: dict[str, Any] = {name: getattr(row, name) for name in PLAIN}
    values["amount_unit"] = AmountUnit(row.amount_unit)
    return Listing(**values)
