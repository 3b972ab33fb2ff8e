"""Bank accounts that Sage does not know any more, as after removals whose notifications were lost."""

from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.outcome import Rejected
from bankfeeds.flows.settle import UNKNOWN_ACCOUNT_WAIT_MAX_S
from bankfeeds.store import tables as t


def test_bank_accounts_unknown_to_sage_hold_up_nobody_else(platform: Any, make_lines: Any) -> None:
    """404 to the statement, and nothing found by the query."""
    platform.link("ba-gone")
    platform.link("ba-1", account="acc-002")
    platform.run()
    real = platform.sage.offer
    platform.sage.offer = lambda d: (
        Rejected("Sage answered 404", (), gone=True) if d.bank_account_id == "ba-gone" else real(d)
    )
    platform.push(*make_lines("2026-02-01"))
    for _ in range(40):
        platform.step()
        platform.clock.advance(61)
    assert platform.world.db.read(lambda tx: tx.value(sa.select(t.budgets.c.failures))) == 0
    platform.push(*make_lines("2026-02-01"), account="acc-002")
    platform.step()
    assert platform.sage.stored["ba-1"] == ["t-1"]


def test_a_bank_account_unknown_to_sage_is_asked_for_ever_more_rarely(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    asked = []
    platform.sage.offer = lambda d: asked.append(platform.clock()) or Rejected("Sage answered 404", (), gone=True)
    platform.push(*make_lines("2026-02-01"))
    for _ in range(1000):
        platform.step()
        platform.clock.advance(10)
    waits = [(after - before).total_seconds() for before, after in pairwise(asked)]
    assert max(waits) == UNKNOWN_ACCOUNT_WAIT_MAX_S
    assert waits == sorted(waits)
