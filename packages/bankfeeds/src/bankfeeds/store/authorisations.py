"""Authorisations: rows to values and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bankfeeds.domain.authorisation import (
    TRANSITIONS,
    Authorisation,
    AuthorisationKind,
    AuthorisationStatus,
    Report,
)
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_a = t.authorisations.c


def insert(tx: Write, listing_id: str, id_: str, bank_id: str, received_at: datetime, expires_at: datetime) -> None:
    tx.run(
        t.authorisations.insert().values(
            listing_id=listing_id,
            id=id_,
            bank_id=bank_id,
            kind=AuthorisationKind.unknown.value,
            status=AuthorisationStatus.notified.value,
            received_at=received_at,
            expires_at=expires_at,
        )
    )


def find(tx: Read, listing_id: str, id_: str) -> Authorisation | None:
    return _one(tx, sa.select(t.authorisations).where(_a.listing_id == listing_id, _a.id == id_))


def find_and_lock(tx: Write, listing_id: str, id_: str) -> Authorisation | None:
    query = sa.select(t.authorisations).where(_a.listing_id == listing_id, _a.id == id_)
    return _one(tx, dialect.for_update(query))


def by_handle(tx: Read, digests: Sequence[str]) -> Authorisation | None:
    return _one(tx, sa.select(t.authorisations).where(_a.handle_digest.in_(digests)))


def matching(tx: Read, text: str, limit: int) -> list[Authorisation]:
    """Those whose `state` or own id this is."""
    query = sa.select(t.authorisations).where(sa.or_(_a.state == text, _a.id == text))
    return [_authorisation(row) for row in tx.rows(query.limit(limit))]


def presented(tx: Write, listing_id: str, now: datetime) -> list[Authorisation]:
    """First authorisations that somebody is at the page of, locked."""
    query = sa.select(t.authorisations).where(
        _a.listing_id == listing_id,
        _a.status == AuthorisationStatus.presented.value,
        _a.kind == AuthorisationKind.onboarding.value,
        _a.expires_at > now,
    )
    return [_authorisation(row) for row in tx.rows(dialect.for_update(query.order_by(_a.pk)))]


def get(tx: Read, pk: int) -> Authorisation:
    found = _one(tx, sa.select(t.authorisations).where(_a.pk == pk))
    if found is None:
        raise AssertionError(f"authorisation {pk} is gone")
    return found


def lock(tx: Write, pk: int) -> Authorisation:
    found = _one(tx, dialect.for_update(sa.select(t.authorisations).where(_a.pk == pk)))
    if found is None:
        raise AssertionError(f"authorisation {pk} is gone")
    return found


def due(tx: Read, now: datetime, limit: int) -> list[int]:
    """Numbers of those whose report to Sage is due, the longest waiting first."""
    query = sa.select(_a.pk).where(_a.report_due_at.is_not(None), _a.report_due_at <= now)
    return [row.pk for row in tx.rows(query.order_by(_a.report_due_at).limit(limit))]


def move(tx: Write, found: Authorisation, status: AuthorisationStatus, **changes: Any) -> None:
    """To another status, or the same, with columns by name; AssertionError for a move that is not in the table."""
    if status is not found.status and status not in TRANSITIONS[found.status]:
        raise AssertionError(f"an authorisation that is {found.status} cannot become {status}")
    if isinstance(changes.get("report"), Report):
        changes["report"] = msgspec.to_builtins(changes["report"])
    tx.run(t.authorisations.update().where(_a.pk == found.pk).values(status=status.value, **changes))


def _one(tx: Read, query: "sa.Select[Any]") -> Authorisation | None:
    row = tx.row(query)
    return None if row is None else _authorisation(row)


def _authorisation(row: sa.Row[Any]) -> Authorisation:
    return Authorisation(
        pk=row.pk,
        listing_id=row.listing_id,
        id=row.id,
        bank_id=row.bank_id,
        kind=AuthorisationKind(row.kind),
        status=AuthorisationStatus(row.status),
        received_at=row.received_at,
        expires_at=row.expires_at,
        state=row.state,
        redirect_uri=row.redirect_uri,
        external_id=row.external_id,
        connection_id=row.connection_id,
        bound_at=row.bound_at,
        report=None if row.report is None else msgspec.convert(row.report, Report),
        report_attempts=row.report_attempts,
        report_due_at=row.report_due_at,
    )
