"""The first run: one page that walks from nothing to a first line in Sage, and sees by itself how far it is."""

from urllib.parse import urlsplit

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.listing import Listing
from bankfeeds.flows import first_run, otp
from bankfeeds.flows.first_run import Step, Walk
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.phrases import told
from bankfeeds.web.portal.visit import PortalPage, Visit

CURRENCIES = ("GBP", "EUR", "USD", "CAD", "ZAR", "AUD", "NZD")
PATH = "first-run"
_PROVIDER, _PRODUCT = "/papi", "/ui"
"""Where the Sage sandbox has its Provider API, and its Sage product."""


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, first_run.look(desk.world))


def check(desk: Desk, visit: Visit) -> Answer:
    """Asks Sage, and tells on the page what came of it."""
    walk = first_run.look(desk.world)
    if walk.listing is None:
        return desk.redirect(f"{desk.root}/{PATH}")
    problem = first_run.ask_sage(desk.world, walk.listing)
    return _page(desk, visit, walk, checked=told(visit.words.language, problem or ""))


def make(desk: Desk, visit: Visit) -> Answer:
    fields = visit.fields
    try:
        first_run.open_account(
            desk.world,
            visit.actor,
            fields.get("company", "").strip(),
            fields.get("account", "").strip(),
            fields.get("currency", ""),
        )
    except Refusal as refusal:
        return _page(desk, visit, first_run.look(desk.world), form=_form(visit, refusal), status=422)
    return desk.go(visit, PATH, "first_run_made")


def password(desk: Desk, visit: Visit) -> Answer:
    """On the page itself, since nothing keeps it."""
    walk = first_run.look(desk.world)
    if walk.company is None or walk.connection_id is None:
        return desk.redirect(f"{desk.root}/{PATH}")
    issued, _ = otp.issue(desk.world, visit.actor, walk.company.id, walk.connection_id)
    return _page(desk, visit, first_run.look(desk.world), issued=issued)


def push(desk: Desk, visit: Visit) -> Answer:
    first_run.push_samples(desk.world, visit.actor)
    return desk.go(visit, PATH, "first_run_pushed")


def _form(visit: Visit, refusal: Refusal) -> Form:
    """The flows' fields by their names on this page."""
    form = refused(visit.words, visit.fields, refusal)
    names = {"name": "company", "accountName": "account"}
    return Form(form.values, {names.get(name, name): text for name, text in form.problems.items()}, form.problem)


def _page(
    desk: Desk,
    visit: Visit,
    walk: Walk,
    *,
    form: Form | None = None,
    issued: str | None = None,
    checked: str | None = None,
    status: int = 200,
) -> Answer:
    steps = list(Step)
    at = len(steps) if walk.step is None else steps.index(walk.step)
    states = {step.value: "done" if n < at else "now" if n == at else "later" for n, step in enumerate(steps)}
    return desk.page(
        visit,
        "first_run.html",
        visit.words["first_run_title"],
        status,
        walk=walk,
        states=states,
        steps=[step.value for step in steps],
        form=form or Form(),
        issued=issued,
        checked=checked,
        product=product_of(walk.listing),
        currencies=[(each, each) for each in CURRENCIES],
    )


def product_of(listing: Listing | None) -> str | None:
    """The sandbox's Sage product, if the listing is at a sandbox; a real Sage has its Provider API elsewhere."""
    if listing is None:
        return None
    parts = urlsplit(listing.provider_url)
    path = parts.path.rstrip("/")
    if not path.endswith(_PROVIDER):
        return None
    return parts._replace(path=path.removesuffix(_PROVIDER) + _PRODUCT).geturl()


PAGES = (
    PortalPage(PATH, show),
    PortalPage(f"{PATH}/check", show, check),
    PortalPage(f"{PATH}/account", show, make),
    PortalPage(f"{PATH}/password", show, password),
    PortalPage(f"{PATH}/push", show, push),
)
