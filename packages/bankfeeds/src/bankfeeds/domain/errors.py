"""What we refuse, and why: the one family of exceptions a caller is meant to see.

A Refusal says what, which one, and what to do. It knows nothing of HTTP: `web/codat/errors.py` is the
one table that turns each kind into a status. What a remote said is never one of these (`outcome.py`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with the input: the field as the caller wrote it, and the remedy."""

    field: str
    message: str


class Refusal(Exception):
    """`code` is stable and for programs; `message` is for people."""

    def __init__(self, code: str, message: str, flaws: tuple[Flaw, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.flaws = flaws


class Invalid(Refusal):
    """The request cannot be carried out as written."""


class NotFound(Refusal):
    """The thing named does not exist, or not for this caller."""


class Conflict(Refusal):
    """The thing named is in a state that does not allow it."""


class Forbidden(Refusal):
    """Known, but not allowed."""


class Unavailable(Refusal):
    """A remote we need did not answer in time; nothing changed; worth another try."""

    def __init__(self, code: str, message: str, retry_after_s: int) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


class SignOnFailed(Refusal):
    """Somebody's sign-in at another place could not be taken; the message is for the log."""


def one_flaw(field: str, message: str, code: str = "invalid") -> Invalid:
    """The common case: exactly one field is at fault."""
    return Invalid(code, f"{field}: {message}", (Flaw(field, message),))
