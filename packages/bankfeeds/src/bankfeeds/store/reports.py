"""Which accounts were reported to which listing's Sage, and when to ask Sage whether we missed its answer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_r = t.reports.c


def reported_pks(tx: Read, listing_id: str, account_pks: Collection[int]) -> set[int]:
    """Those of the accounts that were reported to this listing's Sage."""
    query = sa.select(_r.account_pk).where(_r.listing_id == listing_id, _r.account_pk.in_(account_pks))
    return {row.account_pk for row in tx.rows(query)}


def add(tx: Write, listing_id: str, account_pks: Collection[int], at: datetime, check_at: datetime) -> tuple[int, ...]:
    """Reported now, to be checked then. Answers the accounts that had not been before.

    The caller holds the connection's lock: nobody else reports its accounts meanwhile.
    """
    known = reported_pks(tx, listing_id, account_pks)
    if known:
        again = t.reports.update().where(_r.listing_id == listing_id, _r.account_pk.in_(known))
        tx.run(again.values(reported_at=at, checks=0, check_due_at=check_at))
    new = tuple(pk for pk in account_pks if pk not in known)
    for pk in new:
        tx.run(
            t.reports.insert().values(
                account_pk=pk, listing_id=listing_id, reported_at=at, checks=0, check_due_at=check_at
            )
        )
    return new


def withdraw(tx: Write, listing_id: str, account_pks: Collection[int]) -> None:
    """Sage did not take the report: as if it had never been made."""
    tx.run(t.reports.delete().where(_r.listing_id == listing_id, _r.account_pk.in_(account_pks)))


@dataclass(frozen=True, slots=True)
class Report:
    account_pk: int
    listing_id: str
    reported_at: datetime
    checks: int


TAKEN_FOR = timedelta(minutes=5)
"""A report taken to be checked is due again after this, should whoever took it die."""


def take_due(tx: Write, now: datetime, limit: int) -> list[Report]:
    """Reports whose check is due, taken; the oldest first. Ones whose account is deleted are struck off."""
    a = t.source_accounts.c
    deleted = sa.select(a.pk).where(a.deleted_at.is_not(None)).scalar_subquery()
    tx.run(t.reports.update().where(_r.check_due_at <= now, _r.account_pk.in_(deleted)).values(check_due_at=None))
    query = sa.select(t.reports).where(_r.check_due_at <= now).order_by(_r.check_due_at).limit(limit)
    rows = tx.rows(query.with_for_update(skip_locked=True))
    due = [Report(row.account_pk, row.listing_id, row.reported_at, row.checks) for row in rows]
    for report in due:
        set_due(tx, report, now + TAKEN_FOR, report.checks)
    return due


def set_due(tx: Write, report: Report, due_at: datetime | None, checks: int) -> None:
    tx.run(
        t.reports.update()
        .where(_r.account_pk == report.account_pk, _r.listing_id == report.listing_id)
        .values(check_due_at=due_at, checks=checks)
    )
