"""What an operator names on the command line, found: a feed, an account."""

from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.domain.feed_view import FeedView
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.store import overview, source_accounts
from bankfeeds.store.engine import Read


def feed(tx: Read, name: str) -> FeedView:
    """By Sage's bank account id, or by its number."""
    found = overview.feeds_called(tx, name) if is_storable(name) else []
    if not found:
        raise NotFound("feed", f"there is no feed {name}; `bankfeeds feeds list` shows them")
    if len(found) > 1:
        numbers = ", ".join(f"{each.number} (listing {each.listing})" for each in found)
        raise Conflict(
            "feed_ambiguous", f"several listings have a bank account {name}; name the feed's number: {numbers}"
        )
    return found[0]


def account(tx: Read, name: str) -> SourceAccount:
    """By CONNECTION/ACCOUNT as the institution knows it, or by the external id that Sage knows."""
    connection_id, slash, account_id = name.partition("/")
    found = source_accounts.by_external_id(tx, name) if is_storable(name) and not slash else None
    if is_storable(name) and slash:
        same = [each for each in source_accounts.of_connection(tx, connection_id) if each.id == account_id]
        found = same[0] if same else None
    if found is None:
        raise NotFound("source_account", f"there is no account {name}; write CONNECTION/ACCOUNT or its external id")
    return found
