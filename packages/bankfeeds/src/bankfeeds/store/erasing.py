"""What is erased of everything but lines: each table's personal data, by what an account or a company owns.

Rows stay, texts go: `docs/guides/retention-and-erasure.md` says of every column what becomes of it, and a test compares
the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.late_line import LateState
from bankfeeds.domain.webhook_delivery import DeliveryStatus
from bankfeeds.store import tables as t
from bankfeeds.store import tables_files as t_files
from bankfeeds.store import tables_late as t_late
from bankfeeds.store import tables_proof as t_proof
from bankfeeds.store import tables_webhooks as t_webhooks
from bankfeeds.store.engine import Read, Write

ERASED = "erased"
"""Stands where a text must not be missing."""
ROWS_AT_ONCE = 500
_s = t_files.statement_file_accounts.c
_a, _e, _d = t.source_accounts.c, t_webhooks.webhook_events.c, t_webhooks.webhook_deliveries.c


@dataclass(frozen=True, slots=True)
class Account:
    pk: int
    external_id: str
    name: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """What is erased: accounts one by one, and the company or the connections that are deleted with them."""

    accounts: Sequence[Account]
    connection_ids: Sequence[str] = ()
    company_id: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one table and what becomes of them; without `values` they are deleted."""

    table: sa.Table
    where: "sa.ColumnElement[bool]"
    values: dict[str, Any] | None


def of_company(tx: Read, company_id: str) -> Scope | None:
    """Its own name only if it is deleted; None if there never was one."""
    row = tx.row(sa.select(t.companies).where(t.companies.c.id == company_id))
    if row is None:
        return None
    c = t.connections.c
    gone = [each.id for each in tx.rows(sa.select(c.id).where(c.company_id == company_id, c.deleted_at.is_not(None)))]
    accounts = _accounts(tx, _a.company_id == company_id)
    return Scope(accounts, gone, company_id if row.deleted_at is not None else None)


def of_connection(tx: Read, connection_id: str) -> Scope | None:
    row = tx.row(sa.select(t.connections).where(t.connections.c.id == connection_id))
    if row is None:
        return None
    return Scope(
        _accounts(tx, _a.connection_id == connection_id), [connection_id] if row.deleted_at is not None else []
    )


def of_account(tx: Read, name: str) -> Scope | None:
    """By CONNECTION/ACCOUNT, those of that name that are deleted included, or by external id."""
    connection_id, slash, account_id = name.partition("/")
    found = _accounts(
        tx,
        sa.and_(_a.connection_id == connection_id, _a.id == account_id) if slash else _a.external_id == name,
    )
    return Scope(found) if found else None


def pieces(scope: Scope) -> Iterator[Piece]:
    """Of every account what others wrote about its lines; of deleted ones everything that names somebody."""
    every = [each.pk for each in scope.accounts]
    gone = [each for each in scope.accounts if each.is_deleted]
    if every:
        yield from _about_lines(every)
    if gone:
        yield from _of_deleted([each.pk for each in gone], [each.external_id for each in gone])
    for connection_id in scope.connection_ids:
        yield _cleared(t.authorisations, t.authorisations.c.connection_id == connection_id, *_SESSION)
        yield Piece(t.otps, t.otps.c.connection_id == connection_id, None)
        yield from _told(f"connection:{connection_id}")
    if scope.company_id is not None:
        c = t.companies.c
        values: dict[str, Any] = {"name": ERASED, "description": None, "tags": {}}
        yield Piece(t.companies, sa.and_(c.id == scope.company_id, c.name != ERASED), values)
        yield from _told(f"company:{scope.company_id}")
        yield from _events(_e.company_id == scope.company_id)


def count(tx: Read, piece: Piece) -> int:
    return int(tx.value(sa.select(sa.func.count()).select_from(piece.table).where(piece.where)))


def erase_some(tx: Write, piece: Piece) -> int:
    """ROWS_AT_ONCE of them; how many they were."""
    columns = list(piece.table.primary_key.columns)
    some = sa.select(*columns).where(piece.where).limit(ROWS_AT_ONCE)
    which = (columns[0] if len(columns) == 1 else sa.tuple_(*columns)).in_(some)
    if piece.values is None:
        return tx.run(piece.table.delete().where(which))
    return tx.run(piece.table.update().where(which).values(piece.values))


_SESSION = ("state", "redirect_uri", "handle_digest", "report")


def _about_lines(pks: Sequence[int]) -> Iterator[Piece]:
    p, s = t.pushes.c, t.statements.c
    ended = sa.and_(p.account_pk.in_(pks), p.completed_at.is_not(None))
    yield _cleared(t.pushes, ended, "warnings", "errors", "error_message")
    theirs = s.feed_pk.in_(sa.select(t.feeds.c.pk).where(t.feeds.c.account_pk.in_(pks)))
    yield _cleared(t.statements, sa.and_(theirs, s.finished_at.is_not(None)), "refusal")
    late = t_late.late_lines.c
    dropped = sa.and_(late.account_pk.in_(pks), late.state == LateState.dropped.value)
    yield _cleared(t_late.late_lines, dropped, "description", "counterparty", "reference")
    yield from _events(_e.account_pk.in_(pks))


def _of_deleted(pks: Sequence[int], external_ids: Sequence[str]) -> Iterator[Piece]:
    f, m, h, n = t.feeds.c, t.line_marks.c, t_proof.holds.c, t_files.statement_files.c
    nobody = {"name": None, "number": None, "sort_code": None, "routing": None, "info": None, "identifier": ERASED}
    yield Piece(t.source_accounts, sa.and_(_a.pk.in_(pks), _a.identifier != ERASED), nobody)
    yield _cleared(t.feeds, f.account_pk.in_(pks), "parked_cause", "close_cause")
    theirs = m.feed_pk.in_(sa.select(f.pk).where(f.account_pk.in_(pks)))
    yield Piece(t.line_marks, sa.and_(theirs, m.reason != ERASED), {"reason": ERASED})
    reasons = sa.case((h.end_reason.is_(None), None), else_=ERASED)
    held = sa.and_(h.account_pk.in_(pks), h.reason != ERASED)
    yield Piece(t_proof.holds, held, {"reason": ERASED, "end_reason": reasons})
    late = t_late.late_lines.c
    yield _cleared(t_late.late_lines, late.account_pk.in_(pks), "description", "counterparty", "reference", "reason")
    of_theirs = n.pk.in_(sa.select(_s.file_pk).where(_s.account_pk.in_(pks)))
    yield Piece(t_files.statement_files, sa.and_(of_theirs, n.name != ERASED), {"name": ERASED})
    yield _cleared(t.authorisations, t.authorisations.c.external_id.in_(external_ids), *_SESSION)
    for external_id in external_ids:
        yield from _told(f"account:{external_id}")


def _told(subject: str) -> Iterator[Piece]:
    """The reasons and details of what is on record about it, but for that it was erased; and of a pause."""
    a, p = t.audit.c, t.pauses.c
    mine = sa.and_(a.subject == subject, sa.text("audit.action <> 'push.accept'"), a.action.not_like("%.erase%"))
    yield _cleared(t.audit, mine, "reason", "detail")
    yield Piece(t.pauses, sa.and_(p.scope == subject, p.reason != ERASED), {"reason": ERASED})


def _events(which: "sa.ColumnElement[bool]") -> Iterator[Piece]:
    """Those that are on their way to nobody, with their deliveries and attempts."""
    pending = sa.exists().where(_d.event_id == _e.id, _d.status == DeliveryStatus.pending.value)
    events = sa.select(_e.id).where(which, sa.not_(pending))
    deliveries = sa.select(_d.pk).where(_d.event_id.in_(events))
    yield Piece(t_webhooks.webhook_attempts, t_webhooks.webhook_attempts.c.delivery_pk.in_(deliveries), None)
    yield Piece(t_webhooks.webhook_deliveries, _d.event_id.in_(events), None)
    yield Piece(t_webhooks.webhook_events, sa.and_(which, sa.not_(pending)), None)


def _cleared(table: sa.Table, which: "sa.ColumnElement[bool]", *columns: str) -> Piece:
    """Rows with something in one of these columns; nothing stays in any."""
    has_something = sa.or_(*(table.c[name].is_not(None) for name in columns))
    return Piece(table, sa.and_(which, has_something), dict.fromkeys(columns, sa.null()))


def _accounts(tx: Read, which: "sa.ColumnElement[bool]") -> list[Account]:
    query = sa.select(_a.pk, _a.external_id, _a.connection_id, _a.id, _a.deleted_at).where(which).order_by(_a.pk)
    return [
        Account(row.pk, row.external_id, f"{row.connection_id}/{row.id}", row.deleted_at is not None)
        for row in tx.rows(query)
    ]
