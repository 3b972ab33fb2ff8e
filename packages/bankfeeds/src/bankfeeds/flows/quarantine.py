"""Quarantine: a push is held before it is sent, looked at, and released or dropped, by somebody, with a reason.

Nothing of the account overtakes what is held: it waits behind it, in order. A listing may hold by itself the push in
which a line's balance does not follow on the one before.
"""

from datetime import datetime

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.balance_proof import Prover
from bankfeeds.domain.columns import Batch
from bankfeeds.domain.errors import Conflict, NotFound
from bankfeeds.domain.feed import Feed
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.confirm import SKIPPED
from bankfeeds.flows.context import World
from bankfeeds.store import audit, feeds, late_lines, proof, source_accounts, statements
from bankfeeds.store import quarantine as store
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.quarantine import DROPPED, RELEASED, HeldPush, Hold

ACTOR = "worker"


def every(world: World) -> list[Hold]:
    """What is held now, oldest first."""
    return world.db.read(store.active)


def of_push(world: World, push_key: str) -> Hold | None:
    """What is held of one push now."""

    def read(tx: Read) -> Hold | None:
        held = store.active(tx, push_pk=_found(tx, push_key).pk)
        return held[0] if held else None

    return world.db.read(read)


def hold(world: World, actor: str, push_key: str, reason: str) -> Hold:
    """What of a push was not sent yet is not sent, nor is what follows it in the account."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> Hold:
        push = _found(tx, push_key)
        account, live = _locked(tx, push)
        if store.active(tx, push_pk=push.pk):
            raise Conflict("held", f"push {push_key} is held already")
        if push.first_seq is None or push.last_seq is None:
            raise Conflict("no_lines", f"push {push_key} brought no new lines; there is nothing to hold")
        first = max(push.first_seq, 1 + max((_offered(tx, feed) for feed in live), default=0))
        if first > push.last_seq:
            raise Conflict("sent", f"every line of push {push_key} was offered to Sage already; nothing is held")
        return _hold(tx, account, push, (first, push.last_seq), now, actor, reason)

    return world.db.write(run)


def release(world: World, actor: str, push_key: str, reason: str) -> Hold:
    """It goes on its way, and what waited behind it."""
    return _end(world, actor, push_key, reason, RELEASED)


def drop(world: World, actor: str, push_key: str, reason: str) -> Hold:
    """It is never sent, to no feed, and its operation ends as failed; what waited behind it goes on."""
    return _end(world, actor, push_key, reason, DROPPED)


def _end(world: World, actor: str, push_key: str, reason: str, ended_as: str) -> Hold:
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> Hold:
        push = _found(tx, push_key)
        account, live = _locked(tx, push)
        held = store.active(tx, push_pk=push.pk)
        if not held:
            raise Conflict("not_held", f"push {push_key} is not held; `bankfeeds quarantine list` shows what is")
        if ended_as == DROPPED:
            for feed in live:
                _leave_out(tx, feed.pk, held[0].first_seq, held[0].last_seq, reason, now)
        store.end(tx, held[0], ended_as, now, actor, reason)
        feeds.wake(tx, account.pk, now)
        verb = "release" if ended_as == RELEASED else "drop"
        _record(tx, now, actor, f"quarantine.{verb}", account, held[0], reason)
        return held[0]

    return world.db.write(run)


def _found(tx: Read, push_key: str) -> HeldPush:
    push = store.push_called(tx, push_key) if is_storable(push_key) else None
    if push is None:
        raise NotFound("push", f"there is no push operation {push_key}")
    return push


def _locked(tx: Write, push: HeldPush) -> tuple[SourceAccount, list[Feed]]:
    """The account and then its feeds, in the order of every lock."""
    account = source_accounts.lock(tx, push.account_pk)
    if account is None:
        raise AssertionError(f"source account {push.account_pk} is gone")
    numbers = [feed.pk for feed in feeds.live_of_account(tx, account.pk)]
    locked = [feeds.lock(tx, number) for number in numbers]
    return account, [feed for feed in locked if feed is not None]


def _offered(tx: Read, feed: Feed) -> int:
    """Up to here a feed has offered its lines; those in flight may be in Sage by now."""
    if feed.statement_pk is None:
        return feed.cursor
    return max(feed.cursor, statements.get(tx, feed.statement_pk).last_seq or 0)


def _hold(
    tx: Write, account: SourceAccount, push: HeldPush, span: tuple[int, int], now: datetime, actor: str, reason: str
) -> Hold:
    store.insert(tx, push, span, now, actor, reason)
    (held,) = store.active(tx, push_pk=push.pk)
    _record(tx, now, actor, "quarantine.hold", account, held, reason)
    return held


def _record(tx: Write, now: datetime, actor: str, action: str, account: SourceAccount, held: Hold, reason: str) -> None:
    detail = {"push": held.push_key, "lines": held.last_seq - held.first_seq + 1}
    audit.record(tx, AuditEntry(now, actor, action, f"account:{account.external_id}", reason, detail))


def _leave_out(tx: Write, feed_pk: int, first_seq: int, last_seq: int, reason: str, now: datetime) -> None:
    known = {seq for seq, _ in statements.marked(tx, [feed_pk], first_seq, last_seq, SKIPPED)}
    seqs = [seq for seq in range(first_seq, last_seq + 1) if seq not in known]
    if seqs:
        statements.mark_lines(tx, feed_pk, seqs, SKIPPED, f"dropped in quarantine: {reason}", now)


def leave_out_dropped(tx: Write, account_pk: int, feed_pk: int, now: datetime) -> None:
    """A new feed does not get what was dropped before it was there."""
    for first_seq, last_seq, reason in store.dropped(tx, account_pk):
        _leave_out(tx, feed_pk, first_seq, last_seq, reason, now)


def hold_gap(tx: Write, account: SourceAccount, waiting: Batch, now: datetime) -> int | None:
    """For a listing that holds gaps, before lines are sent: where the account's stream stops, now that each of them was
    looked at. The account and the feed are locked.
    """
    first = max(waiting.seqs[0] - 1, 1)
    prover = Prover()
    for stretch in proof.stretches(tx, account.pk, first, waiting.seqs[-1]):
        prover.read(stretch)
    for gap in prover.breaks:
        if account.hold_seq is not None and gap.seq >= account.hold_seq:
            return account.hold_seq
        if store.was_released(tx, account.pk, gap.seq) or late_lines.was_presented(tx, account.pk, gap.seq):
            continue
        push = store.push_with(tx, account.pk, gap.seq)
        if push is None or push.first_seq is None or push.last_seq is None:
            raise AssertionError(f"line {gap.seq} of account {account.pk} came with no push")
        span = (max(push.first_seq, waiting.seqs[0]), push.last_seq)
        told = f"the balance of line {proof.ids(tx, account.pk, [gap.seq])[gap.seq]} of {gap.on} is {gap.found}"
        reason = f"{told}; the one before plus its amount is {gap.expected}"
        return _hold(tx, account, push, span, now, ACTOR, reason).first_seq
    return account.hold_seq


def causes(tx: Read, account_pks: list[int]) -> dict[int, str]:
    """For accounts with something in quarantine: why their pushes wait."""
    return {
        held.account_pk: f"push {held.push_key} is held in quarantine: {held.reason}"
        for held in reversed(store.active(tx, account_pks=account_pks))
    }
