"""Accepting a push: what the institution sent becomes durable lines of the account's stream, or nothing does.

Each item is read before the transaction. When nothing about the push is odd, `store/acceptance.py` stores it in one
go, and a small one without keeping a thread waiting (`begin`), a file's several to a transaction (`accept_in_turn`);
else the careful way here locks the account and looks at what was accepted before. Duplicates come first: a line
accepted before with the same content is passed over with a warning, and dates, order and the other rules are asked of
the new lines only. What comes late is refused, or presented (`late_lines.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.columns import Columns, columns_of, read_columns
from bankfeeds.domain.errors import Conflict, Flaw, Invalid
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.push_operation import FINAL, PushOperation, PushStatus
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.transaction import (
    FLAWS_MAX,
    latest_day,
)
from bankfeeds.flows import examine, late_lines, verify
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import ACCEPT, ACCEPT_WITH_CARE, call, commit
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.late_lines import Presenting
from bankfeeds.store import acceptance, audit, feeds, lines, outbox, pushes, source_accounts
from bankfeeds.store.engine import Write
from bankfeeds.store.new_push import NewPush, Numbered


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request that was read: every line legal by itself."""

    request: PushRequest
    actor: str
    key: str
    now: datetime
    currency: str
    columns: Columns
    warnings: tuple[Flaw, ...]


def accept(world: World, actor: str, request: PushRequest) -> PushOperation:
    """The new push operation, durable. Invalid names every flaw; nothing of a refused request stays."""
    examine.check_frame(request)
    try:
        return _accept(world, actor, request)
    except (Invalid, Conflict):
        if not _currency_was_outdated(world, request):
            raise
        return _accept(world, actor, request)


def _accept(world: World, actor: str, request: PushRequest) -> PushOperation:
    now = world.clock()
    currency = _currency(world, request, now)
    columns, warnings = examine.read(request, EXPONENTS[currency], world.limits.text)
    draft = _Draft(request, actor, request.key or world.ids.uuid(), now, currency, columns, warnings)
    numbered = call(world, ACCEPT, lambda: acceptance.store(world.db, _new_push(draft)))
    if numbered is not None:
        return _push(draft, warnings, columns, first_seq=numbered.first_seq, last_seq=numbered.last_seq)
    return commit(world, ACCEPT_WITH_CARE, lambda tx: _store(tx, world, draft))


@dataclass(frozen=True, slots=True)
class Begun:
    """A push on its way into the store. Once `stored` is there, `end` tells what came of it."""

    world: World
    draft: _Draft
    stored: "Future[Numbered | None]"

    def end(self, numbered: Numbered | None) -> PushOperation | None:
        """None, and nothing is stored, if `accept` has to look closer."""
        if numbered is None:
            return None
        self.world.crash(ACCEPT.format("after"))
        draft = self.draft
        return _push(draft, (), draft.columns, first_seq=numbered.first_seq, last_seq=numbered.last_seq)


def begin(world: World, actor: str, request: PushRequest) -> Begun | None:
    """As `accept`, but for a small push about which nothing is odd, and without waiting for anything.

    None, with nothing begun, for any other; whatever is wrong with it, `accept` says so.
    """
    draft = _nothing_odd(world, actor, request)
    if draft is None:
        return None
    world.crash(ACCEPT.format("before"))
    stored = acceptance.submit(world.db, _new_push(draft))
    return None if stored is None else Begun(world, draft, stored)


STORED_AT_ONCE_MAX = 5
"""Pushes of a file that share a transaction: pages that all of them change are written once."""


def accept_in_turn(world: World, actor: str, requests: Iterable[PushRequest]) -> Iterator[PushOperation]:
    """As `accept` of each, in their order: all of one account. What was yielded is durable."""
    left = iter(requests)
    while group := list(islice(left, STORED_AT_ONCE_MAX)):
        _currency(world, group[0], world.clock())
        drafts = (_nothing_odd(world, actor, request) for request in group)
        plain = [draft for draft in takewhile(lambda draft: draft is not None, drafts) if draft is not None]
        news = [_new_push(draft) for draft in plain]
        stored = call(world, ACCEPT, lambda news=news: acceptance.store_in_turn(world.db, news))
        for draft, numbered in zip(plain, stored, strict=False):
            yield _push(draft, (), draft.columns, first_seq=numbered.first_seq, last_seq=numbered.last_seq)
        for request in group[len(stored) :]:
            yield accept(world, actor, request)


def _nothing_odd(world: World, actor: str, request: PushRequest) -> _Draft | None:
    """None if `accept` has to look closer, if only because it was not asked for the account before."""
    now = world.clock()
    currency = world.currencies.get((request.company_id, request.connection_id, request.account_id), now)
    if currency is None or request.body_account_id != request.account_id or not request.items:
        return None
    columns = read_columns(request.items, EXPONENTS[currency], world.limits.text)
    if columns is None or columns.has_repeats:
        return None
    return _Draft(request, actor, request.key or world.ids.uuid(), now, currency, columns, ())


def _currency(world: World, request: PushRequest, now: datetime) -> str:
    """Remembered from the last push. Should the account be another one by now, the write finds out."""
    which = (request.company_id, request.connection_id, request.account_id)
    known = world.currencies.get(which, now)
    if known is not None:
        return known
    account = world.db.read(lambda tx: examine.account(tx, request))
    currency = account.currency or ""
    world.currencies.put(which, currency, now)
    return currency


def _currency_was_outdated(world: World, request: PushRequest) -> bool:
    """The account was made anew under its id, in another currency, since it was last looked at; it is forgotten."""
    remembered = _currency(world, request, world.clock())
    world.currencies.forget((request.company_id, request.connection_id, request.account_id))
    return _currency(world, request, world.clock()) != remembered


def _new_push(draft: _Draft) -> NewPush:
    request = draft.request
    return NewPush(
        key=draft.key,
        company_id=request.company_id,
        connection_id=request.connection_id,
        account_id=request.account_id,
        currency=draft.currency,
        columns=draft.columns,
        warnings=[(flaw.field, flaw.message) for flaw in _bounded(draft.warnings)],
        timeout_minutes=request.timeout_minutes,
        times_out_at=_times_out_at(draft),
        now=draft.now,
        latest_on=latest_day(draft.now.date()),
        actor=draft.actor,
    )


def _store(tx: Write, world: World, draft: _Draft) -> PushOperation:
    """The careful way: which lines are known, what is wrong, what is withheld, what comes late."""
    request = draft.request
    locked = source_accounts.find_and_lock(tx, request.company_id, request.connection_id, request.account_id)
    account = examine.ready(tx, request, locked)
    if account.currency != draft.currency:
        raise Conflict("currency", "the account was made anew in another currency meanwhile; send the request again")
    presents = account.presents_late or request.late_reason is not None
    found = examine.sort_out(tx, world.sealer, account, draft.columns.lines(), draft.now, presents=presents)
    warnings = (*draft.warnings, *found.warnings)
    if not found.new and not found.late:
        return _repeat(tx, draft, account, found.known, warnings)
    if account.verifying_since is not None and not found.new:
        raise Conflict("verifying", "late lines can be presented once the account is verified after the restore")
    verify.check(tx, account, found.new, draft.actor, draft.now)
    placed = late_lines.placed(tx, account, found.new, found.late, draft.now.date(), world.limits.text)
    push = _append(tx, draft, account, columns_of([*found.new, *placed]), warnings)
    if placed:
        first_seq = account.last_seq + len(found.new) + 1
        by = Presenting(placed[0].on, push.key, request.late_reason, draft.actor, draft.now)
        late_lines.put_down(tx, account, found.late, first_seq, by)
    return push


def _append(tx: Write, draft: _Draft, account: SourceAccount, new: Columns, warnings: Sequence[Flaw]) -> PushOperation:
    first_seq, last_seq = account.last_seq + 1, account.last_seq + len(new)
    lines.append(tx, account.pk, first_seq, new)
    source_accounts.update(tx, account.pk, last_seq=last_seq, newest_on=new.last_day)
    held_back = examine.withheld_warnings(tx, account, new)
    push = _push(draft, (*warnings, *held_back), new, first_seq=first_seq, last_seq=last_seq)
    pushes.insert(tx, account.pk, push, _times_out_at(draft))
    feeds.wake(tx, account.pk, draft.now)
    _audit(tx, draft, account, len(new))
    return push


def _repeat(
    tx: Write, draft: _Draft, account: SourceAccount, known: list[int], warnings: Sequence[Flaw]
) -> PushOperation:
    """Nothing but duplicates: the operation ends as those ended that first brought the lines."""
    originals = pushes.originals(tx, account.pk, known)
    status = pushes.ending(list(originals.values())) or PushStatus.pending
    push = _push(draft, warnings, draft.columns, first_seq=None, last_seq=None)
    push = replace(push, status=status, completed_at=draft.now if status in FINAL else None)
    pk = pushes.insert(tx, account.pk, push, _times_out_at(draft))
    pushes.follow(tx, pk, originals)
    if status in FINAL:
        outbox.add_ended_push(tx, status, draft.now, push.company_id, push.connection_id, account.pk, push.key)
    _audit(tx, draft, account, 0)
    return push


def _push(
    draft: _Draft, warnings: Sequence[Flaw], kept: Columns, *, first_seq: int | None, last_seq: int | None
) -> PushOperation:
    request = draft.request
    return PushOperation(
        key=draft.key,
        company_id=request.company_id,
        connection_id=request.connection_id,
        account_id=request.account_id,
        requested_at=draft.now,
        status=PushStatus.pending,
        timeout_minutes=request.timeout_minutes,
        warnings=_bounded(warnings),
        first_seq=first_seq,
        last_seq=last_seq,
        balance=kept.last_balance,
        balance_on=kept.last_day,
    )


def _bounded(warnings: Sequence[Flaw]) -> tuple[Flaw, ...]:
    surplus = len(warnings) - FLAWS_MAX
    if surplus <= 0:
        return tuple(warnings)
    return (*warnings[:FLAWS_MAX], Flaw("transactions", f"{surplus} more warnings of these kinds"))


def _times_out_at(draft: _Draft) -> datetime | None:
    minutes = draft.request.timeout_minutes
    return None if minutes is None else draft.now + timedelta(minutes=minutes)


def _audit(tx: Write, draft: _Draft, account: SourceAccount, count: int) -> None:
    detail = {"push": draft.key, "new": count, "sent": len(draft.columns)}
    audit.record(tx, AuditEntry(draft.now, draft.actor, "push.accept", f"account:{account.external_id}", None, detail))
