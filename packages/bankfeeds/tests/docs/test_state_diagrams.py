"""The diagrams of docs/explanation/delivery.md are drawn from the transition tables; this file draws them.

After a table has changed: `python packages/bankfeeds/tests/docs/test_state_diagrams.py`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from bankfeeds.domain import authorisation, connection, feed, push_operation, source_account, statement

PAGE = Path(__file__).parents[4] / "docs/explanation/delivery.md"
_BLOCK = re.compile(r"(<!-- states: ([a-z_]+) -->\n).*?(<!-- end of states -->)", re.DOTALL)


def diagram(first: StrEnum, rows: Iterable[str], final: Iterable[StrEnum]) -> str:
    ends = [f"    {each.value} --> [*]" for each in final]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first.value}", *rows, *ends, "```", ""])


def of_events(first: StrEnum, table: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> str:
    rows = [f"    {before.value} --> {after.value}: {event.value}" for (before, event), after in table.items()]
    return diagram(first, rows, [])


def of_statuses(first: StrEnum, table: Mapping[StrEnum, frozenset[StrEnum]]) -> str:
    order = list(table)
    rows = [
        f"    {before.value} --> {after.value}" for before in order for after in sorted(table[before], key=order.index)
    ]
    return diagram(first, rows, [each for each in order if not table[each]])


DIAGRAMS: dict[str, Callable[[], str]] = {
    "connection": lambda: of_events(connection.ConnectionStatus.pending_auth, connection.TRANSITIONS),
    "source_account": lambda: of_events(source_account.AccountStatus.pending, source_account.TRANSITIONS),
    "push_operation": lambda: of_statuses(push_operation.PushStatus.pending, push_operation.TRANSITIONS),
    "feed": lambda: of_statuses(feed.FeedStatus.open, feed.TRANSITIONS),
    "statement": lambda: of_statuses(statement.StatementStatus.offered, statement.TRANSITIONS),
    "authorisation": lambda: of_statuses(authorisation.AuthorisationStatus.notified, authorisation.TRANSITIONS),
}


def drawn(text: str) -> str:
    return _BLOCK.sub(lambda block: block[1] + DIAGRAMS[block[2]]() + block[3], text)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_the_page_has_a_diagram_of_every_table(name: str) -> None:
    assert f"<!-- states: {name} -->\n{DIAGRAMS[name]()}<!-- end of states -->" in PAGE.read_text(encoding="utf-8")


def test_the_page_has_no_other_diagram() -> None:
    blocks = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert [name for _, name, _ in blocks] == list(DIAGRAMS)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
