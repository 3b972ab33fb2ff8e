"""What the tests of operators' verbs share: a parked feed, the proof that nothing changed, what the audit trail says."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.store import tables as t

from ... import worlds

ANN = "operator:ann"
WHY = "agreed with Sage's support"
DAYS = [f"2026-02-{day:02d}" for day in range(1, 11)]


def ids(count: int, first: int = 1) -> list[str]:
    return [f"t-{number}" for number in range(first, first + count)]


def park(platform: Any, make_lines: Any, at: str = "t-3") -> Any:
    """A feed parked at one of ten lines, all of one push."""
    platform.link()
    platform.run()
    platform.sage.unwanted = {at}
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    (feed,) = platform.feeds()
    assert feed.status is FeedStatus.parked
    return push


def refuses(platform: Any, act: Callable[[], object], kind: type[Refusal], words: str) -> None:
    """Refused with these words, and not one row differs."""
    before = worlds.everything(platform.world)
    with pytest.raises(kind, match=words):
        act()
    assert worlds.everything(platform.world) == before


def audit_rows(platform: Any, action: str) -> list[Any]:
    a = t.audit.c
    query = sa.select(a.at, a.actor, a.subject, a.reason, a.detail).where(a.action == action).order_by(a.pk)
    return platform.world.db.read(lambda tx: tx.rows(query))
