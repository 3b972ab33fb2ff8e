"""What the sandbox says no with: one exception, two shapes of body."""

import re

import msgspec

_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]+)`")
_AT = re.compile(r" - at `([^`]+)`$")


NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises over bytes that are no JSON, or nested past all reason."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where."""

    code: str
    message: str
    path: str = ""


class Refusal(Exception):
    """An application error of section 6.6."""

    def __init__(self, status: int, *problems: Problem) -> None:
        super().__init__(status, problems)
        self.status = status
        self.problems = problems


class GatewayRefusal(Exception):
    """What the gateway before the Provider API answers: a status and one word; the log is told more."""

    def __init__(self, status: int, message: str, code: str, why: str) -> None:
        super().__init__(status, message, code, why)
        self.status = status
        self.message = message
        self.problem = Problem(code, why)


def refuse(status: int, code: str, message: str, path: str = "") -> Refusal:
    return Refusal(status, Problem(code, message, path))


def schema_problem(error: msgspec.MsgspecError, within: str = "") -> Problem:
    """Turn a decoder's complaint into a problem whose path names the field."""
    text = str(error)
    at = _AT.search(text)
    path = at.group(1).removeprefix("$").removeprefix(".") if at else ""
    named = _MISSING.search(text) or _UNKNOWN.search(text)
    if named:
        path = f"{path}.{named.group(1)}" if path else named.group(1)
    if within:
        path = f"{within}.{path}" if path and not path.startswith("[") else within + path
    return Problem("SCHEMA_INVALID", _AT.sub("", text), path)
