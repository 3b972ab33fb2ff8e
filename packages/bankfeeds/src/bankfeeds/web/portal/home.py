"""Home: how the platform stands."""

from bankfeeds.flows.figures import figures
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit


def show(desk: Desk, visit: Visit) -> Answer:
    return desk.page(visit, "home.html", visit.words["home_title"], found=figures(desk.world))


PAGES = (PortalPage("", show),)
