"""The write history by filters, and one push operation with its lines, warnings, errors and statements."""

from datetime import date
from urllib.parse import quote

from bankfeeds.domain.errors import Invalid, one_flaw
from bankfeeds.domain.history import PushFilter
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import history, quarantine, taken_files
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import refused
from bankfeeds.web.portal.states import tone
from bankfeeds.web.portal.visit import PortalPage, Visit

_NONE = history.Pushes([], None)
_FILTERS = ("status", "from", "to", "company", "account")
_SHOWN_MAX = 100


def pushes(desk: Desk, visit: Visit) -> Answer:
    typed = {name: visit.first(name).strip()[:_SHOWN_MAX] for name in _FILTERS}
    before = visit.first("before") or None
    problem, found = "", _NONE
    try:
        found = history.pushes(desk.world, _wanted(typed), before)
    except Invalid as refusal:
        form = refused(visit.words, typed, refusal)
        problem = " ".join((form.problem, *(f"{name}: {text}" for name, text in form.problems.items()))).strip()
    return desk.page(
        visit,
        "pushes.html",
        visit.words["pushes_title"],
        422 if problem else 200,
        found=found,
        typed=typed,
        statuses=list(PushStatus),
        is_filtered=any(typed.values()),
        is_later=before is not None,
        problem=problem,
        tone=tone,
    )


def push(desk: Desk, visit: Visit) -> Answer:
    return page(desk, visit)


def page(desk: Desk, visit: Visit, problem: str = "") -> Answer:
    """One push operation; with what was refused, if anything was."""
    skipped = whole_number(visit.first("lines"), "lines", 0)
    detail = history.push(desk.world, visit.path["push"], skipped)
    title = visit.words["push_title"]
    return desk.page(
        visit, "push.html", title, 422 if problem else 200, detail=detail, row=detail.row, skipped=skipped, tone=tone,
        held=quarantine.of_push(desk.world, visit.path["push"]), problem=problem,
        file=taken_files.of_push(desk.world, visit.path["push"]),
        place=f"{desk.root}/pushes/{quote(detail.row.push.key, safe='')}",
    )  # fmt: skip


def _wanted(typed: dict[str, str]) -> PushFilter:
    status = typed["status"]
    if status and status not in set(PushStatus):
        raise one_flaw("status", f"is one of {', '.join(PushStatus)}")
    return PushFilter(
        typed["company"] or None,
        typed["account"] or None,
        PushStatus(status) if status else None,
        _day(typed, "from"),
        _day(typed, "to"),
    )


def _day(typed: dict[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if typed[name] else None
    except ValueError as error:
        raise one_flaw(name, "is a day such as 2026-01-31") from error


PAGES = (PortalPage("pushes", pushes), PortalPage("pushes/{push}", push))
