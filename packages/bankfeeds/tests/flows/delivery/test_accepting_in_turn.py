"""A file's pushes share transactions, and it shows nowhere: each is stored, passed over or refused as if it came alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.flows import accept as accepting
from bankfeeds.flows.accept import STORED_AT_ONCE_MAX, accept, accept_in_turn
from bankfeeds.flows.crash_points import ACCEPT
from bankfeeds.flows.examine import PushRequest
from bankfeeds.store import acceptance

from .conftest import COMPANY, CONNECTION, Died, Item, Sent, lines
from .test_accepting_together import stored

DAY = "2026-02-0{}"
LARGE = acceptance.COPY_FROM_LINES


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pushes each transaction stored."""
    sizes: list[int] = []
    real = acceptance.store_in_turn

    def counted(*asked: Any) -> Any:
        stored = real(*asked)
        sizes.append(len(stored))
        return stored

    monkeypatch.setattr(acceptance, "store_in_turn", counted)
    return sizes


def requests_of(days: Sequence[Sequence[Item]]) -> list[PushRequest]:
    """As a file's are made: each has its key before it is accepted."""
    return [
        PushRequest(COMPANY, CONNECTION, "acc-001", "acc-001", [Sent(item) for item in items], key=f"push-{number}")
        for number, items in enumerate(days)
    ]


def day(number: int, count: int = 2) -> list[Item]:
    return lines(*[DAY.format(number)] * count, start=number * 1000)


def in_turn(platform: Any, requests: list[PushRequest]) -> Iterator[object]:
    return accept_in_turn(platform.world, "api:test", requests)


def one_by_one(platform: Any, requests: list[PushRequest]) -> Iterator[object]:
    return (accept(platform.world, "api:test", request) for request in requests)


def what_comes(platform: Any, take: Callable[..., Iterator[object]], requests: list[PushRequest]) -> list[object]:
    came: list[object] = []
    try:
        came.extend(take(platform, requests))
    except Invalid as refusal:
        came.append((refusal.code, refusal.message))
    return came


def rows(platform: Any) -> list[dict[str, Any]]:
    """Without the numbers of rows, of which a transaction given up uses some."""
    return [
        {name: value for name, value in row.items() if name != "pk" or table == "lines"}
        for table, found in stored(platform).items()
        for row in found
    ]


ODD = [replace(day(3)[0], amount=None), *day(3)[1:]]
CASES = {
    "plain": [day(1), day(2, LARGE), day(3), day(4)],
    "more than a transaction": [day(n) for n in range(1, 2 + STORED_AT_ONCE_MAX)],
    "known lines among them": [day(1), day(2), [*day(2), *day(3)], day(4)],
    "nothing but known lines": [day(1), day(1), day(2)],
    "the same id twice in one": [day(1), [*day(2), *day(2)], day(3)],
    "out of order": [day(2), day(1), day(3)],
    "an amount missing": [day(1), day(2), ODD, day(4)],
    "none at all": [day(1), [], day(2)],
}


@pytest.mark.parametrize("case", CASES)
def test_all_is_as_if_each_push_came_alone(make_platform: Any, case: str) -> None:
    requests = requests_of(CASES[case])
    both, came = [make_platform(), make_platform()], []
    for platform, take in zip(both, (one_by_one, in_turn), strict=True):
        platform.link()
        came.append(what_comes(platform, take, requests))
    assert came[0] == came[1]
    assert rows(both[0]) == rows(both[1])
    for platform in both:
        platform.run()
    assert both[0].sage.stored == both[1].sage.stored


def test_pushes_share_transactions(platform: Any, transactions: list[int]) -> None:
    platform.link()
    taken = list(in_turn(platform, requests_of([day(n) for n in range(1, 3 + STORED_AT_ONCE_MAX)])))
    assert transactions == [STORED_AT_ONCE_MAX, 2]
    assert [(each.first_seq, each.last_seq) for each in taken[-2:]] == [(11, 12), (13, 14)]


def test_what_is_odd_goes_alone_and_so_do_those_behind_it(platform: Any, transactions: list[int]) -> None:
    platform.link()
    list(in_turn(platform, requests_of([day(1), day(1), *(day(n) for n in range(2, 9))])))
    plain = 0 if platform.world.db.is_postgresql else 1
    assert transactions == [plain, 4], "PostgreSQL gives up the whole transaction, SQLite what is behind"
    assert platform.account().last_seq == 16


@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_there_leaves_nothing_or_all_of_a_transaction(platform: Any, when: str) -> None:
    platform.link()
    platform.push(*day(1))
    platform.crash_at.append(ACCEPT.format(when))
    requests = requests_of([day(n) for n in range(2, 6)])
    with pytest.raises(Died):
        list(in_turn(platform, requests))
    assert platform.account().last_seq == (2 if when == "before" else 10)
    list(in_turn(platform, [replace(request, key=f"{request.key}-again") for request in requests]))
    platform.run()
    assert platform.account().last_seq == 10
    assert platform.sage.stored["ba-1"] == [item.id for n in range(1, 6) for item in day(n)]


def test_an_account_that_may_not_take_lines_is_told_at_once(platform: Any) -> None:
    request = PushRequest(COMPANY, CONNECTION, "acc-404", "acc-404", [Sent(each) for each in day(1)])
    with pytest.raises(NotFound):
        list(accepting.accept_in_turn(platform.world, "api:test", [request]))
