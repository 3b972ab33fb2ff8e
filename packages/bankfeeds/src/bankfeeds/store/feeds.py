"""Feeds: claiming, fencing, moving on. The claim is on the feed's row: one row, one lease, one token.

Whoever changes a feed while it works on it names the token of its claim; a later claim has another token, so a
holder that was thought dead changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.feed import Feed, FeedStatus
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.budgets import FAR
from bankfeeds.store.engine import Read, Write

_f = t.feeds.c
_open = _f.status == FeedStatus.open.value
_live = _f.status != FeedStatus.closed.value
_claimable = sa.text("feeds.status = 'open' AND feeds.due_at IS NOT NULL AND NOT feeds.is_held")
"""In the words of the index `ix_feeds_due`: neither database sees through bound values that it may use it."""

BUDGET_HORIZON = timedelta(seconds=1)
"""A listing whose next free request is further away than this has its feeds left alone, whoever could claim them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Others may take the feed from `until` on."""

    feed_pk: int
    account_pk: int
    listing_id: str
    token: int
    until: datetime


def has_due(tx: Read, now: datetime) -> bool:
    """A look that takes no lock, before a claim that does."""
    return tx.row(_ANY_DUE, _due_parameters(now)) is not None


def claim_due(tx: Write, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Claim]:
    """Due feeds that nobody holds, those that have waited longest first, many in one statement."""
    taking = {"the_limit": limit, "lease_owner": owner, "lease_until": now + lease}
    rows = sorted(tx.rows(_TAKE, _due_parameters(now) | taking), key=lambda row: row.due_at)
    return [Claim(row.pk, row.account_pk, row.listing_id, row.lease_token, now + lease) for row in rows]


def _is_due() -> sa.ColumnElement[bool]:
    """Open, not held by an operator, not leased, and its listing may be called within BUDGET_HORIZON."""
    b = t.budgets.c
    now, soon, far = (sa.bindparam(name, type_=_f.due_at.type) for name in ("now", "soon", "far"))
    spent = sa.select(b.listing_id).where(b.next_at.between(soon, far))
    free = sa.or_(_f.lease_until.is_(None), _f.lease_until <= now, _f.lease_until > far)
    due = sa.or_(_f.due_at <= now, _f.due_at > far)
    return sa.and_(_claimable, due, free, _f.listing_id.not_in(spent))


def _due_parameters(now: datetime) -> dict[str, Any]:
    return {"now": now, "soon": now + BUDGET_HORIZON, "far": now + FAR}


_ANY_DUE = sa.select(_f.pk).where(_is_due()).limit(1)
_TAKE = (
    t.feeds.update()
    .where(
        _f.pk.in_(
            sa.select(_f.pk)
            .where(_is_due())
            .order_by(_f.due_at)
            .limit(sa.bindparam("the_limit", type_=sa.Integer))
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(lease_token=_f.lease_token + 1)
    .returning(_f.pk, _f.account_pk, _f.listing_id, _f.lease_token, _f.due_at)
)
_HELD = dialect.for_update(
    sa.select(t.feeds).where(_f.pk == sa.bindparam("the_pk"), _f.lease_token == sa.bindparam("the_token"), _open)
)
_CHANGE = t.feeds.update().where(_f.pk == sa.bindparam("the_pk"))
_FENCE = _CHANGE.values(lease_token=_f.lease_token + 1)
_LIVE_OF_ACCOUNT = sa.select(t.feeds).where(_f.account_pk == sa.bindparam("the_account"), _live).order_by(_f.pk)


def held(tx: Write, claim: Claim) -> Feed | None:
    """The feed, locked, if this claim still holds it."""
    row = tx.row(_HELD, {"the_pk": claim.feed_pk, "the_token": claim.token})
    return None if row is None else feed(row)


def change(tx: Write, pk: int, **values: Any) -> None:
    """For a feed that this transaction has locked by `held` or `lock`."""
    tx.run(_CHANGE, {"the_pk": pk, **values})


def take_back(tx: Write, pk: int, now: datetime) -> None:
    """Ends what is under way: the feed has no statement, is due, and whoever held it holds it no more."""
    tx.run(_FENCE, {"the_pk": pk, "statement_pk": None, "attempt": 0, "due_at": now, "lease_until": None})


def free_all(tx: Write) -> None:
    """Ends every claim: whoever holds one holds it no more, and the feed may be claimed at once."""
    held_now = t.feeds.update().where(_f.lease_until.is_not(None))
    tx.run(held_now.values(lease_token=_f.lease_token + 1, lease_owner=None, lease_until=None))


def release(tx: Write, pk: int, due_at: datetime | None, **values: Any) -> None:
    """Gives the claim back; the feed is due again at `due_at`, or when something new arrives."""
    change(tx, pk, due_at=due_at, lease_until=None, lease_owner=None, **values)


def wake(tx: Write, account_pk: int, now: datetime) -> None:
    """Something waits for every feed of the account. Touches the rows even if they are due: whoever is just letting
    one go idle holds its lock, and has to be followed, not overtaken.
    """
    tx.run(
        t.feeds.update()
        .where(_f.account_pk == account_pk, _open)
        .values(
            due_at=sa.func.coalesce(_f.due_at, sa.bindparam("now", now, type_=_f.due_at.type)),
            waiting_since=sa.func.coalesce(_f.waiting_since, sa.bindparam("now", now, type_=_f.due_at.type)),
        )
    )


def insert(
    tx: Write,
    listing_id: str,
    account_pk: int,
    bank_account_id: str,
    start_on: date | None,
    opened_seq: int,
    now: datetime,
    *,
    chosen_on: date | None = None,
    is_held: bool = False,
) -> int:
    """A new open feed at the beginning of the account's stream, due at once; held if a pause covers it.

    `chosen_on`: what its Sage user chose, where it begins later.
    """
    result = tx.connection.execute(
        t.feeds.insert().values(
            listing_id=listing_id,
            account_pk=account_pk,
            bank_account_id=bank_account_id,
            status=FeedStatus.open.value,
            start_on=start_on,
            chosen_on=chosen_on,
            opened_at=now,
            opened_seq=opened_seq,
            cursor=0,
            is_held=is_held,
            due_at=now,
            waiting_since=now,
        )
    )
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("an inserted feed has a number")
    return int(key[0])


def by_bank_account(tx: Read, listing_id: str, bank_account_id: str) -> Feed | None:
    row = tx.row(sa.select(t.feeds).where(_f.listing_id == listing_id, _f.bank_account_id == bank_account_id))
    return None if row is None else feed(row)


def account_of(tx: Read, pk: int) -> int:
    """The number of the feed's account, which never changes."""
    return int(tx.value(sa.select(_f.account_pk).where(_f.pk == pk)))


def lock(tx: Write, pk: int) -> Feed | None:
    row = tx.row(dialect.for_update(sa.select(t.feeds).where(_f.pk == pk)))
    return None if row is None else feed(row)


def live_of_account(tx: Read, account_pk: int) -> list[Feed]:
    """Open and parked ones, oldest first."""
    return [feed(row) for row in tx.rows(_LIVE_OF_ACCOUNT, {"the_account": account_pk})]


def starts(tx: Read, account_pks: Sequence[int]) -> dict[int, date]:
    """By account: the earliest day chosen for its live feeds; those of which Sage has told none are left out."""
    chosen_on = sa.func.coalesce(_f.chosen_on, _f.start_on)
    query = sa.select(_f.account_pk, sa.func.min(chosen_on).label("start_on")).where(
        _f.account_pk.in_(account_pks), _live, _f.start_on.is_not(None)
    )
    return {row.account_pk: row.start_on for row in tx.rows(query.group_by(_f.account_pk))}


def count_live_of_connection(tx: Read, connection_id: str) -> int:
    a = t.source_accounts.c
    query = (
        sa.select(sa.func.count())
        .select_from(t.feeds.join(t.source_accounts, _f.account_pk == a.pk))
        .where(a.connection_id == connection_id, _live)
    )
    return int(tx.value(query))


def close(tx: Write, pk: int, now: datetime, cause: str) -> None:
    """For good. The token moves on, so that whoever works on it now changes nothing any more."""
    values = {"status": FeedStatus.closed.value, "closed_at": now, "close_cause": cause, "waiting_since": None}
    tx.run(_FENCE, {"the_pk": pk, "due_at": None, "statement_pk": None, "lease_until": None, **values})


def is_reported(tx: Read, account_pk: int, listing_id: str) -> bool:
    """Whether an authorisation of ours ever named this account to this listing's Sage."""
    r = t.reports.c
    return tx.row(sa.select(r.account_pk).where(r.account_pk == account_pk, r.listing_id == listing_id)) is not None


def parked_causes(tx: Read, account_pks: list[int]) -> dict[int, str]:
    """For accounts with a parked feed: where and why it stands."""
    query = sa.select(_f.account_pk, _f.parked_cause).where(
        _f.account_pk.in_(account_pks), _f.status == FeedStatus.parked.value
    )
    return {row.account_pk: row.parked_cause for row in tx.rows(query)}


def held_accounts(tx: Read, account_pks: list[int]) -> set[int]:
    """Of these, those with a live feed that a pause holds."""
    query = sa.select(_f.account_pk).where(_f.account_pk.in_(account_pks), _live, _f.is_held)
    return {row.account_pk for row in tx.rows(query)}


def wake_listing(tx: Write, listing_id: str, now: datetime) -> None:
    """What waited to be looked at again later is looked at now."""
    tx.run(t.feeds.update().where(_f.listing_id == listing_id, _open, _f.due_at > now).values(due_at=now))


def set_asks_reauthorisation(tx: Write, account_pk: int, *, asks: bool) -> None:
    """Whether each live feed of the account is still to tell Sage that its user has to authorise it again."""
    tx.run(t.feeds.update().where(_f.account_pk == account_pk, _live).values(asks_reauthorisation=asks))


def feed(row: Any) -> Feed:
    """Of a row of the table."""
    return Feed(
        pk=row.pk,
        listing_id=row.listing_id,
        account_pk=row.account_pk,
        bank_account_id=row.bank_account_id,
        status=FeedStatus(row.status),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        opened_seq=row.opened_seq,
        cursor=row.cursor,
        start_on=row.start_on,
        statement_pk=row.statement_pk,
        is_introduced=row.is_introduced,
        asks_reauthorisation=row.asks_reauthorisation,
        window=row.window,
        narrow_until=row.narrow_until,
        doubtful_seq=row.doubtful_seq,
        attempt=row.attempt,
        waiting_since=row.waiting_since,
        parked_seq=row.parked_seq,
        parked_cause=row.parked_cause,
    )
