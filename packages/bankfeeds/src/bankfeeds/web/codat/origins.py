"""Cross-origin requests: the institution's own pages may call, from the origins that it allowed (`/corsSettings`)."""

from collections.abc import Mapping
from dataclasses import replace

from bankfeeds.flows import profile
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer, Call

PREFLIGHT_S = 600
_SENT = "authorization, content-type, idempotency-key"
_SHOWN = (
    "x-correlation-id, x-rate-limit-limit, x-rate-limit-remaining, x-rate-limit-reset, retry-after, "
    "idempotency-replayed"
)


def options(world: World, call: Call, allowed: str) -> Answer:
    """The methods of a path, to anybody; to a page of an allowed origin, that it may call them."""
    headers = {"allow": allowed}
    if "access-control-request-method" in call.headers and _is_allowed(world, call):
        headers |= {
            "access-control-allow-origin": call.headers["origin"],
            "access-control-allow-methods": allowed,
            "access-control-allow-headers": _SENT,
            "access-control-max-age": str(PREFLIGHT_S),
            "vary": "origin",
        }
    return Answer(204, headers=headers)


def shown(world: World, call: Call, answer: Answer) -> Answer:
    """The answer, which a page of an allowed origin may read."""
    return replace(answer, headers={**answer.headers, **_headers(world, call)}) if "origin" in call.headers else answer


def _headers(world: World, call: Call) -> Mapping[str, str]:
    if not _is_allowed(world, call):
        return {"vary": "origin"}
    origin = call.headers["origin"]
    return {"access-control-allow-origin": origin, "access-control-expose-headers": _SHOWN, "vary": "origin"}


def _is_allowed(world: World, call: Call) -> bool:
    origin = call.headers.get("origin")
    return origin is not None and origin in profile.allowed_origins(world)
