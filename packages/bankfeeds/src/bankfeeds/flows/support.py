"""What Sage needs to look into one account, and nothing of its customer: ids, states, instants, Sage's own words.

What goes in is named here, member by member; names, amounts, texts of lines and reasons of operators are not.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bankfeeds.domain.feed_view import FeedView, StatementView
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import history
from bankfeeds.flows.context import World
from bankfeeds.flows.named import account as find_account
from bankfeeds.store import listings, overview
from bankfeeds.store.engine import Read

STATEMENTS_MAX = 200
"""Of each feed, the newest."""
_LONG_NUMBER = re.compile(r"\d[\d -]{4,}\d")
_AMOUNT = re.compile(r"-?\d+[.,]\d+")
_LAST_DIGITS = 4


def bundle(world: World, name: str, version: str) -> dict[str, Any]:
    """Of one account, by CONNECTION/ACCOUNT or external id; ready to be written as JSON."""
    external_id = world.db.read(lambda tx: find_account(tx, name)).external_id
    detail = history.account(world, external_id)

    def read(tx: Read) -> dict[str, Any]:
        views = [each.feed for each in detail.feeds]
        return {
            "madeAt": world.clock(),
            "platform": {"version": version, "database": "postgresql" if tx.is_postgresql else "sqlite"},
            "account": _account(detail.account, detail.created_at),
            "listings": [_listing(listings.get(tx, id_)) for id_ in sorted({view.listing for view in views})],
            "feeds": [_feed(view, overview.recent_statements(tx, view.number, STATEMENTS_MAX)) for view in views],
        }

    return world.db.read(read)


def _account(account: SourceAccount, created_at: datetime) -> dict[str, Any]:
    return {
        "externalId": account.external_id,
        "numberEndsIn": account.number[-_LAST_DIGITS:] if account.number else None,
        "type": account.type,
        "currency": account.currency,
        "status": account.status.value,
        "createdAt": created_at,
        "lines": account.last_seq,
        "newestLineOn": account.newest_on,
        "needsReauthorisation": account.needs_reauthorisation,
        "verifyingSince": account.verifying_since,
    }


def _listing(listing: Listing) -> dict[str, Any]:
    return {
        "id": listing.id,
        "region": listing.region,
        "country": listing.country,
        "bankId": listing.bank_id,
        "amountUnit": listing.amount_unit.value,
        "providerHost": urlsplit(listing.provider_url).hostname,
    }


def _feed(feed: FeedView, statements: list[StatementView]) -> dict[str, Any]:
    return {
        "bankAccountId": feed.bank_account_id,
        "listing": feed.listing,
        "status": feed.status.value,
        "isPaused": feed.is_paused,
        "startOn": feed.start_on,
        "openedAt": feed.opened_at,
        "closedAt": feed.closed_at,
        "settledUpTo": feed.cursor,
        "linesWaiting": feed.lines_waiting,
        "oldestWaitingSince": feed.oldest_waiting_at,
        "parkedAt": feed.parked_at,
        "parkedLine": feed.parked_line,
        "parkedCause": _masked(feed.parked_cause),
        "statements": [_statement(each) for each in statements],
    }


def _statement(statement: StatementView) -> dict[str, Any]:
    return {
        "number": statement.number,
        "kind": statement.kind,
        "status": statement.status,
        "statementId": statement.sage_id,
        "lines": statement.line_count,
        "offers": statement.offers,
        "createdAt": statement.created_at,
        "finishedAt": statement.finished_at,
        "refusal": _masked(statement.refusal),
        "problems": [_masked(each) for each in statement.problems],
    }


def _masked(text: str | None) -> str | None:
    """Sage's words, without what looks like an amount or an account number in them."""
    return None if text is None else _LONG_NUMBER.sub("(number)", _AMOUNT.sub("(amount)", text))
