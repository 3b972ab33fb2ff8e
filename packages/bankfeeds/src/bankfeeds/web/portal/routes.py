"""`/portal`: every page behind its door. A page comes from a module's PAGES; its place in the menu from navigation."""

from starlette.routing import BaseRoute, Route

from bankfeeds.domain.ports import Registrar, SignOn
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer, Call, Endpoint, Handler
from bankfeeds.web.portal import (
    accounts,
    api_page,
    audit,
    branding,
    companies,
    developers,
    door,
    feeds,
    first_run,
    home,
    integrations,
    late,
    listing,
    operators,
    own_password,
    pauses,
    pushes,
    quarantine,
    reconciliation,
    sign_in,
    sign_on_page,
    statement_files,
    webhook_change,
    webhooks,
)
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import FORM_BYTES_MAX, PortalPage, Visit
from bankfeeds.web.surface import Surface

PAGES: tuple[PortalPage, ...] = (
    *sign_in.PAGES,
    *sign_on_page.PAGES,
    *home.PAGES,
    *companies.PAGES,
    *accounts.PAGES,
    *reconciliation.PAGES,
    *pushes.PAGES,
    *statement_files.PAGES,
    *late.PAGES,
    *quarantine.PAGES,
    *feeds.PAGES,
    *pauses.PAGES,
    *integrations.PAGES,
    *listing.PAGES,
    *branding.PAGES,
    *developers.PAGES,
    *api_page.PAGES,
    *webhooks.PAGES,
    *webhook_change.PAGES,
    *audit.PAGES,
    *operators.PAGES,
    *own_password.PAGES,
    *first_run.PAGES,
)


def routes(world: World, surface: Surface, registrar: Registrar, sign_on: SignOn | None = None) -> list[BaseRoute]:
    desk = Desk(world, surface, registrar, sign_on)

    def on_error(error: Exception, call: Call) -> Answer:
        return door.on_error(desk, error, call)

    def route(path: str, handler: Handler, methods: tuple[str, ...], body_bytes_max: int = FORM_BYTES_MAX) -> BaseRoute:
        endpoint = Endpoint(handler, on_error, surface.pool, surface.new_id, body_bytes_max)
        return Route(f"/portal{path}", endpoint, methods=list(methods))

    def page(each: PortalPage) -> BaseRoute:
        return route(f"/{each.path}", door.guarded(desk, each), ("GET", "POST"), each.body_bytes_max)

    return [
        route("", lambda _call: desk.redirect(f"{desk.root}/"), ("GET",)),
        route("/assets/portal.css", lambda _call: desk.stylesheet(), ("GET",)),
        *[page(each) for each in PAGES],
        route("/{rest:path}", door.guarded(desk, PortalPage("", _nowhere, _nowhere)), ("GET", "POST")),
    ]


def _nowhere(desk: Desk, visit: Visit) -> Answer:
    return door.problem(desk, visit, 404, "not_found", visit.words["not_found"])
