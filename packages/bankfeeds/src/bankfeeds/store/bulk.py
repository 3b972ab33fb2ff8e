"""Many lines in few steps.

Python's SQLite driver gives up the interpreter's lock around every step of the engine, and a step is a row: for
`executemany` each row written, for `fetchall` each row read. While another thread computes, every one of these waits
for its turn. So rows are written many to a statement, and read as one row of JSON arrays, a column each; on PostgreSQL
too, where it saves making ten thousand values one by one.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

import msgspec

from bankfeeds.domain.columns import Columns
from bankfeeds.store import tables as t

ROWS_AT_ONCE = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""How many rows one statement writes: few texts, so that the driver keeps each of them prepared."""
_COLUMNS = "id, posted_on, amount, balance, type, description, counterparty, reference"
_encode = msgspec.json.Encoder().encode
_keys = msgspec.json.Decoder(list[int]).decode
_texts = msgspec.json.Decoder(list[str]).decode
_maybe_texts = msgspec.json.Decoder(list[str | None]).decode


def insert(cursor: Any, account_pk: int, first_seq: int, columns: Columns) -> int:
    """How many lines were stored: all, or fewer if some ids are known in this account."""
    rows = chain.from_iterable(zip(*columns.in_order(), strict=True))
    key = (account_pk << t.SEQ_BITS) + first_seq
    stored = 0
    for count in _parts(len(columns)):
        values = [next(rows) for _ in range(count * len(columns.in_order()))]
        cursor.execute(_insert(count), (key, account_pk, *values))
        stored += cursor.rowcount
        key += count
    return stored


def _parts(count: int) -> Iterator[int]:
    for size in ROWS_AT_ONCE:
        while count >= size:
            yield size
            count -= size


@cache
def _insert(count: int) -> str:
    rows = ", ".join(f"(?1 + {row}, ?2, ?, ?, ?, ?, ?, ?, ?, ?)" for row in range(count))
    return f"INSERT OR IGNORE INTO lines (pk, account_pk, {_COLUMNS}) VALUES {rows}"  # noqa: S608 - constants


class JsonLine(msgspec.Struct, gc=False):
    """One line in a JSON parameter on PostgreSQL; its members are the columns of `rows_of`."""

    id: str
    posted_on: str
    amount: str
    balance: str
    type: str
    description: str
    counterparty: str | None
    reference: str | None


def json_lines(columns: Columns) -> list[JsonLine]:
    return list(map(JsonLine, *columns.in_order()))


def as_json(columns: Columns) -> str:
    return _encode(json_lines(columns)).decode()


def rows_of(parameter: str) -> str:
    """What stands in FROM: such lines as rows of `line`, numbered from 1 by `n`."""
    types = "id text, posted_on date, amount numeric, balance numeric, type text, description text"
    recordset = f"json_to_recordset({parameter}) AS ({types}, counterparty text, reference text)"
    return f"ROWS FROM ({recordset}) WITH ORDINALITY AS line ({_COLUMNS}, n)"


def in_columns(query: str, aggregate: str) -> str:
    """Of a query of `pk` and a line's columns by rising `pk`: one row, each column a JSON array. `aggregate` is the
    database's way to make one.
    """
    arrays = ", ".join(aggregate.format(name) for name in ("pk", *_COLUMNS.split(", ")))
    return f"SELECT {arrays} FROM ({query}) AS line"  # noqa: S608 - constants


def fetch(cursor: Any) -> tuple[list[int], Columns]:
    """What such a query found."""
    read, *texts, counterparties, references = cursor.fetchone()
    keys = _keys(read)
    if keys != sorted(keys):
        raise AssertionError("a sorted subquery keeps its order")
    ids, days, amounts, balances, types, descriptions = map(_texts, texts)
    columns = Columns(
        ids, days, amounts, balances, types, descriptions, _maybe_texts(counterparties), _maybe_texts(references)
    )
    return keys, columns
