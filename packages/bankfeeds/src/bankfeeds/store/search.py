"""Finding companies by what an operator has at hand: a name, an id, a Connection ID, an account's name or number."""

from collections.abc import Sequence

import sqlalchemy as sa

from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.history import FoundCompany
from bankfeeds.domain.ids import tidy_connection_id
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read

_c = t.companies.c
_x = t.connections.c
_a = t.source_accounts.c
_f = t.feeds.c


_TOLD = sa.func.coalesce(_a.name, "") + "\n" + _a.id + "\n" + _a.identifier
"""What an account is known by, in one text: comparing is what a search spends its time on."""


def companies(tx: Read, text: str, offset: int, limit: int) -> list[FoundCompany]:
    """Newest first; all of them for an empty text."""
    query = sa.select(_c.id, _c.name, _c.created_at).where(_c.deleted_at.is_(None))
    if text:
        query = query.where(_matches(tx, text))
    rows = tx.rows(query.order_by(_c.created_at.desc(), _c.id).offset(offset).limit(limit))
    ids = [row.id for row in rows]
    connections, accounts, feeds = _connections(tx, ids), _accounts(tx, ids), _feeds(tx, ids)
    return [
        FoundCompany(
            row.id,
            row.name,
            row.created_at,
            connections.get(row.id, {}),
            accounts.get(row.id, 0),
            feeds.get(row.id, {}),
        )
        for row in rows
    ]


def _matches(tx: Read, text: str) -> sa.ColumnElement[bool]:
    """A Connection ID, or an id of ours, finds one company; anything else is looked for within names and numbers."""
    whole_id = tidy_connection_id(text)
    if whole_id is not None:
        theirs = sa.select(_x.company_id).where(_x.id == whole_id, _x.deleted_at.is_(None))
        return sa.or_(_c.id == whole_id, _c.id.in_(theirs))
    account = sa.or_(
        *(_holds(tx, _TOLD, each) for each in sorted({text, "".join(text.split())})), _a.external_id == text
    )
    theirs = sa.select(_a.company_id).where(_a.deleted_at.is_(None), account)
    return sa.or_(_holds(tx, _c.name, text), _c.id.startswith(text.lower(), autoescape=True), _c.id.in_(theirs))


def _holds(tx: Read, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Without regard to case. Only that of ASCII is looked at, which is several times quicker than a language's rules;
    for what is beyond, the likely spellings are asked for.
    """
    spellings = {text} if text.isascii() else {text, text.lower(), text.upper(), text.capitalize(), text.title()}
    return sa.or_(*(dialect.holds(tx.connection, column, spelling) for spelling in sorted(spellings)))


def _connections(tx: Read, ids: Sequence[str]) -> dict[str, dict[ConnectionStatus, int]]:
    query = sa.select(_x.company_id, _x.status, sa.func.count().label("n"))
    query = query.where(_x.company_id.in_(ids), _x.deleted_at.is_(None)).group_by(_x.company_id, _x.status)
    found: dict[str, dict[ConnectionStatus, int]] = {}
    for row in tx.rows(query):
        found.setdefault(row.company_id, {})[ConnectionStatus(row.status)] = row.n
    return found


def _accounts(tx: Read, ids: Sequence[str]) -> dict[str, int]:
    query = sa.select(_a.company_id, sa.func.count().label("n"))
    query = query.where(_a.company_id.in_(ids), _a.deleted_at.is_(None)).group_by(_a.company_id)
    return {row.company_id: row.n for row in tx.rows(query)}


def _feeds(tx: Read, ids: Sequence[str]) -> dict[str, dict[FeedStatus, int]]:
    """Of live feeds only."""
    query = sa.select(_a.company_id, _f.status, sa.func.count().label("n"))
    query = query.join_from(t.source_accounts, t.feeds, _f.account_pk == _a.pk)
    query = query.where(_a.company_id.in_(ids), _f.status != FeedStatus.closed.value).group_by(_a.company_id, _f.status)
    found: dict[str, dict[FeedStatus, int]] = {}
    for row in tx.rows(query):
        found.setdefault(row.company_id, {})[FeedStatus(row.status)] = row.n
    return found
