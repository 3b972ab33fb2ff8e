"""`POST /sage/{listing}/notification`: Sage tells us of something."""

import structlog

from bankfeeds.domain.ports import TokenVerifier
from bankfeeds.flows.context import World
from bankfeeds.flows.notifications import receive
from bankfeeds.web.endpoint import Answer, Call
from bankfeeds.web.sage.caller import require_sage
from bankfeeds.web.sage.translate import to_notification

log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web.sage")

BODY_BYTES_MAX = 64 * 1024


def notified(world: World, verify: TokenVerifier, call: Call) -> Answer:
    """204 once it is durable; Sage repeats whatever is answered otherwise, for about 15 minutes."""
    listing = require_sage(world, verify, call)
    notification = to_notification(call.body)
    result = receive(world, listing.id, notification)
    log.info("notification", listing=listing.id, kind=notification.kind.value, result=result)
    return Answer(204)
