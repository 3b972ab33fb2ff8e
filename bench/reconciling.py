"""How long one account with a million lines takes to be reconciled: read, added up, held against its feed.

`python -m bench.reconciling [sqlite|postgresql]` prints the slowest of a few runs.
"""

import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from bankfeeds.app.world import opened as opened_platform
from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.flows import reconcile
from bankfeeds.flows.context import World
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write
from bench import databases
from bench.databases import Kind
from bench.lines import FIRST_DAY
from bench.results import Figure
from bench.seeding import seed

LINES = 1_000_000
A_DAY = 1_000
RUNS = 3
_ROWS = 20_000
NAME = "ext-00000001"


def measure(kind: Kind, lines: int) -> Figure:
    """`lines` lines, a thousand a day."""
    seeded = seed(kind.fresh(), 1, due_in=None)
    with opened_platform(seeded.settings) as everything:
        world = everything.world
        _write(world, lines)
        spent = max(_run(world, lines) for _ in range(RUNS))
    return Figure(
        "reconcile_s", kind.name, spent, "s", f"{lines:,} lines on {lines // A_DAY:,} days, the slowest of {RUNS}"
    )


def _run(world: World, lines: int) -> float:
    began = time.perf_counter()
    found = reconcile.reconcile(world, NAME)
    spent = time.perf_counter() - began
    accepted = sum(feed.accepted_count + feed.waiting_count + feed.withheld_count for feed in found.feeds)
    if found.verdict is not Verdict.proved or sum(day.count for day in found.proof.days) != lines or accepted != lines:
        raise AssertionError(f"not all was reconciled: {found.verdict}, {accepted} of {lines}")
    return spent


def _write(world: World, lines: int) -> None:
    balance = Decimal(0)
    for start in range(1, lines + 1, _ROWS):
        rows = [_row(seq) for seq in range(start, min(start + _ROWS, lines + 1))]
        for row in rows:
            row["balance"] = balance = balance + row["amount"]
        world.db.write(lambda tx, rows=rows: tx.connection.execute(t.lines.insert(), rows))

    def note(tx: Write) -> None:
        tx.run(t.source_accounts.update().values(last_seq=lines))
        tx.run(t.feeds.update().values(cursor=lines, start_on=FIRST_DAY))
        if world.db.is_postgresql:
            tx.run(sa.text("ANALYZE"))

    world.db.write(note)


def _row(seq: int) -> dict[str, Any]:
    amount = Decimal(seq * 7919 % 199_999 - 99_999).scaleb(-2)
    on = FIRST_DAY + timedelta(seq // A_DAY)
    line = {"pk": 1 << t.SEQ_BITS | seq, "account_pk": 1, "id": f"t-{seq}", "posted_on": on, "amount": amount}
    return {**line, "type": "Debit", "description": "Flour"}


def main() -> None:
    for kind in sys.argv[1:] or ["sqlite", "postgresql"]:
        with databases.opened(kind) as database:
            print(measure(database, LINES))


if __name__ == "__main__":
    main()
