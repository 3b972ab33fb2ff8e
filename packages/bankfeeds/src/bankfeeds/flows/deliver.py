"""Delivering a feed: three beats a step, a transaction, a call, a transaction.

`prepare` decides from what is stored and writes down what is about to be offered, before it is; the call goes out with
no transaction open; `settle` (in `flows/settle.py`) writes down what came of it. Dying between any two lines leaves a
statement that is offered again, exactly as it was, until Sage's own answer says where it stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bankfeeds.domain.columns import NO_LINES, Batch, Columns
from bankfeeds.domain.delivery import Act, Answered, Delivery, Find, Follow, Offer
from bankfeeds.domain.feed import AGE_SPREAD, Feed
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Rejected
from bankfeeds.domain.ports import Destination
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement import Balances, Statement, StatementKind, StatementStatus
from bankfeeds.flows import confirm, quarantine, settle
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import OFFER, PREPARE, SETTLE, call, commit
from bankfeeds.store import budgets, feeds, held, lines, statements
from bankfeeds.store.engine import Write
from bankfeeds.store.feeds import Claim

UNCONFIRMED_WAIT = timedelta(minutes=5)
"""How often a listing whose amount unit nobody has confirmed is looked at again, in production."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one step will ask of Sage, not before `not_before`, when the listing's budget allows it."""

    listing: Listing
    account: SourceAccount
    act: Act
    not_before: datetime


def step(world: World, claim: Claim) -> settle.Parked | None:
    """Moves one claimed feed on by one question to Sage at most, and gives the claim back. Answers the feed if that
    parked it.
    """
    plan = commit(world, PREPARE, lambda tx: prepare(tx, world, claim))
    if plan is None:
        return None
    wait_s = (plan.not_before - world.clock()).total_seconds()
    if wait_s > budgets.WAIT_MAX_S:
        world.db.write(lambda tx: put_off(tx, claim, plan))
        return None
    if wait_s > 0:
        world.sleep(wait_s)
    destination = world.destinations(plan.listing)
    answered = call(world, OFFER, lambda: _ask_in_time(world, claim, destination, plan))
    if answered is None:
        return None
    return commit(world, SETTLE, lambda tx: settle.settle(tx, world, claim, answered))


def _ask_in_time(world: World, claim: Claim, destination: Destination, plan: Plan) -> Answered | None:
    """None, and nothing asked, once the claim has run out: whoever has the feed now may be further. Lines that come
    late are refused as known, but a statement without lines would set the balance back, or ask the user again.
    """
    if world.clock() >= claim.until:
        return None
    return ask(destination, plan.act, plan.account.external_id)


def put_off(tx: Write, claim: Claim, plan: Plan) -> None:
    """The budget was spent by others meanwhile, and waiting for it here would outlast the lease. Sage was asked
    nothing, so what was written down about an offer is taken back.
    """
    feed = feeds.held(tx, claim)
    if feed is None:
        return
    if isinstance(plan.act, Offer):
        statement = plan.act.statement
        statements.change(tx, statement.pk, offers=statement.offers, doubtful=statement.doubtful)
    feeds.release(tx, feed.pk, plan.not_before)


def ask(destination: Destination, act: Act, external_id: str) -> Answered:
    """The second beat. An answer that the bank account is gone is checked before it is believed."""
    match act:
        case Find():
            return Answered(act, None, destination.find(external_id))
        case Offer():
            outcome = destination.offer(act.delivery)
        case Follow():
            outcome = destination.follow(act.sage_id)
    if isinstance(outcome, Rejected) and outcome.gone:
        return Answered(act, outcome, destination.find(external_id))
    return Answered(act, outcome, None)


def prepare(tx: Write, world: World, claim: Claim) -> Plan | None:
    """The first beat. None if the feed is no longer ours or has nothing to do; then it is given back already."""
    now = world.clock()
    found = held.lock(tx, claim)
    if found is None:
        return None
    feed, account, listing = found.feed, found.account, found.listing
    if listing is None or (world.is_production and listing.confirmed_at is None):
        feeds.release(tx, feed.pk, now + UNCONFIRMED_WAIT)
        return None
    act = _under_way(tx, feed, account) or _something_new(tx, world, feed, account, listing, now)
    if act is None:
        return None
    return Plan(listing, account, act, budgets.reserve(tx, listing.id, now, world.limits.requests_per_second))


def _under_way(tx: Write, feed: Feed, account: SourceAccount) -> Offer | Follow | None:
    """A statement that Sage has not finished comes before everything else."""
    if feed.statement_pk is None:
        return None
    statement = statements.get(tx, feed.statement_pk)
    if statement.status is StatementStatus.taken and statement.sage_id is not None:
        return Follow(statement, statement.sage_id, _is_doubtful(feed, statement))
    batch = lines.of_statement(tx, feed, statement)
    return _offer_again(tx, feed, Delivery(feed.bank_account_id, account.currency or "", statement, batch))


def _is_doubtful(feed: Feed, statement: Statement) -> bool:
    return statement.doubtful or (statement.last_seq is not None and statement.last_seq <= feed.doubtful_seq)


def _offer_again(tx: Write, feed: Feed, delivery: Delivery) -> Offer:
    """Written down as doubtful before it is sent: only an answer takes the doubt away."""
    statement = delivery.statement
    statements.change(
        tx, statement.pk, status=StatementStatus.offered.value, offers=statement.offers + 1, doubtful=True
    )
    return Offer(delivery, _is_doubtful(feed, statement))


def _something_new(
    tx: Write, world: World, feed: Feed, account: SourceAccount, listing: Listing, now: datetime
) -> Act | None:
    """In order of need; None after giving the feed back because nothing waits."""
    if feed.start_on is None:
        return Find()
    if not feed.is_introduced:
        return _make(tx, feed, account, StatementKind.opening, NO_LINES, _opening_balances(world, account, now), now)
    if feed.asks_reauthorisation:
        return _make(tx, feed, account, StatementKind.auth_required, NO_LINES, None, now)
    if account.needs_reauthorisation:
        feeds.release(tx, feed.pk, None)
        return None
    limit = min(feed.window or world.limits.lines_per_statement_max, world.limits.lines_per_statement_max)
    waiting = lines.next_batch(tx, account.pk, feed.cursor, limit, from_on=feed.start_on, feed_pk=feed.pk)
    hold_seq = account.hold_seq
    if waiting and listing.holds_gaps:
        hold_seq = quarantine.hold_gap(tx, account, waiting, now)
    if hold_seq is not None:
        waiting = waiting.before(hold_seq)
    if waiting:
        batch = waiting.cut(limit, AGE_SPREAD)
        return _make(tx, feed, account, StatementKind.lines, batch, _balances(account, batch.columns), now)
    settled = account.last_seq if hold_seq is None else max(feed.cursor, hold_seq - 1)
    waits = {} if settled < account.last_seq else {"waiting_since": None}
    feeds.release(tx, feed.pk, None, cursor=settled, **waits, window=None, narrow_until=None)
    confirm.end_pushes(tx, account.pk, now)
    return None


def _make(
    tx: Write,
    feed: Feed,
    account: SourceAccount,
    kind: StatementKind,
    batch: Batch,
    balances: Balances | None,
    now: datetime,
) -> Offer:
    span = (batch.seqs[0], batch.seqs[-1], len(batch)) if batch else None
    statement = statements.insert(tx, feed.pk, kind, span, balances, now)
    feeds.change(tx, feed.pk, statement_pk=statement.pk, attempt=0)
    delivery = Delivery(feed.bank_account_id, account.currency or "", statement, batch)
    return Offer(delivery, _is_doubtful(feed, statement))


def _opening_balances(world: World, account: SourceAccount, now: datetime) -> Balances | None:
    """The account's own balance if it was set lately, not restored; else Sage waits for the first lines' balance."""
    if account.balance is None or account.balance_at is None or account.verifying_since is not None:
        return None
    if now - account.balance_at > timedelta(seconds=world.limits.opening_balance_age_s):
        return None
    available, available_at = _available(account, account.balance, account.balance_at)
    return Balances(account.balance, account.balance_at.date(), available, available_at)


def _balances(account: SourceAccount, columns: Columns) -> Balances:
    """After the statement's last line. The available balance is the institution's own if it is newer."""
    balance, on = columns.last_balance, columns.last_day
    info, told_at = account.info, account.info_at
    if info and info.available_balance is not None and told_at is not None and told_at.date() > on:
        return Balances(balance, on, info.available_balance, told_at)
    return Balances(balance, on, balance, None)


def _available(account: SourceAccount, balance: Decimal, balance_at: datetime) -> tuple[Decimal, datetime | None]:
    info, told_at = account.info, account.info_at
    if info and info.available_balance is not None and told_at is not None and told_at >= balance_at:
        return info.available_balance, told_at
    return balance, None
