"""After a restore: no account takes a line that does not follow on the last it has, until it has taken one that does.

What was accepted since the backup is gone here, and part of it may be in Sage. The institution pushes it again; that
nothing is left out is proved by the balance that its first line begins with. What Sage has already it refuses as known,
and that is passed with an audit row (`flows/settle.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, Invalid, one_flaw
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.transaction import Line
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.store import audit, feeds, lines, verifying
from bankfeeds.store.engine import Read, Write

ACCOUNTS_SHOWN_MAX = 100
_PLATFORM = "platform:all"


@dataclass(frozen=True, slots=True)
class Verifying:
    """`accounts`: the first ACCOUNTS_SHOWN_MAX of `count`."""

    count: int
    accounts: list[SourceAccount]


def begin(world: World, actor: str, since: datetime, reason: str) -> int:
    """Every account, restored as it was at `since`; Sage is asked anew which of them are linked. How many accounts.

    A backup under load holds the claims of workers that are gone: they end now, not when their leases run out.
    """
    reason = check_reason(reason)
    now = world.clock()
    if since > now:
        raise one_flaw("since", f"{since:%Y-%m-%d %H:%M:%S} UTC is in the future; name the moment of the backup")

    def run(tx: Write) -> int:
        count = verifying.begin(tx, since)
        verifying.ask_again(tx, now)
        feeds.free_all(tx)
        detail = {"since": since.isoformat(), "accounts": count}
        audit.record(tx, AuditEntry(now, actor, "verify.begin", _PLATFORM, reason, detail))
        return count

    return world.db.write(run)


def end(world: World, actor: str, account: str | None, reason: str) -> int:
    """Without proof, because somebody has looked: of one account, or of all. How many accounts."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> int:
        found = None if account is None else named.account(tx, account)
        count = verifying.end(tx, found.pk if found else None)
        if not count:
            raise Conflict("not_verifying", f"{account or 'no account'} is not being verified; there is nothing to end")
        subject = f"account:{found.external_id}" if found else _PLATFORM
        audit.record(tx, AuditEntry(now, actor, "verify.end", subject, reason, {"accounts": count}))
        return count

    return world.db.write(run)


def state(world: World) -> Verifying:
    def read(tx: Read) -> Verifying:
        return Verifying(verifying.count(tx), verifying.accounts(tx, ACCOUNTS_SHOWN_MAX))

    return world.db.read(read)


def check(tx: Write, account: SourceAccount, new: Sequence[Line], actor: str, now: datetime) -> None:
    """Invalid if the first new line leaves a gap after the last one that was restored; else the account is verified."""
    if account.verifying_since is None or not new:
        return
    last = lines.last_balance(tx, account)
    before = last if last is not None else account.balance
    first = new[0]
    if before is None or first.balance - first.amount != before:
        raise _gap(account, before, first)
    verifying.end(tx, account.pk)
    detail = {"line": first.id, "balance": str(before)}
    audit.record(tx, AuditEntry(now, actor, "verify.pass", f"account:{account.external_id}", None, detail))


def _gap(account: SourceAccount, before: Decimal | None, first: Line) -> Invalid:
    at = f"{account.verifying_since:%Y-%m-%d %H:%M} UTC"
    newest = f"its newest line here is of {account.newest_on}" if account.newest_on else "it has no lines here"
    has = f", with balance {before}" if before is not None else ""
    begins = f"{first.id!r} begins with {first.balance - first.amount}"
    remedy = "push everything since then again, oldest first; what Sage has already is passed over"
    return one_flaw(
        "transactions",
        f"the platform was restored as it was at {at}: {newest}{has}, but {begins}. To go on, {remedy}",
        "verifying",
    )
