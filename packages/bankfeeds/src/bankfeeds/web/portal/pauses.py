"""Deliveries stopped and let go on: of the platform, a listing, a company or an account."""

from urllib.parse import quote

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.pause import PLATFORM
from bankfeeds.flows import pausing
from bankfeeds.flows.pausing import Target
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit

_PLACES = {"company": "companies", "account": "accounts"}


def pause(desk: Desk, visit: Visit) -> Answer:
    scope = visit.fields.get("scope", "")
    done = pausing.pause(desk.world, visit.actor, _target(scope), visit.fields.get("reason", ""))
    return desk.go(visit, _place(scope), "done_pause", feeds=str(done.feeds))


def resume(desk: Desk, visit: Visit) -> Answer:
    scope = visit.fields.get("scope", "")
    done = pausing.resume(desk.world, visit.actor, _target(scope), visit.fields.get("reason", ""))
    return desk.go(visit, _place(scope), "done_unpause", feeds=str(done.feeds))


def to_feeds(desk: Desk, visit: Visit) -> Answer:
    return desk.go(visit, "feeds")


def _target(scope: str) -> Target:
    kind, _, id_ = scope.partition(":")
    if scope != PLATFORM and (kind not in {"listing", "company", "account"} or not id_):
        raise one_flaw("scope", "is platform:all, or listing:, company: or account: with an id")
    return Target() if scope == PLATFORM else Target(**{kind: id_})


def _place(scope: str) -> str:
    """Where it is shown."""
    kind, _, id_ = scope.partition(":")
    return f"{_PLACES[kind]}/{quote(id_, safe='')}" if kind in _PLACES else "feeds"


PAGES = (PortalPage("pauses", to_feeds, pause), PortalPage("pauses/end", to_feeds, resume))
