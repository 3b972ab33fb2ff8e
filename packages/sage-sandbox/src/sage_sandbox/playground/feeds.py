"""The playground's deliveries: one statement at a time for each bank account, in order, until all is there (10.2)."""

import asyncio

from sage_sandbox.playground import history
from sage_sandbox.playground.bank import Playground
from sage_sandbox.playground.history import MadeLine
from sage_sandbox.playground.records import PlaygroundAccount, PlaygroundFeed
from sage_sandbox.playground.sage import Reply, in_unit
from sage_sandbox.refusals import refuse

BATCH_LINES = 1000
FEEDS_MAX = 2000
_PAUSE_S, _PAUSE_MAX_S = 0.2, 10.0
_TRIES = 60
_FINISHED = {"completed", "successful"}
_FAILED = {"failed", "error"}
_DUPLICATE = "DUPLICATE_TRANSACTION"


def open_feed(playground: Playground, bank_account_id: str, external_id: str, start_on: str) -> PlaygroundFeed:
    """Sage opened a bank account: its first statement is everything since the start date."""
    world = playground.world
    known = world.book.playground_feeds.get(bank_account_id)
    if known is not None:
        return known
    if len(world.book.playground_feeds) >= FEEDS_MAX:
        raise refuse(409, "TOO_MANY_FEEDS", f"The playground feeds at most {FEEDS_MAX} bank accounts")
    account = playground.account(external_id)
    today = world.clock.now().date()
    if start_on <= today.isoformat() and history.count_before(account, start_on) == account.count:
        history.add(account, today, 3)  # a first statement should have lines wherever the start date lets it
        world.keep(account)
    feed = world.keep(
        PlaygroundFeed(
            bank_account_id=bank_account_id,
            bank_id=account.bank_id,
            region=playground.bank(account.bank_id).region,
            external_id=external_id,
            start_on=start_on,
            sent=history.count_before(account, start_on),
        )
    )
    wake(playground, feed)
    return feed


def feeds_of(playground: Playground, external_id: str) -> list[PlaygroundFeed]:
    everyone = playground.world.book.playground_feeds.values()
    return [feed for feed in everyone if feed.external_id == external_id and not feed.closed]


async def find_feeds(playground: Playground, account: PlaygroundAccount) -> list[PlaygroundFeed]:
    """The account's open feeds; where there is none, Sage is asked: a notification may have been missed."""
    found = feeds_of(playground, account.external_id)
    if not found:
        region = playground.bank(account.bank_id).region
        reply = await playground.sage(region).query(account.bank_id, account.external_id)
        if reply.taken and reply.data["status"] != "cancelled":
            start_on = str(reply.data["requestedStartDate"])[:10]
            open_feed(playground, str(reply.data["bankAccountId"]), account.external_id, start_on)
    return feeds_of(playground, account.external_id)


async def send_lines(playground: Playground, account: PlaygroundAccount, count: int) -> list[PlaygroundFeed]:
    """More lines of today, to every company that has linked the account."""
    if account.count + count > history.LINES_MAX:
        raise refuse(409, "TOO_MANY_LINES", f"A playground account has at most {history.LINES_MAX} lines", "count")
    feeds = await find_feeds(playground, account)
    history.add(account, playground.world.clock.now().date(), count)
    playground.world.keep(account)
    for feed in feeds:
        wake(playground, feed)
    return feeds


async def ask_for_renewal(playground: Playground, account: PlaygroundAccount) -> list[PlaygroundFeed]:
    """Have Sage's user log in again: a statement of status alone (10.3)."""
    feeds = await find_feeds(playground, account)
    for feed in feeds:
        feed.wants_reauth = True
        playground.world.keep(feed)
        wake(playground, feed)
    return feeds


def renewed(playground: Playground, bank_id: str, customer: str) -> None:
    """The customer logged in again: whatever waited for it goes on."""
    for account in playground.accounts_of(bank_id, customer):
        for feed in feeds_of(playground, account.external_id):
            feed.wants_reauth = feed.needs_reauth = False
            playground.world.keep(feed)
            wake(playground, feed)


def close_feed(playground: Playground, bank_account_id: str) -> None:
    """The user disconnected (N4), or Sage no longer knows the bank account."""
    feed = playground.world.book.playground_feeds.get(bank_account_id)
    if feed is not None:
        feed.closed = True
        playground.world.keep(feed)


def resume(playground: Playground) -> None:
    """After a restart: an offer whose end is unknown is made again, Sage tells whether it had arrived."""
    for feed in playground.world.book.playground_feeds.values():
        wake(playground, feed)


def wake(playground: Playground, feed: PlaygroundFeed) -> None:
    feed.problem = ""
    if feed.bank_account_id not in playground.working:
        playground.working.add(feed.bank_account_id)
        playground.world.start(_work(playground, feed))


async def _work(playground: Playground, feed: PlaygroundFeed) -> None:
    try:
        while _has_work(playground, feed) and await _offer_next(playground, feed):
            playground.world.store.commit()
    finally:
        playground.working.discard(feed.bank_account_id)
    playground.world.store.commit()


def _has_work(playground: Playground, feed: PlaygroundFeed) -> bool:
    account = playground.world.book.playground_accounts.get(feed.external_id)
    if account is None or feed.closed or feed.problem:
        return False
    if feed.wants_reauth:
        return not feed.needs_reauth
    return not feed.began or account.count > feed.sent


async def _offer_next(playground: Playground, feed: PlaygroundFeed) -> bool:
    """Bring one statement to its end; whether to go on."""
    asks = feed.wants_reauth
    account = playground.world.book.playground_accounts[feed.external_id]
    batch = [] if asks else history.lines(account, feed.sent, BATCH_LINES)
    data = statement_of(playground, feed, account, batch)
    for attempt in range(_TRIES):
        end = await _offer(playground, feed, data, len(batch))
        if end is None:
            await asyncio.sleep(_pause_s(attempt))
            continue
        if end == "landed":
            feed.sent += len(batch)
            feed.began = True
            # unless the customer has logged in again while the statement was under way
            feed.needs_reauth = feed.needs_reauth or (asks and feed.wants_reauth)
        elif end == "gone":
            feed.closed = True
        else:
            feed.problem = end
        playground.world.keep(feed)
        return end == "landed"
    feed.problem = "Sage did not take the statement in time"
    playground.world.keep(feed)
    return False


def _pause_s(attempt: int) -> float:
    return min(_PAUSE_S * 2 ** min(attempt, 8), _PAUSE_MAX_S)


async def _offer(playground: Playground, feed: PlaygroundFeed, data: dict[str, object], count: int) -> str | None:
    """`landed`, `gone`, a problem in words, or none: to be tried again."""
    sage = playground.sage(feed.region)
    reply = await sage.post_statement(data)
    if reply.worth_repeating or reply.says("STATEMENT_IN_FLIGHT"):
        return None
    if not reply.taken:
        return _why_not(reply, count)
    for attempt in range(_TRIES):
        await asyncio.sleep(_pause_s(attempt))
        found = await sage.statement(str(reply.data["_id"]))
        status = str(found.data.get("status", "")).lower()
        if status in _FINISHED:
            return "landed"
        if status in _FAILED:
            return _why_not(found, count)
    return "The statement did not finish"


def _why_not(reply: Reply, count: int) -> str | None:
    """A refusal that says that every line is there already means that an earlier offer had arrived."""
    if count and len(reply.codes) == count and set(reply.codes) == {_DUPLICATE}:
        return "landed"
    if reply.says("BANK_ACCOUNT_CANCELLED") or reply.says("BANK_ACCOUNT_NOT_FOUND"):
        return "gone"
    if reply.says("PROCESSING_FAILED"):
        return None
    return f"{reply.status}: {reply.text[:300]}"


def statement_of(
    playground: Playground, feed: PlaygroundFeed, account: PlaygroundAccount, batch: list[MadeLine]
) -> dict[str, object]:
    unit = playground.world.settings.amount_unit
    status = "authRequired" if feed.wants_reauth else "active"
    details: dict[str, object] = {"bankAccountId": feed.bank_account_id, "status": status}
    if not feed.wants_reauth:
        balance = in_unit(history.balance_after(account, feed.sent + len(batch)), unit)
        at = _as_of(playground)
        details["balances"] = {
            "ledgerBalance": balance,
            "ledgerBalanceDate": at,
            "availableBalance": balance,
            "availableBalanceDate": at,
        }
    amounts = [line.amount for line in batch]
    return {
        "principalId": feed.bank_account_id,
        "bankId": feed.bank_id,
        "expected": {
            "transactionDetailsCount": len(batch),
            "accountDetailsCount": 1,
            "transactionCreditSum": in_unit(sum(a for a in amounts if a > 0), unit),
            "transactionDebitSum": in_unit(sum(a for a in amounts if a < 0), unit),
        },
        "accountDetails": [details],
        "transactionDetails": [_line_of(feed, line, unit) for line in batch],
    }


def _as_of(playground: Playground) -> str:
    at = playground.world.clock.now().replace(microsecond=0)
    return at.isoformat().replace("+00:00", "Z")


def _line_of(feed: PlaygroundFeed, line: MadeLine, unit: str) -> dict[str, object]:
    # ten o'clock UTC is the same day from Honolulu to Auckland
    at = f"{line.on}T10:00:00.000Z"
    return {
        "uniqueId": line.unique_id,
        "bankAccountId": feed.bank_account_id,
        "transactionAmount": in_unit(line.amount, unit),
        "transactionType": "CREDIT" if line.amount > 0 else "DEBIT",
        "transactionStatus": "posted",
        "datePosted": at,
        "dateUserInitiated": at,
        "description": line.description,
        "narrative1": line.description,
        "referenceNumber": line.reference,
    }
