"""Bringing over what another Codat-compatible server has: page by page, a transaction a company, read only there.

It may die anywhere and be run again: what is here is passed over. Pages shift while companies come and go there, hence
everything is listed again until a listing brings nothing new.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.bringing import LIVE, ForeignCompany, NoAnswer, Relink, Told, Verdict
from bankfeeds.domain.ports import CompanySource
from bankfeeds.flows import bring_company
from bankfeeds.flows.bring_company import Fetched
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections

LISTINGS_MAX = 5
"""How often everything is listed before a server that keeps changing is left for another run."""
TROUBLES_MAX = 1000
RELINKS_MAX = 100_000
_QUIET = (Verdict.new, Verdict.there, Verdict.left)


@dataclass(frozen=True, slots=True)
class Order:
    """`only`: these companies, else all. `only_new`: connections that are here are not asked for their accounts."""

    cut_over_on: date | None
    only: Sequence[str] = ()
    only_new: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Report:
    """`counts` by kind and verdict; `troubles` are what was not taken, and what was taken otherwise than it is there.

    `stopped`: why the other server could be read no further; None if everything was.
    """

    counts: Counter[tuple[str, Verdict]] = field(default_factory=Counter[tuple[str, Verdict]])
    troubles: list[Told] = field(default_factory=list[Told])
    relinks: list[Relink] = field(default_factory=list[Relink])
    stopped: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.stopped is None and not any(verdict not in _QUIET for _, verdict in self.counts)

    def add(self, told: Sequence[Told]) -> None:
        for each in told:
            self.counts[each.kind, each.verdict] += 1
            if (each.verdict not in _QUIET or each.why) and len(self.troubles) < TROUBLES_MAX:
                self.troubles.append(each)


Progress = Callable[[int, int], None]
"""Told after each page: companies looked at, companies there are."""


def bring(world: World, actor: str, source: CompanySource, order: Order, progress: Progress) -> Report:
    report = Report()
    if order.only:
        _bring_only(world, actor, source, order, report)
    else:
        _bring_all(world, actor, source, order, report, progress)
    if not order.dry_run:
        _record(world, actor, source, order, report)
    return report


def _bring_only(world: World, actor: str, source: CompanySource, order: Order, report: Report) -> None:
    for company_id in dict.fromkeys(order.only):
        found = source.company(company_id)
        if isinstance(found, NoAnswer):
            if not found.gone:
                report.stopped = found.reason
                return
            report.add([Told("company", company_id, Verdict.refused, found.reason)])
        elif not _bring_one(world, actor, source, order, report, found):
            return


def _bring_all(
    world: World, actor: str, source: CompanySource, order: Order, report: Report, progress: Progress
) -> None:
    seen: set[str] = set()
    for _ in range(LISTINGS_MAX):
        before = len(seen)
        pages = _list(world, actor, source, order, report, seen, progress)
        if report.stopped is not None or pages == 1 or len(seen) == before:
            return
    report.stopped = f"{source.address} lists other companies each time; run this again when it has come to rest"


def _list(
    world: World,
    actor: str,
    source: CompanySource,
    order: Order,
    report: Report,
    seen: set[str],
    progress: Progress,
) -> int:
    """How many pages there were; what has been seen is passed over."""
    number = 0
    while True:
        number += 1
        page = source.page(number)
        if isinstance(page, NoAnswer):
            report.stopped = page.reason
            return number
        for found in page.companies:
            if found.id not in seen:
                seen.add(found.id)
                if not _bring_one(world, actor, source, order, report, found):
                    return number
        progress(len(seen), page.total)
        if page.is_last:
            return number


def _bring_one(
    world: World, actor: str, source: CompanySource, order: Order, report: Report, found: ForeignCompany
) -> bool:
    """False if the other server can be read no further; then nothing of this company is stored."""
    others = [each for each in found.connections if not each.is_sage]
    if others and len(others) == len(found.connections):
        keys = ", ".join(sorted({each.integration for each in others}))
        report.add([Told("company", found.id, Verdict.left, f"is connected to {keys} only")])
        return True
    fetched: list[Fetched] = []
    told: list[Told] = []
    for connection in found.connections:
        name = f"{found.id}/{connection.id}"
        if not connection.is_sage:
            told.append(Told("connection", name, Verdict.left, f"is one to {connection.integration}"))
            continue
        if order.only_new and _is_here(world, found.id, connection.id):
            told.append(Told("connection", name, Verdict.there))
            continue
        accounts = source.accounts(found.id, connection.id)
        if not isinstance(accounts, NoAnswer):
            fetched.append(Fetched(connection, accounts))
        elif accounts.gone:
            told.append(Told("connection", name, Verdict.left, "was deleted there meanwhile"))
        else:
            report.stopped = accounts.reason
            return False
    now = world.clock()
    if order.dry_run:
        told += bring_company.look(world, found, fetched, order.cut_over_on, now)
    else:
        told += bring_company.bring(world, actor, source.address, found, fetched, order.cut_over_on, now)
    report.add(told)
    _note_relinks(report, found, fetched)
    return True


def _is_here(world: World, company_id: str, connection_id: str) -> bool:
    return world.db.read(lambda tx: connections.find(tx, company_id, connection_id)) is not None


def _note_relinks(report: Report, found: ForeignCompany, fetched: Sequence[Fetched]) -> None:
    for each in fetched:
        live = tuple(account.draft.id or "" for account in each.accounts if account.status in LIVE)
        if live and len(report.relinks) < RELINKS_MAX:
            report.relinks.append(Relink(found.id, found.name, each.connection.id, live))


def _record(world: World, actor: str, source: CompanySource, order: Order, report: Report) -> None:
    detail: dict[str, object] = {f"{kind}.{verdict.value}": count for (kind, verdict), count in report.counts.items()}
    detail["cutOverOn"] = order.cut_over_on.isoformat() if order.cut_over_on else None
    entry = AuditEntry(world.clock(), actor, "codat.import", f"server:{source.address}", report.stopped, detail)
    world.db.write(lambda tx: audit.record(tx, entry))
