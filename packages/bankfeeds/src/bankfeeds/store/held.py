"""What a step works with, in one question: the claimed feed, its account, its listing, and the listing's health."""

from collections import namedtuple
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.feed import Feed, FeedStatus
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.store import feeds, listings, source_accounts
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write
from bankfeeds.store.feeds import Claim


@dataclass(frozen=True, slots=True)
class Held:
    """`listing` is None if it was removed. `has_failures`: Sage has not answered the listing's last call."""

    feed: Feed
    account: SourceAccount
    listing: Listing | None
    has_failures: bool


_accounts, _feeds, _listings = t.source_accounts, t.feeds, t.listings
_LISTING_COLUMNS = [_listings.c[name] for name in listings.PLAIN]


def _rows(columns: Iterable["sa.Column[Any]"]) -> Any:
    """Makes rows of one table again: in a select of several, two columns may have one name."""
    names: list[str] = [column.name for column in columns]
    return namedtuple("Row", names)._make  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple] - the table has them


_account_row, _feed_row, _listing_row = _rows(_accounts.c), _rows(_feeds.c), _rows(_LISTING_COLUMNS)
_FIRST_OF_FEED = len(_accounts.c)
_FIRST_OF_LISTING = _FIRST_OF_FEED + len(_feeds.c)
_HELD = (
    sa.select(
        *(column.label(f"a_{column.name}") for column in _accounts.c),
        *(column.label(f"f_{column.name}") for column in _feeds.c),
        *(column.label(f"l_{column.name}") for column in _LISTING_COLUMNS),
        t.budgets.c.failures,
    )
    .select_from(
        _accounts.join(_feeds, _feeds.c.account_pk == _accounts.c.pk)
        .outerjoin(_listings, sa.and_(_listings.c.id == _feeds.c.listing_id, _listings.c.removed_at.is_(None)))
        .outerjoin(t.budgets, t.budgets.c.listing_id == _feeds.c.listing_id)
    )
    .where(
        _feeds.c.pk == sa.bindparam("the_pk"),
        _feeds.c.lease_token == sa.bindparam("the_token"),
        _feeds.c.status == FeedStatus.open.value,
    )
    .with_for_update(of=[_accounts, _feeds])
)


def lock(tx: Write, claim: Claim) -> Held | None:
    """Account and feed locked, in this order as everywhere; None if the claim does not hold the feed any more."""
    row: Any = tx.row(_HELD, {"the_pk": claim.feed_pk, "the_token": claim.token})
    if row is None:
        return None
    account = source_accounts.account(_account_row(row[:_FIRST_OF_FEED]))
    feed = feeds.feed(_feed_row(row[_FIRST_OF_FEED:_FIRST_OF_LISTING]))
    listing = _listing_row(row[_FIRST_OF_LISTING:-1])
    return Held(feed, account, listings.listing(listing) if listing.id is not None else None, bool(row.failures))
