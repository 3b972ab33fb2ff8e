"""Pushes in quarantine: what is held now; one push held, released, dropped; and the sheet of what Sage has of it."""

from collections.abc import Callable
from urllib.parse import quote

from bankfeeds.domain.errors import Refusal
from bankfeeds.flows import late_queue, trace
from bankfeeds.flows import quarantine as flow
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import pushes
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import whole
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.web.reconciliation.ignored import ignored

_PUSH = "pushes/{push}"
Decision = Callable[[str, str], object]
"""Given the push and the reason."""


def held(desk: Desk, visit: Visit) -> Answer:
    title, late = visit.words["quarantine_title"], late_queue.queues(desk.world)
    return desk.page(visit, "quarantine.html", title, held=flow.every(desk.world), late=late)


def hold(desk: Desk, visit: Visit) -> Answer:
    return _decide(desk, visit, "hold", lambda push, why: flow.hold(desk.world, visit.actor, push, why))


def release(desk: Desk, visit: Visit) -> Answer:
    return _decide(desk, visit, "release", lambda push, why: flow.release(desk.world, visit.actor, push, why))


def drop(desk: Desk, visit: Visit) -> Answer:
    return _decide(desk, visit, "drop", lambda push, why: flow.drop(desk.world, visit.actor, push, why))


def to_push(desk: Desk, visit: Visit) -> Answer:
    return desk.go(visit, f"pushes/{quote(visit.path['push'], safe='')}")


def as_sheet(desk: Desk, visit: Visit) -> Answer:
    push = visit.path["push"]
    text = ignored(trace.in_sage(desk.world, push))
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(f'ignore-{push}.csv', safe='')}"}
    return Answer(200, text.encode(), "text/csv; charset=utf-8", headers)


def _decide(desk: Desk, visit: Visit, name: str, decide: Decision) -> Answer:
    """The push's page again with what was refused, or as it stands now."""
    push = visit.path["push"]
    try:
        decide(push, visit.fields.get("reason", ""))
    except Refusal as refusal:
        return pushes.page(desk, visit, whole(visit.words, refusal))
    return desk.go(visit, f"pushes/{quote(push, safe='')}", f"done_push_{name}")


PAGES = (
    PortalPage("quarantine", held),
    PortalPage(f"{_PUSH}/hold", to_push, hold),
    PortalPage(f"{_PUSH}/release", to_push, release),
    PortalPage(f"{_PUSH}/drop", to_push, drop),
    PortalPage(f"{_PUSH}/ignore", as_sheet),
)
