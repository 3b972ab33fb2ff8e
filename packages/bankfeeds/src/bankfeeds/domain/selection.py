"""Which of a list's items are wanted, and in what order: what a client's query means, once it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Operator(StrEnum):
    equal = "="
    unequal = "!="
    contains = "~"
    above = ">"
    below = "<"
    at_least = ">="
    at_most = "<="


Value = str | int | bool | datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """`constant` is what the field holds in every item, in place of a column. Of a field with several values: `equal`
    and all the others if any of them is so, `unequal` if none is equal.
    """

    field: str
    operator: Operator
    value: Value
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class TagComparison:
    """`unequal` where the tag is absent, too."""

    key: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]


Condition = Comparison | TagComparison | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """None of either: everything, in the list's own order."""

    condition: Condition | None = None
    order: Order | None = None


EVERYTHING = Selection()


def holds(condition: Condition | None, item: Mapping[str, Sequence[Value]]) -> bool:
    """For an item that is not in the database: each field with its values."""
    match condition:
        case None:
            return True
        case AllOf(parts):
            return all(holds(part, item) for part in parts)
        case AnyOf(parts):
            return any(holds(part, item) for part in parts)
        case TagComparison(key, operator, value):
            return _matches(item.get(key, ()), operator, value)
        case Comparison(field, operator, value, constant):
            return _matches(item[field] if constant is None else (constant,), operator, value)


def _matches(held: Sequence[Value], operator: Operator, value: Value) -> bool:
    if operator is Operator.unequal:
        return all(each != value for each in held)
    return any(_is_so(each, operator, value) for each in held)


def _is_so(held: object, operator: Operator, value: object) -> bool:
    if operator is Operator.contains:
        return isinstance(held, str) and isinstance(value, str) and value in held
    return held == value
