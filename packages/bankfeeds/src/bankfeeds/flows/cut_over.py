"""The cut-over of an account that moves here from another server: lines dated before it are never sent from here.

The other server sends what is dated before that day, this one what is dated on it or later, so that no line is twice in
the customer's books. A feed takes the day when it opens and keeps it; hence it is set before the account is linked.
"""

from dataclasses import replace
from datetime import date

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, feeds, source_accounts
from bankfeeds.store.engine import Write


def change(world: World, actor: str, name: str, on: date | None, reason: str) -> SourceAccount:
    """None: every line from the day that the Sage user chooses. Conflict while the account is linked."""
    reason = check_reason(reason)
    now = world.clock()

    def run(tx: Write) -> SourceAccount:
        found = named.account(tx, name)
        connections.lock(tx, found.connection_id)
        account = source_accounts.lock(tx, found.pk) or found
        if feeds.live_of_account(tx, account.pk):
            raise Conflict(
                "linked_already",
                f"account {name} is linked in Sage already, and its feed keeps the day it began with; "
                "have its user disconnect it there, change the day, and link it again",
            )
        source_accounts.update(tx, account.pk, cut_over_on=on, modified_at=now)
        detail = {"from": _told(account.cut_over_on), "to": _told(on)}
        entry = AuditEntry(now, actor, "account.cut_over", f"account:{account.external_id}", reason, detail)
        audit.record(tx, entry)
        return replace(account, cut_over_on=on, modified_at=now)

    return world.db.write(run)


def _told(on: date | None) -> str | None:
    return on.isoformat() if on else None
