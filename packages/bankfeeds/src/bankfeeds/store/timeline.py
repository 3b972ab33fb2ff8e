"""An account's timeline, read from where each thing was written down: audit, pushes, statements, authorisations.

Each source is asked for its newest entries older than a place, and the newest of all are kept: a page costs the same
wherever it lies.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.history import RANKS, Entry, Place, Source
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.store import history, overview, pushes
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_NO_PUSH = sa.text("audit.action <> 'push.accept'")
"""In the words of the partial index: an account has as many of these as pushes."""
_PAUSING = ("delivery.pause", "delivery.resume")


def page(tx: Read, account: SourceAccount, before: Place | None, limit: int) -> list[Entry]:
    """Newest first, older than `before`."""
    found = [
        *_acts(tx, account, before, limit),
        *_pushes(tx, account, before, limit),
        *_statements(tx, account, before, limit),
        *_authorisations(tx, account, before, limit),
    ]
    found.sort(key=lambda entry: (entry.place.at, RANKS[entry.place.source], entry.place.number), reverse=True)
    return found[:limit]


def _older(at: Any, number: Any, source: Source, before: Place | None) -> list[sa.ColumnElement[bool]]:
    """Whatever comes after the place in a list of all sources."""
    if before is None:
        return []
    if RANKS[source] > RANKS[before.source]:
        return [at < before.at]
    if RANKS[source] < RANKS[before.source]:
        return [at <= before.at]
    return [at <= before.at, sa.or_(at < before.at, number < before.number)]


def _acts(tx: Read, account: SourceAccount, before: Place | None, limit: int) -> list[Entry]:
    """Pushes are told from their own table."""
    a = t.audit.c
    since = tx.value(sa.select(t.source_accounts.c.created_at).where(t.source_accounts.c.pk == account.pk))
    query = (
        sa.select(t.audit)
        .where(_is_about(tx, account), _NO_PUSH, a.at >= since)
        .where(*_older(a.at, a.pk, Source.act, before))
        .order_by(a.at.desc(), a.pk.desc())
        .limit(limit)
    )
    return [
        Entry(Place(row.at, Source.act, row.pk), row.action, row.actor, row.reason, row.detail or {})
        for row in tx.rows(query)
    ]


def _is_about(tx: Read, account: SourceAccount) -> sa.ColumnElement[bool]:
    """Acts on the account and its connection, and the pauses that cover it."""
    a = t.audit.c
    own = [f"account:{account.external_id}", f"source_account:{account.connection_id}/{account.id}"]
    own.append(f"connection:{account.connection_id}")
    f = t.feeds.c
    listings = tx.rows(sa.select(f.listing_id).where(f.account_pk == account.pk).distinct())
    over = ["platform:all", f"company:{account.company_id}", *(f"listing:{row.listing_id}" for row in listings)]
    return sa.or_(a.subject.in_(own), sa.and_(a.subject.in_(over), a.action.in_(_PAUSING)))


def _pushes(tx: Read, account: SourceAccount, before: Place | None, limit: int) -> list[Entry]:
    p = t.pushes.c
    conditions = [p.account_pk == account.pk, *_older(p.requested_at, p.pk, Source.push, before)]
    query = sa.select(t.pushes).where(p.pk.in_(history.newest(conditions, limit)))
    return [
        Entry(Place(row.requested_at, Source.push, row.pk), row.status, push=pushes.operation(row))
        for row in tx.rows(query)
    ]


def _statements(tx: Read, account: SourceAccount, before: Place | None, limit: int) -> list[Entry]:
    s, f = t.statements.c, t.feeds.c
    feeds = {
        row.pk: row.bank_account_id
        for row in tx.rows(sa.select(f.pk, f.bank_account_id).where(f.account_pk == account.pk))
    }
    query = (
        sa.select(t.statements)
        .where(s.feed_pk.in_(feeds), *_older(s.created_at, s.pk, Source.statement, before))
        .order_by(s.created_at.desc(), s.pk.desc())
        .limit(limit)
    )
    return [
        Entry(
            Place(row.created_at, Source.statement, row.pk),
            row.kind,
            detail=_balances(row),
            statement=overview.statement_view(row),
            bank_account_id=feeds[row.feed_pk],
        )
        for row in tx.rows(query)
    ]


def _balances(row: sa.Row[Any]) -> dict[str, object]:
    return {} if row.ledger_balance is None else {"balance": row.ledger_balance, "on": row.ledger_on}


def _authorisations(tx: Read, account: SourceAccount, before: Place | None, limit: int) -> list[Entry]:
    """Sessions of Sage's users that ended at this account's connection."""
    z = t.authorisations.c
    at = sa.func.coalesce(z.finished_at, z.bound_at, z.received_at, type_=z.received_at.type)
    query = (
        sa.select(z.pk, z.kind, z.status, z.listing_id, at.label("at"))
        .where(z.connection_id == account.connection_id, *_older(at, z.pk, Source.authorisation, before))
        .order_by(at.desc(), z.pk.desc())
        .limit(limit)
    )
    return [_authorisation(row.at, row) for row in tx.rows(query)]


def _authorisation(at: datetime, row: sa.Row[Any]) -> Entry:
    detail = {"kind": row.kind, "listing": row.listing_id}
    return Entry(Place(at, Source.authorisation, row.pk), row.status, detail=detail)
