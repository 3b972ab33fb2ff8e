"""Is it Sage that calls? The listing's own header, and a token of Sage's."""

import structlog

from bankfeeds.domain.errors import Refusal, Unavailable
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.ports import TokenVerifier
from bankfeeds.flows import listings
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Call

log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web.sage")

KEYS_UNAVAILABLE = "unavailable"
RETRY_AFTER_S = 10
_BEARER = "bearer "


class Unauthenticated(Refusal):
    """The caller did not prove to be Sage."""


def require_sage(world: World, verify: TokenVerifier, call: Call) -> Listing:
    """The listing called for; Unauthenticated or Unavailable otherwise. Opens no transaction while it asks for keys."""
    listing = listings.get(world, call.path["listing"])
    given = call.headers.get(listing.header_name.lower(), "")
    if not listings.is_header_value(world, listing.id, given):
        raise _refused(listing, call, f"the header {listing.header_name} is missing or wrong")
    token = call.headers.get("authorization", "")
    if token[: len(_BEARER)].lower() == _BEARER:
        token = token[len(_BEARER) :].strip()
    cause = verify(listing, token, world.clock()) if token else "there is no token in the authorization header"
    if cause == KEYS_UNAVAILABLE:
        raise Unavailable("keys_unavailable", "the keys of Sage's tokens cannot be fetched; try again", RETRY_AFTER_S)
    if cause is not None:
        raise _refused(listing, call, cause)
    return listing


def _refused(listing: Listing, call: Call, cause: str) -> Unauthenticated:
    log.warning("caller_refused", listing=listing.id, cause=cause, correlation_id=call.correlation_id)
    return Unauthenticated("unauthenticated", cause)
