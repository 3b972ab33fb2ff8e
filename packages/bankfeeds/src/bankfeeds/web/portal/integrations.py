"""Integrations → Sage Bank Feeds: what the institution sets for all its listings, and the listings."""

from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.integration import DataType
from bankfeeds.domain.operator import Role
from bankfeeds.flows import integration, listings
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import supported
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.visit import PortalPage, Visit

PATH = "integrations"


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, Form())


def act(desk: Desk, visit: Visit) -> Answer:
    """What is set once for all listings."""
    types = [each.value for each in DataType if visit.fields.get(f"data_{each.value}")]
    changes = {"redirect_hosts": visit.fields.get("redirect_hosts", ""), "data_types": types}
    try:
        integration.change_institution(desk.world, visit.actor, changes)
    except Invalid as refusal:
        return _page(desk, visit, refused(visit.words, visit.fields, refusal), 422)
    return desk.go(visit, PATH, "done_saved")


def _page(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    set_now = integration.institution(desk.world)
    given = desk.world.limits.redirects
    return desk.page(
        visit,
        "integrations.html",
        visit.words["integrations_title"],
        status,
        form=form,
        institution=set_now,
        data_types=[
            (each.value, f"data_{each.value}" in form.values if form.is_wrong else each in set_now.data_types)
            for each in DataType
        ],
        hosts_always=given.patterns,
        listings=list(zip(listings.every(desk.world), integration.every(desk.world), strict=True)),
        supported=supported,
    )


PAGES = (PortalPage(PATH, show, act, needs=Role.viewer),)
