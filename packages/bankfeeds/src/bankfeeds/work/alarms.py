"""A parked feed is loud: one error line the moment it parks, and one a minute as long as any feed is parked."""

import structlog

from bankfeeds.flows import overview
from bankfeeds.flows.context import World
from bankfeeds.flows.settle import Parked

REMIND_EVERY_S = 60.0
NAMED_MAX = 10
REMEDY = "`bankfeeds doctor` says why and what to do"
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.work")


def tell(parked: Parked) -> None:
    log.error(
        "feed parked",
        bank_account=parked.bank_account_id,
        listing=parked.listing_id,
        account=parked.external_id,
        cause=parked.cause,
        remedy=REMEDY,
    )


def remind(world: World) -> None:
    """Says nothing while no feed is parked."""
    parked = overview.feeds(world, parked_only=True)
    if parked:
        named = [feed.bank_account_id for feed in parked[:NAMED_MAX]]
        since = min(feed.parked_at or feed.opened_at for feed in parked)
        log.error("feeds are parked", count=len(parked), since=since.isoformat(), bank_accounts=named, remedy=REMEDY)
