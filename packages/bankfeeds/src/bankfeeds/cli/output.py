"""How verbs answer: a table for people, JSON for programs, the bare value where a script wants just that."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text


def shown(text: str) -> str:
    """What others wrote (Sage, the institution) moves no cursor and colours nothing here."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def show_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def decoded(body: bytes) -> Any:
    """JSON as a value to show."""
    return msgspec.json.decode(body)


def show_line(text: str) -> None:
    sys.stdout.write(shown(text) + "\n")
    sys.stdout.flush()


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    Console().print(table)


def instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def age(since: datetime | None, now: datetime) -> str:
    """In the largest unit that fits; nothing if there is no beginning."""
    if since is None:
        return ""
    seconds = max(int((now - since).total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def fields_of(value: Any) -> dict[str, Any]:
    """A frozen value as a program reads it: names in camel case, what is not known left out."""
    return {_camel(name): part for name, part in asdict(value).items() if part is not None}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)
