"""The query language of lists (contract 1.5), read into a Condition.

    expression := clause (("&&" | "||") clause)*        "&&" binds tighter
    clause     := "{" expression "}" | field operator value
    operator   := = | != | ~ | > | < | >= | <=

Values stand without quotes, up to the next "&&", "||" or brace. Texts are compared exactly, upper and lower case apart.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bankfeeds.domain.errors import Invalid, one_flaw
from bankfeeds.domain.selection import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Operator,
    Order,
    TagComparison,
    Value,
)
from bankfeeds.domain.text import is_storable

QUERY_LENGTH_MAX = 2048
CLAUSES_MAX = 50
DEPTH_MAX = 10
WHOLE_NUMBER_MAX = 2**31 - 1
YEAR_MIN, YEAR_MAX = 1900, 9998
_FIELD = re.compile(r"\s*([^\s=!~<>{}&|][^=!~<>{}&|]*?)\s*(!=|>=|<=|=|~|>|<)")
_VALUE = re.compile(r"(?:(?!&&|\|\|)[^{}])*")
_SPACE = re.compile(r"\s*")


class Kind(StrEnum):
    text = "text"
    instant = "date"
    number = "whole number"
    flag = "true or false"


_EQUALITY = frozenset({Operator.equal, Operator.unequal})
OPERATORS: Mapping[Kind, frozenset[Operator]] = {
    Kind.text: _EQUALITY | {Operator.contains},
    Kind.instant: frozenset(Operator) - {Operator.contains},
    Kind.number: frozenset(Operator) - {Operator.contains},
    Kind.flag: _EQUALITY,
}


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is ours; `is_sortable` only where an item has one value of it."""

    name: str
    kind: Kind = Kind.text
    constant: str | None = None
    is_sortable: bool = True


Fields = Mapping[str, Field]
"""By the names that clients use."""


def read_query(text: str, fields: Fields) -> Condition:
    """Invalid if it is malformed, or too large, or names a field that is not there."""

    def compare(path: str, operator: Operator, value: str) -> Condition:
        field = _field("query", path, fields)
        if operator not in OPERATORS[field.kind]:
            allowed = " ".join(sorted(OPERATORS[field.kind]))
            raise _flaw("query", f"{path} is a {field.kind} and takes {allowed}, not {operator}")
        return Comparison(field.name, operator, _value(path, field.kind, value), field.constant)

    return _Reader("query", text, compare).read()


def read_tags(text: str) -> Condition:
    """The same language with keys of tags for fields, `=`, `!=` and `~` only, joined by `&&` only."""

    def compare(path: str, operator: Operator, value: str) -> Condition:
        if operator not in OPERATORS[Kind.text]:
            raise _flaw("tags", f"tags are compared with = != ~, not {operator}")
        return TagComparison(path, operator, value)

    if "||" in text or "{" in text:
        raise _flaw("tags", "join conditions with && only")
    return _Reader("tags", text, compare).read()


def read_order(text: str, fields: Fields) -> Order:
    """One field, a hyphen before it for descending."""
    path = text.strip().removeprefix("-")
    field = _field("orderBy", path, fields)
    if not field.is_sortable or field.constant is not None:
        raise _flaw("orderBy", f"a list cannot be ordered by {path}")
    return Order(field.name, text.strip().startswith("-"))


class _Reader:
    """Recursive descent, at most DEPTH_MAX deep."""

    def __init__(self, parameter: str, text: str, compare: Callable[[str, Operator, str], Condition]) -> None:
        if len(text) > QUERY_LENGTH_MAX:
            raise _flaw(parameter, f"is longer than {QUERY_LENGTH_MAX} characters")
        if not is_storable(text):
            raise _flaw(parameter, "holds a NUL character or half a surrogate pair; remove it")
        self.parameter = parameter
        self.text = text
        self.compare = compare
        self.at: int = 0
        self.clauses: int = 0

    def read(self) -> Condition:
        condition = self._expression(0)
        if self.at < len(self.text):
            raise self._malformed()
        return condition

    def _expression(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._eat("||"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self, depth: int) -> Condition:
        parts = [self._clause(depth)]
        while self._eat("&&"):
            parts.append(self._clause(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _clause(self, depth: int) -> Condition:
        if not self._eat("{"):
            return self._comparison()
        if depth == DEPTH_MAX:
            raise _flaw(self.parameter, f"has braces more than {DEPTH_MAX} deep")
        inner = self._expression(depth + 1)
        if not self._eat("}"):
            raise self._malformed()
        return inner

    def _comparison(self) -> Condition:
        self.clauses += 1
        if self.clauses > CLAUSES_MAX:
            raise _flaw(self.parameter, f"has more than {CLAUSES_MAX} conditions")
        found = _FIELD.match(self.text, self.at)
        if found is None:
            raise self._malformed()
        value = _VALUE.match(self.text, found.end())
        text = value.group().strip() if value else ""
        if value is None or not text or text[0] in "=~<>":
            raise self._malformed()
        self.at = value.end()
        return self.compare(found.group(1), Operator(found.group(2)), text)

    def _eat(self, token: str) -> bool:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def _malformed(self) -> Invalid:
        where = f"at character {self.at + 1}"
        return _flaw(self.parameter, f"is malformed {where}; write field=value, joined by && or ||, grouped by {{ }}")


def _field(parameter: str, path: str, fields: Fields) -> Field:
    field = fields.get(path)
    if field is None:
        raise _flaw(parameter, f"there is no property {path[:60]!r} here; there are {', '.join(fields)}")
    return field


def _value(path: str, kind: Kind, text: str) -> Value:
    match kind:
        case Kind.text:
            return text
        case Kind.instant:
            return _instant(path, text)
        case Kind.number:
            return _number(path, text)
        case Kind.flag:
            if text.lower() not in {"true", "false"}:
                raise _flaw("query", f"{path} is true or false")
            return text.lower() == "true"


def _number(path: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(WHOLE_NUMBER_MAX))):
        raise _flaw("query", f"{path} is compared with a whole number")
    number = int(text)
    if abs(number) > WHOLE_NUMBER_MAX:
        raise _flaw("query", f"{path} is compared with a number of at most {WHOLE_NUMBER_MAX}")
    return number


def _instant(path: str, text: str) -> datetime:
    """UTC where it says nothing else; a date alone is its midnight."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise _flaw("query", f"{path} is compared with a date such as 2026-02-03 or 2026-02-03T10:11:12Z")
    return moment


def _flaw(parameter: str, message: str) -> Invalid:
    return one_flaw(parameter, message)
