"""Reconciling an account: what was sent, what each of its feeds in Sage has of it, what the institution itself says.

Read only, in one transaction, so that all parts speak of the same moment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.balance_proof import (
    ZERO,
    Break,
    FeedProof,
    Moved,
    Proof,
    Prover,
    Verdict,
    total_before,
)
from bankfeeds.domain.errors import Flaw, Invalid, NotFound
from bankfeeds.domain.feed import Feed
from bankfeeds.domain.late_line import LateLine, LateState, explained
from bankfeeds.domain.money import EXPONENTS, amount_flaw
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import named
from bankfeeds.flows.confirm import SKIPPED
from bankfeeds.flows.context import World
from bankfeeds.store import audit, late_lines, proof, source_accounts
from bankfeeds.store.engine import Read, Write

ACCOUNTS_MAX = 1000
"""Reconciled in one go, where no account is named."""
GAPS_SHOWN_MAX = 200
LATE_SHOWN_MAX = 5
FLAWS_SHOWN_MAX = 20
CLOSINGS_MAX = 1000
"""Closing balances taken in one go."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where the lines do not follow on one another, with the push that brought the line behind it. `late`: the
    lines that came late, where the gap is there for them: they stand on another day, were dropped, or wait.
    """

    gap: Break
    line_id: str
    push: str | None
    pushed_at: datetime | None
    late: Sequence[LateLine]

    @property
    def why(self) -> str:
        """In words, for paper and spreadsheets."""
        if not self.late:
            return "its balance is not the one before plus its amount"
        shown = "; ".join(f"{line.id} of {line.on} {_became(line)}" for line in self.late[:LATE_SHOWN_MAX])
        more = len(self.late) - LATE_SHOWN_MAX
        return f"lines came late: {shown}" + (f"; and {more} more" if more > 0 else "")


def _became(line: LateLine) -> str:
    if line.state is LateState.presented:
        return f"stands on {line.presented_on}"
    return "was dropped" if line.state is LateState.dropped else "waits"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`gaps`: the first GAPS_SHOWN_MAX of the proof's. `explained`: how many gaps are there for lines that came late
    and were decided on. `waiting`: late lines that nobody has decided on.
    """

    account: SourceAccount
    at: datetime
    proof: Proof
    gaps: Sequence[Gap]
    explained: int
    waiting: Sequence[LateLine]
    feeds: Sequence[FeedProof]
    stated: Mapping[date, Decimal]

    @property
    def verdict(self) -> Verdict:
        """Failed too where Sage lacks something that is not named; not for gaps that lines explain which came late."""
        if any(not feed.is_explained for feed in self.feeds):
            return Verdict.failed
        if self.proof.gaps and len(self.proof.gaps) == self.explained and not self.proof.disagreements:
            return Verdict.proved
        return self.proof.verdict


def reconcile(world: World, name: str) -> Reconciled:
    now = world.clock()
    return world.db.read(lambda tx: _reconcile(tx, named.account(tx, name), now))


def every(world: World) -> list[Reconciled]:
    """The first ACCOUNTS_MAX accounts, each at a moment of its own."""
    pks = world.db.read(lambda tx: proof.account_pks(tx, ACCOUNTS_MAX))
    return [_one(world, pk) for pk in pks]


def _one(world: World, pk: int) -> Reconciled:
    now = world.clock()
    return world.db.read(lambda tx: _reconcile(tx, source_accounts.get(tx, pk), now))


def _reconcile(tx: Read, account: SourceAccount, now: datetime) -> Reconciled:
    prover = Prover()
    for stretch in proof.stretches(tx, account.pk, 1, account.last_seq):
        prover.read(stretch)
    stated = proof.stated(tx, account.pk)
    came_late = late_lines.of_account(tx, account.pk)
    moved = [Moved(line.on, line.presented_on, line.amount) for line in came_late if line.presented_on is not None]
    proved = prover.proof(stated, moved)
    feeds = [_of_feed(tx, feed, proved, account.last_seq) for feed in proof.feeds_of(tx, account.pk)]
    late = explained(proved.gaps, came_late, proved.days[0].on if proved.days else None)
    return Reconciled(
        account,
        now,
        proved,
        _gaps(tx, account, proved, late),
        sum(all(line.state is not LateState.waiting for line in lines) for lines in late.values()),
        [line for line in came_late if line.state is LateState.waiting],
        [each for each in feeds if each],
        stated,
    )


def _gaps(tx: Read, account: SourceAccount, proved: Proof, late: Mapping[int, Sequence[LateLine]]) -> list[Gap]:
    shown = proved.gaps[:GAPS_SHOWN_MAX]
    ids = proof.ids(tx, account.pk, [gap.seq for gap in shown])
    found: list[Gap] = []
    for gap in shown:
        push = proof.push_of(tx, account.pk, gap.seq)
        found.append(Gap(gap, ids[gap.seq], *(push or (None, None)), late.get(gap.seq, ())))
    return found


def _of_feed(tx: Read, feed: Feed, proved: Proof, last_seq: int) -> FeedProof | None:
    """None for a feed whose user's start date Sage has not told, or while the account has no lines."""
    if feed.start_on is None or not proved.days:
        return None
    before, withheld = total_before(proved.days, feed.start_on)
    settled = max(min(feed.cursor, last_seq), before)
    rest = Prover()
    for stretch in proof.stretches(tx, feed.account_pk, settled + 1, last_seq):
        rest.read(stretch)
    waiting = sum((sums.total for sums in rest.sums.values()), ZERO)
    everything = sum((day.total for day in proved.days), ZERO)
    skipped = [line for line in proof.marked(tx, feed, SKIPPED) if before < line.seq <= settled]
    left_out = sum((line.amount for line in skipped), ZERO)
    sent = everything - withheld - waiting
    opening = closing = ZERO
    if proved.has_balances:
        opening, closing = (_balance_at(proved, tx, feed.account_pk, seq) for seq in (before, settled))
    else:
        closing = sent
    return FeedProof(
        listing=feed.listing_id,
        bank_account_id=feed.bank_account_id,
        status=feed.status.value,
        start_on=feed.start_on,
        settled_seq=settled,
        settled_on=next((day.on for day in proved.days if settled <= day.last_seq), None) if settled else None,
        opening=opening,
        accepted_count=settled - before - len(skipped),
        accepted_total=sent - left_out,
        closing=closing,
        skipped=skipped,
        breaks=[gap for gap in proved.breaks if before < gap.seq <= settled],
        has_more_breaks=proved.has_more_breaks,
        withheld_count=before,
        withheld_total=withheld,
        waiting_count=last_seq - settled,
        waiting_total=waiting,
    )


def _balance_at(proved: Proof, tx: Read, account_pk: int, seq: int) -> Decimal:
    """After a line; before the first, what that one begins with. Read if it is not a day's last."""
    if seq == 0:
        return proved.days[0].opening
    known = next((day.closing for day in proved.days if day.last_seq == seq), None)
    if known is not None:
        return known
    (stretch,) = proof.stretches(tx, account_pk, seq, seq)
    return Decimal(stretch.balances[0])


def state(world: World, actor: str, name: str, given: Mapping[date, Decimal]) -> SourceAccount:
    """The institution's own closing balances of an account, by day; one that was given before is replaced."""
    return _state(world, actor, lambda tx: named.account(tx, name), given)


def state_by_api(
    world: World, actor: str, company_id: str, connection_id: str, account_id: str, given: Mapping[date, Decimal]
) -> SourceAccount:
    """The same, of the account that a request's path names."""

    def find(tx: Read) -> SourceAccount:
        account = source_accounts.find(tx, company_id, connection_id, account_id)
        if account is None:
            raise NotFound("source_account", f"Source account {account_id} was not found")
        return account

    return _state(world, actor, find, given)


def _state(
    world: World, actor: str, find: Callable[[Read], SourceAccount], given: Mapping[date, Decimal]
) -> SourceAccount:
    now = world.clock()
    if not 1 <= len(given) <= CLOSINGS_MAX:
        raise Invalid("closing_balances", f"give 1 to {CLOSINGS_MAX} closing balances at a time, not {len(given)}")

    def run(tx: Write) -> SourceAccount:
        account = find(tx)
        _check(account, given)
        proof.state(tx, account.pk, given, now, actor)
        detail = {"days": len(given), "from": min(given).isoformat(), "to": max(given).isoformat()}
        audit.record(tx, AuditEntry(now, actor, "balances.state", f"account:{account.external_id}", None, detail))
        return account

    return world.db.write(run)


def _check(account: SourceAccount, given: Mapping[date, Decimal]) -> None:
    exponent = EXPONENTS[account.currency or ""]
    flaws = [Flaw(on.isoformat(), flaw) for on, balance in given.items() if (flaw := amount_flaw(balance, exponent))]
    if flaws:
        told = "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws[:FLAWS_SHOWN_MAX])
        raise Invalid("closing_balances", f"account {account.id}: {told}", tuple(flaws))
