"""The API's reference: our OpenAPI document as pages, operation by operation."""

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.operator import Role
from bankfeeds.web.codat import openapi
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import api_shown
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit


def every(desk: Desk, visit: Visit) -> Answer:
    return desk.page(
        visit,
        "api.html",
        visit.words["api_title"],
        groups=api_shown.groups(desk.public_url),
        refusal=api_shown.refusal(desk.public_url),
        document=desk.root.removesuffix("/portal") + openapi.PATH,
        url=desk.public_url,
    )


def one(desk: Desk, visit: Visit) -> Answer:
    operation = api_shown.operations(desk.public_url).get(visit.path["operation"])
    if operation is None:
        raise NotFound("operation", f"there is no operation {visit.path['operation']}")
    return desk.page(visit, "api_operation.html", operation.summary, operation=operation)


PAGES = (
    PortalPage("developers/api", every, needs=Role.developer),
    PortalPage("developers/api/{operation}", one, needs=Role.developer),
)
