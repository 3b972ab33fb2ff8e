"""Sage asks which accounts of an authorisation there are by now, so that its user can link more of them."""

from datetime import timedelta

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.flows.context import World
from bankfeeds.flows.offered import offered
from bankfeeds.store import connections, reports, source_accounts
from bankfeeds.store.engine import Write


def available(world: World, listing_id: str, external_id: str) -> list[OfferedAccount]:
    """All accounts of the connection that owns `external_id`, none unless it was reported to this listing's Sage.

    What is offered here counts as reported: a bank account that Sage makes of it is a legitimate one.
    """
    now = world.clock()

    def run(tx: Write) -> list[OfferedAccount]:
        named = source_accounts.by_external_id(tx, external_id)
        if named is None or not reports.reported_pks(tx, listing_id, [named.pk]):
            return []
        connections.lock(tx, named.connection_id)
        accounts = source_accounts.of_connection(tx, named.connection_id)
        known = reports.reported_pks(tx, listing_id, [account.pk for account in accounts])
        new = [account.pk for account in accounts if account.pk not in known]
        if new:
            check_at = now + timedelta(seconds=world.limits.report_check_s)
            reports.add(tx, listing_id, new, now, check_at)
        return offered(accounts)

    return world.db.write(run)
