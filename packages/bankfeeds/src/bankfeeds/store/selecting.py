"""A Selection as SQL expressions: a client's words become bound values, never text of a statement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.selection import AllOf, AnyOf, Comparison, Condition, Operator, Order, TagComparison
from bankfeeds.store import dialect

Clause = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Column:
    """`among` says, for a field with several values, that one of them satisfies a clause."""

    of: sa.ColumnElement[Any]
    among: Callable[[Clause], Clause] | None = None


Columns = Mapping[str, Column]


def where(condition: Condition | None, columns: Columns, *, is_postgresql: bool) -> Clause:
    """True for everything if there is no condition. Tags are looked for in the column `tags`."""
    match condition:
        case None:
            return sa.true()
        case AllOf(parts):
            return sa.and_(*(where(part, columns, is_postgresql=is_postgresql) for part in parts))
        case AnyOf(parts):
            return sa.or_(*(where(part, columns, is_postgresql=is_postgresql) for part in parts))
        case TagComparison():
            return _tag(condition, columns["tags"].of, is_postgresql=is_postgresql)
        case Comparison():
            return _comparison(condition, columns[condition.field], is_postgresql=is_postgresql)


def order(wanted: Order, columns: Columns, *, is_postgresql: bool) -> sa.ColumnElement[Any]:
    """Texts by their characters' codes and absent ones first, on both databases."""
    column = columns[wanted.field].of
    if is_postgresql and isinstance(column.type, sa.Text):
        column = column.collate("C")
    return column.desc().nulls_last() if wanted.is_descending else column.asc().nulls_first()


def _comparison(wanted: Comparison, column: Column, *, is_postgresql: bool) -> Clause:
    held = column.of if wanted.constant is None else sa.literal(wanted.constant)
    if column.among is None:
        if wanted.operator is Operator.unequal:
            return sa.or_(held.is_(None), held != wanted.value)
        return _is_so(held, wanted.operator, wanted.value, is_postgresql=is_postgresql)
    if wanted.operator is Operator.unequal:
        return sa.not_(column.among(held == wanted.value))
    return column.among(_is_so(held, wanted.operator, wanted.value, is_postgresql=is_postgresql))


def _tag(wanted: TagComparison, tags: sa.ColumnElement[Any], *, is_postgresql: bool) -> Clause:
    each = dialect.members_of_json(tags, is_postgresql=is_postgresql)
    is_unequal = wanted.operator is Operator.unequal
    operator = Operator.equal if is_unequal else wanted.operator
    is_so = _is_so(each.c.value, operator, wanted.value, is_postgresql=is_postgresql)
    found = sa.select(sa.literal(1)).select_from(each).where(each.c.key == wanted.key, is_so).exists()
    return sa.not_(found) if is_unequal else found


def _is_so(held: sa.ColumnElement[Any], operator: Operator, value: Any, *, is_postgresql: bool) -> Clause:
    match operator:
        case Operator.equal:
            return held == value
        case Operator.unequal:
            return held != value
        case Operator.contains:
            return dialect.position(held, value, is_postgresql=is_postgresql) > 0
        case Operator.above:
            return held > value
        case Operator.below:
            return held < value
        case Operator.at_least:
            return held >= value
        case Operator.at_most:
            return held <= value
