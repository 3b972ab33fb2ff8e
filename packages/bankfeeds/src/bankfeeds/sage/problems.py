"""Reading what Sage says of statements and errors. Its schemas are not public: every shape here is an assumption, kept
behind these functions (Sage contract, 6.4 and 6.6), and an answer of another shape is read as naming nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from bankfeeds.domain.outcome import Problem
from bankfeeds.sage.client import Reply

_PLACE = re.compile(r"transactionDetails\[(\d+)\]")
_DUPLICATE = re.compile(r"duplicat", re.IGNORECASE)
MESSAGE_LENGTH_MAX = 300
PLACE_DIGITS_MAX = 6


@dataclass(frozen=True, slots=True)
class StatementState:
    """`status` lower-cased; `id` None if the answer named none."""

    id: str | None
    status: str
    problems: list[Problem] = field(default_factory=list[Problem])


def read_statement(body: bytes) -> StatementState:
    """The answer to POST or GET statements: `{"data": {"_id", "status", "errors"}}`, errors also beside data."""
    answer = _mapping(_decode(body))
    data = _mapping(answer.get("data")) or answer
    errors = data.get("errors") or answer.get("errors")
    status = data.get("status")
    found = data.get("_id") or data.get("id")
    return StatementState(
        found if isinstance(found, str) else None,
        status.lower() if isinstance(status, str) else "",
        _problems(errors),
    )


def read_problems(body: bytes) -> list[Problem]:
    """The errors of a refusal: `{"errors": [{"code", "message", "path"}]}`."""
    answer = _mapping(_decode(body))
    data = _mapping(answer.get("data"))
    found = _problems(answer.get("errors") or data.get("errors"))
    message = answer.get("message")
    if not found and isinstance(message, str):
        found = [Problem("", message[:MESSAGE_LENGTH_MAX])]
    return found


def read_bank_id(body: bytes, external_ref: str) -> str | None:
    """Sage's bank id for our reference, from the answer to POST banks, wherever in it the record stands."""
    for record in _records(_decode(body)):
        found = record.get("principalId") or record.get("principalID") or record.get("_id")
        if record.get("externalRef") == external_ref and isinstance(found, str):
            return found
    return None


def summary(found: Sequence[Problem], reply: Reply) -> str:
    told = "; ".join(f"{problem.code} {problem.message}".strip() for problem in found[:3])
    return told or f"Sage answered {reply.status}"


def _problems(errors: Any) -> list[Problem]:
    return [_problem(_mapping(error)) for error in _items(errors)]


def _problem(error: dict[str, Any]) -> Problem:
    code, message, path = (str(error.get(name) or "") for name in ("code", "message", "path"))
    place = _PLACE.search(path)
    position = int(place[1]) if place is not None and len(place[1]) <= PLACE_DIGITS_MAX else None
    named = error.get("uniqueId")
    line_id = named if isinstance(named, str) else None
    duplicate = bool(_DUPLICATE.search(code) or (not code and _DUPLICATE.search(message)))
    return Problem(code, message[:MESSAGE_LENGTH_MAX], line_id, duplicate, position)


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _records(value: Any) -> list[dict[str, Any]]:
    """Every object in the answer, at any depth."""
    here = [_mapping(value)] if isinstance(value, dict) else []
    return here + [record for item in [*_mapping(value).values(), *_items(value)] for record in _records(item)]
