"""The one table from refusals to HTTP statuses, and the error body of Codat's API (contract 1.7)."""

from collections.abc import Mapping

from bankfeeds.domain.errors import Conflict, Flaw, Forbidden, Invalid, NotFound, Refusal, Unavailable
from bankfeeds.flows.once import KeyReused
from bankfeeds.web.codat import wire
from bankfeeds.web.codat.rates import TooManyRequests
from bankfeeds.web.endpoint import Answer, Call, TooLarge, TooSlow

RETRY_AFTER_S_MAX = 5
"""Codat's Python client sleeps for all of it, even when told not to retry."""


class Unauthenticated(Refusal):
    """No API key, or none that we know."""


class MethodNotAllowed(Refusal):
    """The path exists, but not for this method."""

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__("method", f"{method} is not allowed here; use one of {allowed}")
        self.allowed = allowed


class UnsupportedMediaType(Refusal):
    """The body says that it is something else than JSON."""


STATUSES: Mapping[type[Refusal], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    TooSlow: 408,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedMediaType: 415,
    KeyReused: 422,
    TooManyRequests: 429,
    Unavailable: 503,
}
STATUSES_BY_CODE: Mapping[str, int] = {
    "account_id_taken": 400,  # Codat types no 409 for a single account; in a batch it is the item's own code
}
BUG = "Something went wrong on our side; quote the correlation id when you report it"


def status_of(refusal: Refusal) -> int:
    return STATUSES_BY_CODE.get(refusal.code) or STATUSES.get(type(refusal), 400)


class ErrorAnswers:
    """An endpoint's error answers; `validator` names who found the flaws."""

    def __init__(self, validator: str) -> None:
        self.validator = validator

    def __call__(self, error: Exception, call: Call) -> Answer:
        if not isinstance(error, Refusal):
            return self._answer(500, BUG, call)
        return self._answer(status_of(error), error.message, call, error.flaws, headers_of(error))

    def _answer(
        self,
        status: int,
        message: str,
        call: Call,
        flaws: tuple[Flaw, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = wire.ErrorMessage(
            status_code=status,
            service="PublicApi",
            error=legible(message),
            correlation_id=call.correlation_id,
            can_be_retried="Unknown",
            detailed_error_code=0,
            validation=wire.Validation(items(flaws, self.validator), []) if flaws else None,
        )
        return Answer(status, wire.encode(body), headers=headers or {})


def items(flaws: tuple[Flaw, ...], validator: str) -> list[wire.ValidationItem]:
    return [wire.ValidationItem(legible(flaw.field), legible(flaw.message), validator) for flaw in flaws]


def legible(text: str) -> str:
    """What can be written as UTF-8: an error may quote half a surrogate pair that was sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def headers_of(refusal: Refusal) -> Mapping[str, str]:
    if isinstance(refusal, Unauthenticated):
        return {"www-authenticate": 'Basic realm="bankfeeds"'}
    if isinstance(refusal, MethodNotAllowed):
        return {"allow": refusal.allowed}
    if isinstance(refusal, TooManyRequests):
        return {"retry-after": str(refusal.retry_after_s), **refusal.standing.headers}
    if isinstance(refusal, Unavailable):
        return {"retry-after": str(min(refusal.retry_after_s, RETRY_AFTER_S_MAX))}
    return {}
