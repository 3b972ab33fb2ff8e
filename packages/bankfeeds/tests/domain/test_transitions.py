"""Every move that a transition table has, and every move that it has not.

Who guards the tables that are no functions (`store/`) is seen in `tests/store/test_moves.py`, with a database.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import product
from typing import Any

import pytest

from bankfeeds.domain import authorisation, connection, feed, push_operation, source_account, statement
from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.domain.connection import ConnectionEvent, ConnectionStatus
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.push_operation import FINAL, STATUS_CODES, PushStatus
from bankfeeds.domain.source_account import AccountEvent, AccountStatus
from bankfeeds.domain.statement import StatementStatus

Moves = set[tuple[Any, Any]]


def by_event(table: Mapping[tuple[Any, Any], Any]) -> Moves:
    return {(before, after) for (before, _), after in table.items()}


def by_status(table: Mapping[Any, Iterable[Any]]) -> Moves:
    return {(before, after) for before, following in table.items() for after in following}


MACHINES: dict[str, tuple[type[Enum], Enum, Moves, set[Enum]]] = {
    "connection": (ConnectionStatus, ConnectionStatus.pending_auth, by_event(connection.TRANSITIONS), set()),
    "source account": (AccountStatus, AccountStatus.pending, by_event(source_account.TRANSITIONS), set()),
    "push operation": (PushStatus, PushStatus.pending, by_status(push_operation.TRANSITIONS), set(FINAL)),
    "feed": (FeedStatus, FeedStatus.open, by_status(feed.TRANSITIONS), {FeedStatus.closed}),
    "statement": (
        StatementStatus,
        StatementStatus.offered,
        by_status(statement.TRANSITIONS),
        {StatementStatus.done, StatementStatus.refused, StatementStatus.dropped},
    ),
    "authorisation": (
        AuthorisationStatus,
        AuthorisationStatus.notified,
        by_status(authorisation.TRANSITIONS),
        {AuthorisationStatus.succeeded, AuthorisationStatus.refused},
    ),
}
"""Of each: its statuses, the first one, its moves, and the statuses that nothing leaves."""


@pytest.mark.parametrize("name", MACHINES)
def test_every_status_can_be_reached_and_the_final_ones_are_left_by_nothing(name: str) -> None:
    statuses, first, moves, final = MACHINES[name]
    reached = {first}
    while more := {after for before, after in moves if before in reached} - reached:
        reached |= more
    assert reached == set(statuses)
    assert {each for each in statuses if not any(before is each for before, _ in moves)} == final


@pytest.mark.parametrize(
    "table", [push_operation.TRANSITIONS, feed.TRANSITIONS, statement.TRANSITIONS, authorisation.TRANSITIONS]
)
def test_a_table_of_statuses_has_a_row_for_each(table: Mapping[Enum, Iterable[Enum]]) -> None:
    assert set(table) == set(type(next(iter(table))))


@pytest.mark.parametrize(("status", "event"), connection.TRANSITIONS)
def test_a_connection_moves_as_its_table_says(status: ConnectionStatus, event: ConnectionEvent) -> None:
    assert connection.next_status(status, event) is connection.TRANSITIONS[status, event]


@pytest.mark.parametrize(
    ("status", "event"), sorted(set(product(ConnectionStatus, ConnectionEvent)) - set(connection.TRANSITIONS))
)
def test_any_other_move_of_a_connection_is_a_conflict_that_names_both(
    status: ConnectionStatus, event: ConnectionEvent
) -> None:
    with pytest.raises(Conflict) as refused:
        connection.next_status(status, event)
    assert refused.value.code == "connection_status"
    assert status.value in refused.value.message
    assert event.value in refused.value.message


def test_a_connection_is_linked_by_a_feed_whatever_it_was_and_only_a_linked_one_is_deauthorized() -> None:
    opened = {status: connection.next_status(status, ConnectionEvent.feed_opened) for status in ConnectionStatus}
    assert set(opened.values()) == {ConnectionStatus.linked}
    deauthorized = [key for key, after in connection.TRANSITIONS.items() if after is ConnectionStatus.deauthorized]
    assert deauthorized == [(ConnectionStatus.linked, ConnectionEvent.last_feed_closed)]


@pytest.mark.parametrize(("status", "event"), source_account.TRANSITIONS)
def test_an_account_moves_as_its_table_says(status: AccountStatus, event: AccountEvent) -> None:
    assert source_account.next_status(status, event) is source_account.TRANSITIONS[status, event]


@pytest.mark.parametrize(
    ("status", "event"), sorted(set(product(AccountStatus, AccountEvent)) - set(source_account.TRANSITIONS))
)
def test_any_other_event_leaves_an_account_as_it_is(status: AccountStatus, event: AccountEvent) -> None:
    assert source_account.next_status(status, event) is status


def test_nothing_makes_an_account_pending_again() -> None:
    assert AccountStatus.pending not in source_account.TRANSITIONS.values()


def test_a_push_operation_ends_once_and_each_status_has_codats_code() -> None:
    assert push_operation.TRANSITIONS[PushStatus.pending] == FINAL
    assert {status.value: code for status, code in STATUS_CODES.items()} == {
        "Pending": 202, "Success": 200, "Failed": 400, "TimedOut": 408,
    }  # fmt: skip


def test_a_closed_feed_stays_closed_and_a_parked_one_waits_for_somebody() -> None:
    assert feed.TRANSITIONS[FeedStatus.closed] == frozenset()
    assert feed.TRANSITIONS[FeedStatus.parked] == {FeedStatus.open, FeedStatus.closed}


def test_only_a_statement_that_sage_may_have_is_done() -> None:
    assert {before for before, after in by_status(statement.TRANSITIONS) if after is StatementStatus.done} == {
        StatementStatus.offered,
        StatementStatus.taken,
    }
