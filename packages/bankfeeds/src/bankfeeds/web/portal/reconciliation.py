"""An account's reconciliation: the verdict, what each feed has, every gap by its line; as a sheet and on paper, too."""

from urllib.parse import quote

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.flows import reconcile
from bankfeeds.flows.reconcile import Reconciled
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.companies import name_of
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.web.reconciliation.paper import paper
from bankfeeds.web.reconciliation.sheet import sheet

DAYS_SHOWN_MAX = 31
SKIPPED_SHOWN_MAX = 100
_PAGE = "accounts/{account}/reconciliation"
_TONES = {Verdict.proved: "good", Verdict.failed: "bad", Verdict.unproved: "busy"}


def show(desk: Desk, visit: Visit) -> Answer:
    found = _found(desk, visit)
    title = visit.words["proof_title"].format(account=name_of(visit.words, found.account))
    days = list(reversed(found.proof.days[-DAYS_SHOWN_MAX:]))
    return desk.page(
        visit, "reconciliation.html", title, found=found, account=found.account, days=days,
        tone=_TONES[found.verdict], days_max=DAYS_SHOWN_MAX, skipped_max=SKIPPED_SHOWN_MAX,
    )  # fmt: skip


def as_sheet(desk: Desk, visit: Visit) -> Answer:
    return _file(visit, sheet([_found(desk, visit)]), "text/csv", "csv")


def as_paper(desk: Desk, visit: Visit) -> Answer:
    return _file(visit, paper("Bankfeeds", [_found(desk, visit)]), "text/html", "html")


def _found(desk: Desk, visit: Visit) -> Reconciled:
    return reconcile.reconcile(desk.world, visit.path["account"])


def _file(visit: Visit, text: str, media_type: str, suffix: str) -> Answer:
    """To be kept, not shown: it has its style in it."""
    name = quote(f"reconciliation-{visit.path['account']}.{suffix}", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    return Answer(200, text.encode(), f"{media_type}; charset=utf-8", headers)


PAGES = (PortalPage(_PAGE, show), PortalPage(f"{_PAGE}/csv", as_sheet), PortalPage(f"{_PAGE}/html", as_paper))
