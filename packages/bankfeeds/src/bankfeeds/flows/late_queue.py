"""Late lines that wait for a decision: looked at, presented, dropped; and accounts that do not let them wait."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.domain.late_line import LateLine, LateState
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.transaction import LINES_MAX
from bankfeeds.flows import examine, named
from bankfeeds.flows.accept import accept
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.push_item import of_line
from bankfeeds.store import audit, late_lines, source_accounts
from bankfeeds.store.engine import Read, Write


@dataclass(frozen=True, slots=True)
class Queue:
    """One account's: how many wait, the oldest day among them, since when the first waits."""

    external_id: str
    count: int
    oldest_on: date
    since: datetime


@dataclass(frozen=True, slots=True)
class LateLines:
    """Of one account, the oldest day first, with those that were decided on."""

    account: SourceAccount
    lines: Sequence[LateLine]

    @property
    def waiting(self) -> list[LateLine]:
        return [line for line in self.lines if line.state is LateState.waiting]


def queues(world: World) -> list[Queue]:
    """The accounts with lines that wait, the longest waiting first."""
    return [Queue(*each) for each in world.db.read(late_lines.waiting)]


def of_account(world: World, name: str) -> LateLines:
    def read(tx: Read) -> LateLines:
        account = named.account(tx, name)
        return LateLines(account, late_lines.of_account(tx, account.pk))

    return world.db.read(read)


def present(world: World, actor: str, name: str, ids: Sequence[str], reason: str) -> list[PushOperation]:
    """Those of them that wait, or all that do where none is named: as lines of today, LINES_MAX to a push operation.

    Killed in between, what was not presented still waits.
    """
    reason = check_reason(reason)
    found = of_account(world, name)
    account = found.account
    chosen = _chosen(found, ids)
    if not ids:  # what a feed that began later would never get is for `drop`
        first_on = world.db.read(lambda tx: examine.first_day_of_any(tx, account))
        chosen = [line for line in chosen if first_on is None or line.on >= first_on] or chosen
    operations: list[PushOperation] = []
    for start in range(0, len(chosen), LINES_MAX):
        items = [of_line(each.line) for each in chosen[start : start + LINES_MAX]]
        request = PushRequest(
            account.company_id, account.connection_id, account.id, account.id, items, late_reason=reason
        )
        operations.append(accept(world, actor, request))
    return operations


def drop(world: World, actor: str, name: str, ids: Sequence[str], reason: str) -> list[LateLine]:
    """They are never sent, and refused or passed over when they come again."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> list[LateLine]:
        account = named.account(tx, name)
        source_accounts.lock(tx, account.pk)
        found = LateLines(account, late_lines.of_account(tx, account.pk, LateState.waiting))
        chosen = _chosen(found, ids)
        late_lines.drop(tx, account.pk, [line.id for line in chosen], now, actor, reason)
        detail = {"lines": len(chosen)}
        audit.record(tx, AuditEntry(now, actor, "late.drop", f"account:{account.external_id}", reason, detail))
        return chosen

    return world.db.write(run)


def change(world: World, actor: str, name: str, reason: str, *, presents: bool) -> SourceAccount:
    """From now on the account presents late lines on the day they come, or lets them wait."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> SourceAccount:
        found = named.account(tx, name)
        account = source_accounts.lock(tx, found.pk) or found
        source_accounts.update(tx, account.pk, presents_late=presents)
        action = "late.set_present" if presents else "late.set_wait"
        audit.record(tx, AuditEntry(now, actor, action, f"account:{account.external_id}", reason))
        return replace(account, presents_late=presents)

    return world.db.write(run)


def _chosen(found: LateLines, ids: Sequence[str]) -> list[LateLine]:
    waiting = {line.id: line for line in found.waiting}
    if not waiting:
        raise NotFound("late_line", f"account {found.account.id} has no late lines that wait")
    if unknown := [line_id for line_id in ids if line_id not in waiting]:
        raise one_flaw("lines", f"no late line {unknown[0]!r} waits in account {found.account.id}")
    return [line for line in found.waiting if not ids or line.id in set(ids)]
