"""How fast operators' pages are read: 10,000 companies, 20,000 accounts, a million lines in as many pushes.

`pages` asks a running server for every page of the portal. `python -m bench.reading [sqlite|postgresql]` prints each
reading's slowest of a few runs in ms, without the server; with `--plans` also how the database went about its queries.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import sqlalchemy as sa

from bankfeeds.app.world import opened as opened_platform
from bankfeeds.domain.feed_view import FeedFilter
from bankfeeds.domain.history import PushFilter
from bankfeeds.domain.operator import Role
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import history, operators, overview, search
from bankfeeds.flows.context import World
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Write
from bankfeeds.web.portal import cookies, navigation
from bench import databases
from bench.databases import Kind
from bench.lines import FIRST_DAY
from bench.results import Figure
from bench.seeding import Seeded, company_id, connection_id, seed, serving
from bench.servers import settle

COMPANIES = 10_000
ACCOUNTS = 20_000
LINES = 1_000_000
RUNS = 5
VISITS = 20
OPERATOR = "bench"
BUSY = 1
"""The account that has a hundredth of all lines."""
_ROWS = 20_000


def main() -> None:
    kinds = [each for each in sys.argv[1:] if not each.startswith("-")] or ["sqlite", "postgresql"]
    for kind in kinds:
        with databases.opened(kind) as database:
            seeded = _filled(database, LINES)
            with opened_platform(seeded.settings) as everything:
                _measure(kind, everything.world)


def pages(kind: Kind, lines: int) -> Figure:
    """The slowest of all pages, each by the time within which 95 of 100 visits are answered."""
    seeded = _filled(kind, lines)
    with opened_platform(seeded.settings) as everything:
        operator = operators.add(everything.world, "bench", OPERATOR, Role.administrator, None)
        token = operators.begin_session(everything.world, operator)
        paths = _paths(everything.world)
    log = kind.directory / "pages.log"
    with serving(seeded, log) as server, httpx2.Client(base_url=f"{server.address}/portal/", timeout=60) as client:
        client.cookies.set(cookies.SESSION, token)
        settle()
        took = {path: _p95_ms(client, path) for path in paths}
    slowest = max(took, key=lambda path: took[path])
    among = statistics.median(took.values())
    note = f"of {len(paths)} pages /portal/{slowest} is the slowest, half are within {among:.0f} ms; {lines:,} lines"
    return Figure("portal_page_p95_ms", kind.name, took[slowest], "ms", note)


def _paths(world: World) -> list[str]:
    """The menu, and what it leads to."""
    menu = [item.path for _, items in navigation.GROUPS for item in items]
    searches = (f"q=Company+{n}" for n in (7, 77, 777))
    lists = [*searches, "q=zzz", "q=00014321", f"q={connection_id(1432)}", f"page={COMPANIES // 25}"]
    deep = history.pushes(world, PushFilter()).before
    shop, busy, quiet = company_id(1432), "ext-00000001", "ext-00014321"
    filters = [f"company={shop}", f"account={busy}", f"before={deep}", *(f"status={each}" for each in PushStatus)]
    return [
        *menu,
        *(f"companies?{query}" for query in lists),
        *(f"pushes?{query}" for query in filters),
        *(f"feeds?show={each}" for each in FeedFilter),
        f"companies/{shop}", f"accounts/{busy}", f"accounts/{quiet}", "pushes/push-99", "feeds/1", "feeds/1000",
        f"accounts/{quiet}/reconciliation", "audit?pushes=yes", "audit?kind=feed&pushes=yes", "audit?actor=cli:nobody",
        f"audit?subject=account:{busy}&pushes=yes", "audit?actor=api:b&pushes=yes", "integrations/bench", "operators/1",
        "password",
    ]  # fmt: skip


def _p95_ms(client: httpx2.Client, path: str) -> float:
    """The first visit does not count: it also prepares statements and templates."""
    took: list[float] = []
    for _ in range(VISITS + 1):
        began = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != httpx2.codes.OK:
            raise RuntimeError(f"/portal/{path} answered {answer.status_code}")
    return statistics.quantiles(took[1:], n=20)[-1]


def _filled(database: Kind, lines: int) -> Seeded:
    seeded = seed(database.fresh(), ACCOUNTS, due_in=None)
    with opened_platform(seeded.settings) as everything:
        _write(everything.world, lines)
        _add_companies(everything.world)
    return seeded


def _write(world: World, count: int) -> None:
    """One push a line; one in a thousand failed, one in five hundred is pending."""
    now = datetime.now(UTC)
    per_account = (count - count // 100) // (ACCOUNTS - 1)
    accounts = [BUSY] * (count // 100) + [n for _ in range(per_account) for n in range(2, ACCOUNTS + 1)]
    seqs: dict[int, int] = {}

    def rows(numbers: range) -> tuple[list[dict[str, Any]], ...]:
        pushes, lines, acts = [], [], []
        for n in numbers:
            account = accounts[n]
            seqs[account] = seq = seqs.get(account, 0) + 1
            at = now - timedelta(seconds=count - n)
            pushes.append(_push(n, account, seq, at))
            lines.append(_line(account, seq))
            acts.append({"at": at, "actor": "api:b", "action": "push.accept", "subject": f"account:ext-{account:08d}"})
        return pushes, lines, acts

    for numbers in _parts(len(accounts)):

        def insert(tx: Write, numbers: range = numbers) -> None:
            for table, values in zip((t.pushes, t.lines, t.audit), rows(numbers), strict=True):
                tx.connection.execute(table.insert(), values)

        world.db.write(insert)
    a, f = t.source_accounts.c, t.feeds.c
    last = sa.case((a.pk == BUSY, seqs[BUSY]), else_=per_account)
    world.db.write(lambda tx: tx.run(t.source_accounts.update().values(last_seq=last)))
    cursor = sa.case((f.pk == BUSY, seqs[BUSY] - 50), else_=per_account)
    world.db.write(lambda tx: tx.run(t.feeds.update().values(cursor=cursor)))
    parked = {"status": "parked", "parked_seq": 5, "parked_cause": "Sage refuses it", "cursor": 4, "parked_at": now}
    world.db.write(lambda tx: tx.run(t.feeds.update().where(f.pk % 1000 == 0).values(parked)))
    statement = {"kind": "lines", "status": "done", "line_count": 1, "created_at": now, "finished_at": now}
    for numbers in _parts(ACCOUNTS):
        made = [{**statement, "feed_pk": n + 1, "first_seq": 1, "last_seq": per_account} for n in numbers]
        world.db.write(lambda tx, made=made: tx.connection.execute(t.statements.insert(), made))
    if world.db.is_postgresql:
        world.db.write(lambda tx: tx.run(sa.text("ANALYZE")))


def _add_companies(world: World) -> None:
    """Those without accounts."""
    now = datetime.now(UTC)
    missing = range(ACCOUNTS // 10 + 1, COMPANIES + 1)
    rows = [{"id": company_id(n), "name": f"Company {n}", "tags": {}, "created_at": now} for n in missing]
    world.db.write(lambda tx: tx.connection.execute(t.companies.insert(), rows))


def _parts(count: int) -> list[range]:
    return [range(start, min(start + _ROWS, count)) for start in range(0, count, _ROWS)]


def _push(n: int, account: int, seq: int, at: datetime) -> dict[str, Any]:
    company = (account - 1) // 10 + 1
    status = "Failed" if n % 1000 == 0 else "Pending" if n % 500 == 1 else "Success"
    return {
        "key": f"push-{n}", "company_id": company_id(company), "connection_id": connection_id(company),
        "account_pk": account, "account_id": f"acc-{account:06d}", "requested_at": at, "completed_at": at,
        "status": status, "first_seq": seq, "last_seq": seq,
    }  # fmt: skip


def _line(account: int, seq: int) -> dict[str, Any]:
    return {
        "pk": account << t.SEQ_BITS | seq, "account_pk": account, "id": f"t-{seq}", "posted_on": FIRST_DAY,
        "amount": -1, "balance": 1, "type": "Debit", "description": "Flour",
    }  # fmt: skip


def _measure(kind: str, world: World) -> None:
    busy, quiet = "ext-00000001", "ext-00014321"
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    deep = history.pushes(world, PushFilter(first_on=day, last_on=day)).before
    shop = company_id(1432)
    readings: dict[str, Callable[[], object]] = {
        "companies, newest": lambda: search.companies_like(world, "", 1),
        "companies, page 400": lambda: search.companies_like(world, "", 400),
        "companies by name": lambda: search.companies_like(world, "Company 77", 1),
        "companies by nothing there": lambda: search.companies_like(world, "zzz", 1),
        "companies by account number": lambda: search.companies_like(world, "00014321", 1),
        "companies by Connection ID": lambda: search.companies_like(world, connection_id(1432), 1),
        "company": lambda: search.company(world, shop),
        "account, busy": lambda: history.account(world, busy),
        "account, quiet": lambda: history.account(world, quiet),
        "pushes, all": lambda: history.pushes(world, PushFilter()),
        "pushes, deep": lambda: history.pushes(world, PushFilter(), deep),
        "pushes of a company": lambda: history.pushes(world, PushFilter(company_id=shop)),
        "pushes of a busy account": lambda: history.pushes(world, PushFilter(external_id=busy)),
        "pushes failed": lambda: history.pushes(world, PushFilter(status=PushStatus.failed)),
        "pushes timed out": lambda: history.pushes(world, PushFilter(status=PushStatus.timed_out)),
        "pushes pending": lambda: history.pushes(world, PushFilter(status=PushStatus.pending)),
        "pushes of a company pending": lambda: history.pushes(
            world, PushFilter(company_id=shop, status=PushStatus.pending)
        ),
        "push": lambda: history.push(world, "push-99999"),
        "feeds, live": lambda: overview.feed_page(world, FeedFilter.live),
        "feeds, parked": lambda: overview.feed_page(world, FeedFilter.parked),
        "feeds, waiting": lambda: overview.feed_page(world, FeedFilter.waiting),
        "feeds, paused": lambda: overview.feed_page(world, FeedFilter.paused),
        "feeds, closed": lambda: overview.feed_page(world, FeedFilter.closed),
    }
    for name, read in readings.items():
        _log(f"{kind:10} {name:30} {_slowest_ms(read):8.1f} ms")
        if "--plans" in sys.argv:
            _show_plans(world, read)


def _slowest_ms(read: Callable[[], object]) -> float:
    read()
    took: list[float] = []
    for _ in range(RUNS):
        began = time.perf_counter()
        read()
        took.append(time.perf_counter() - began)
    return max(took) * 1000


def _show_plans(world: World, read: Callable[[], object]) -> None:
    """What the database says of each query it ran."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    sa.event.listen(world.db.engine, "before_cursor_execute", note)
    read()
    sa.event.remove(world.db.engine, "before_cursor_execute", note)
    explain = "EXPLAIN ANALYZE " if world.db.is_postgresql else "EXPLAIN QUERY PLAN "
    with world.db.engine.connect() as connection:
        for statement, parameters in seen:
            for row in connection.exec_driver_sql(explain + statement, parameters):
                _log(f"      {row[-1]}")
            _log("")


def _log(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
