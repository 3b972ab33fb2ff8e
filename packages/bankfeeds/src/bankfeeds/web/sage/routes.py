"""The four addresses that Sage calls, for each listing, and what it is answered when something is wrong."""

import msgspec
from starlette.routing import BaseRoute, Route

from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from bankfeeds.domain.ports import TokenVerifier
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer, Call, Endpoint, Handler, TooLarge
from bankfeeds.web.sage import auth, available_accounts, notification
from bankfeeds.web.sage.caller import Unauthenticated
from bankfeeds.web.surface import Surface

STATUSES: dict[type[Exception], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Unavailable: 503,
}


def routes(world: World, surface: Surface, verify: TokenVerifier) -> list[BaseRoute]:
    def route(path: str, handler: Handler, *methods: str) -> BaseRoute:
        endpoint = Endpoint(handler, on_error, surface.pool, surface.new_id, notification.BODY_BYTES_MAX)
        return Route(f"/sage/{{listing}}/{path}", endpoint, methods=list(methods))

    return [
        route("notification", lambda call: notification.notified(world, verify, call), "POST"),
        route("auth", lambda call: auth.authorise(world, surface, call), "GET"),
        route("authrefresh", lambda call: auth.renew(world, surface, call), "GET", "POST"),
        route("availableaccounts", lambda call: available_accounts.listed(world, verify, call), "GET"),
    ]


def on_error(error: Exception, call: Call) -> Answer:
    """A bug tells nothing but the id it is logged under."""
    status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    message = str(error) if status != 500 else "something went wrong here"  # noqa: PLR2004 - the status it is
    headers = {"cache-control": "no-store"}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(error.retry_after_s)
    body = {"error": getattr(error, "code", "internal"), "message": message, "correlationId": call.correlation_id}
    return Answer(status, msgspec.json.encode(body), headers=headers)
