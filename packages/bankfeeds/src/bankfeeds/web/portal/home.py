"""Home: how the platform stands, and what the last day brought."""

from bankfeeds.flows.home import PENDING_COUNTED_MAX, home
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.chart import draw
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit


def show(desk: Desk, visit: Visit) -> Answer:
    found = home(desk.world)
    return desk.page(
        visit,
        "home.html",
        visit.words["home_title"],
        found=found,
        chart=draw(found.hours),
        pending_max=PENDING_COUNTED_MAX,
        per_second=desk.world.limits.requests_per_second,
    )


PAGES = (PortalPage("", show),)
