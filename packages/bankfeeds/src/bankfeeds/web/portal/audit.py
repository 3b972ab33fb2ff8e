"""The audit trail as a page: every change, newest first, with filters."""

from typing import cast

from bankfeeds.domain.audit import AuditEntry, AuditFilter
from bankfeeds.flows import auditing
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit

KINDS = (
    "operator",
    "api_key",
    "listing",
    "integration",
    "institution",
    "branding",
    "company",
    "product",
    "connection",
    "otp",
    "source_account",
    "account",
    "authorisation",
    "notification",
    "feed",
    "delivery",
    "file",
    "balances",
    "webhook",
    "quarantine",
    "late",
    "verify",
    "database",
    "secret_key",
)
"""What comes before the dot of the actions that may be asked for."""


def show(desk: Desk, visit: Visit) -> Answer:
    wanted = AuditFilter(
        visit.first("actor").strip(),
        visit.first("kind") if visit.first("kind") in KINDS else "",
        visit.first("subject").strip(),
        visit.first("pushes") == "yes",
    )
    before = whole_number(visit.first("before"), "before", 0) or None
    found = auditing.entries(desk.world, wanted, before)
    return desk.page(
        visit,
        "audit.html",
        visit.words["audit_title"],
        wanted=wanted,
        kinds=[(kind, visit.words[f"audit_kind_{kind}"]) for kind in KINDS],
        rows=[(entry, _details(entry)) for entry in found.entries],
        before=found.before,
        looked_through=auditing.PUSHES_LOOKED_THROUGH if wanted.actor and wanted.with_pushes else 0,
        is_first=before is None,
    )


def _details(entry: AuditEntry) -> list[tuple[str, str]]:
    """What the entry keeps beside its words, as it was written."""
    return [(name, _told(value)) for name, value in entry.detail.items()]


def _told(value: object) -> str:
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


PAGES = (PortalPage("audit", show),)
