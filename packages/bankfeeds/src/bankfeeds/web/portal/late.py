"""An account's late lines: what waits is presented or dropped, some of it or all; and whether it waits at all."""

from datetime import datetime
from urllib.parse import quote

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.late_line import LateLine, LateState
from bankfeeds.flows import late_queue
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.companies import name_of
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import whole
from bankfeeds.web.portal.visit import PortalPage, Visit

WAITING_SHOWN_MAX = 40
"""A box each; a form has at most FIELDS_MAX fields."""
DECIDED_SHOWN_MAX = 100
_PAGE = "accounts/{account}/late-lines"
_BOX = "line-"
_TONES = {LateState.presented: "good", LateState.dropped: "bad"}


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit)


def decide(desk: Desk, visit: Visit) -> Answer:
    """What is ticked, or all that waits, is presented or dropped."""
    name, reason = visit.path["account"], visit.fields.get("reason", "")
    ids = [value for key, value in visit.fields.items() if key.startswith(_BOX)]
    is_all = visit.fields.get("all") == "yes"
    if not ids and not is_all:
        return _page(desk, visit, visit.words["late_none_ticked"])
    what = "drop" if visit.fields.get("do") == "drop" else "present"
    act = late_queue.drop if what == "drop" else late_queue.present
    try:
        act(desk.world, visit.actor, name, [] if is_all else ids, reason)
    except Refusal as refusal:
        return _page(desk, visit, whole(visit.words, refusal))
    return desk.go(visit, _place(name), f"done_late_{what}")


def change(desk: Desk, visit: Visit) -> Answer:
    """Whether what comes late from now on is presented or waits."""
    name, presents = visit.path["account"], visit.fields.get("presents") == "yes"
    try:
        late_queue.change(desk.world, visit.actor, name, visit.fields.get("reason", ""), presents=presents)
    except Refusal as refusal:
        return _page(desk, visit, whole(visit.words, refusal))
    return desk.go(visit, _place(name), f"done_late_set_{'present' if presents else 'wait'}")


def to_page(desk: Desk, visit: Visit) -> Answer:
    return desk.go(visit, _place(visit.path["account"]))


def _page(desk: Desk, visit: Visit, problem: str = "") -> Answer:
    found = late_queue.of_account(desk.world, visit.path["account"])
    waiting = found.waiting
    decided = [line for line in found.lines if line.state is not LateState.waiting]
    decided.sort(key=_ended, reverse=True)
    title = visit.words["late_title"].format(account=name_of(visit.words, found.account))
    return desk.page(
        visit, "late_lines.html", title, 422 if problem else 200, account=found.account, waiting=waiting,
        waiting_max=WAITING_SHOWN_MAX, decided=decided, decided_max=DECIDED_SHOWN_MAX, tones=_TONES, problem=problem,
    )  # fmt: skip


def _ended(line: LateLine) -> datetime:
    return line.ended_at or line.at


def _place(external_id: str) -> str:
    return f"accounts/{quote(external_id, safe='')}/late-lines"


PAGES = (
    PortalPage(_PAGE, show, decide),
    PortalPage(f"{_PAGE}/setting", to_page, change),
)
