"""Late lines on their way into an account's stream: as lines of the day on which they are presented.

`placed` says how they stand there, `put_down` writes down that they came late, in the transaction that accepts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.balance_proof import Stretch
from bankfeeds.domain.feed import is_withheld
from bankfeeds.domain.late_balances import balances_after
from bankfeeds.domain.late_line import LateState, as_presented, came, presented_on
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.transaction import Line, TextLimits
from bankfeeds.flows.confirm import CAME_LATE, SKIPPED
from bankfeeds.store import audit, feeds, late_lines, proof, statements
from bankfeeds.store.engine import Read, Write

LOOKED_BACK_MAX = proof.AT_A_TIME
"""Lines of an account, the newest, among which it is looked for whether its balances have a late line already."""
ITSELF = "the account presents late lines on the day they come"


@dataclass(frozen=True, slots=True)
class Presenting:
    """On which day, by which push, why (None: the account presents them itself), by whom, and when."""

    on: date
    push_key: str
    reason: str | None
    actor: str
    now: datetime


def placed(
    tx: Read, account: SourceAccount, new: Sequence[Line], late: Sequence[Line], today: date, limits: TextLimits
) -> list[Line]:
    """As they stand behind the account's lines and the `new` ones that come with them."""
    if not late:
        return []
    on = presented_on(today, account.newest_on, new)
    ids = {line.id for line in late}
    others = [line for line in late_lines.of_account(tx, account.pk) if line.id not in ids]
    return as_presented(late, on, balances_after(late, others, _newest(tx, account, new)), limits)


def put_down(tx: Write, account: SourceAccount, late: Sequence[Line], first_seq: int, by: Presenting) -> None:
    """They are in the stream from `first_seq` on. Feeds that begin after a line's own day do not get it."""
    reason = by.reason or ITSELF
    for seq, line in enumerate(late, first_seq):
        ended = replace(
            came(account.pk, line, by.now, by.actor, None),
            state=LateState.presented,
            ended_at=by.now,
            ended_by=by.actor,
            reason=reason,
            push_key=by.push_key,
            seq=seq,
            presented_on=by.on,
        )
        late_lines.present(tx, ended)
    for feed in feeds.live_of_account(tx, account.pk):
        if feed.start_on is not None:
            leave_out(tx, account.pk, feed.pk, feed.start_on, by.now, first_seq)
    detail = {"push": by.push_key, "lines": len(late), "presentedOn": by.on.isoformat()}
    subject = f"account:{account.external_id}"
    audit.record(tx, AuditEntry(by.now, by.actor, "late.present", subject, reason, detail))


def leave_out(tx: Write, account_pk: int, feed_pk: int, start_on: date, now: datetime, first_seq: int = 1) -> None:
    """What its own day would have withheld from a feed is not sent to it on another day either."""
    every = late_lines.of_account(tx, account_pk, LateState.presented)
    early = [
        line for line in every if line.seq is not None and line.seq >= first_seq and is_withheld(line.on, start_on)
    ]
    seqs = [line.seq for line in early if line.seq is not None]
    if not seqs:
        return
    known = {seq for seq, _ in statements.marked(tx, [feed_pk], min(seqs), max(seqs), SKIPPED)}
    left = [seq for seq in seqs if seq not in known]
    if left:
        statements.mark_lines(tx, feed_pk, left, SKIPPED, f"{CAME_LATE} {start_on}, the first day of its feed", now)


def _newest(tx: Read, account: SourceAccount, new: Sequence[Line]) -> Stretch:
    """The account's newest lines, with those that come now."""
    first_seq = max(account.last_seq - LOOKED_BACK_MAX + 1, 1)
    (found,) = proof.stretches(tx, account.pk, first_seq, account.last_seq)
    return Stretch(
        first_seq,
        [*found.days, *(line.on.isoformat() for line in new)],
        [*found.amounts, *(str(line.amount) for line in new)],
        [*found.balances, *(str(line.balance) for line in new)],
    )
