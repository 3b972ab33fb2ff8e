"""The pages behind `redirect` and `redirect_uri`: the provider's page embedded, then the account picker."""

from datetime import timedelta
from importlib import resources

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sage_sandbox import callbacks, linking
from sage_sandbox.calls.rules import Rule
from sage_sandbox.exchange import RULE, read_form, read_instant, world_of
from sage_sandbox.records import Authorisation
from sage_sandbox.refusals import Refusal
from sage_sandbox.world import World

_pages = Environment(
    loader=PackageLoader("sage_sandbox", "pages"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_style = resources.files("sage_sandbox").joinpath("pages/style.css").read_bytes()
_HISTORY = timedelta(days=90)
_ENDINGS = {
    "consumed": ("Thank you", "Your bank account is being connected. You can close this window."),
    "failed": ("Not connected", "Your bank did not connect an account. You can close this window and try again."),
    "expired": ("Too late", "This connection took more than 20 minutes. Close this window and start again."),
    "reauth": ("Thank you", "Your bank connection has been renewed. You can close this window."),
}


def show(template: str, status: int = 200, **values: object) -> HTMLResponse:
    page = _pages.get_template(template).render(**values)
    return HTMLResponse(page, status, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _message(heading: str, text: str, status: int = 200) -> HTMLResponse:
    return show("message.html", status, heading=heading, text=text)


def _ending(authorisation: Authorisation) -> HTMLResponse:
    reauth = authorisation.kind == "reauth" and authorisation.status == "consumed"
    heading, text = _ENDINGS["reauth" if reauth else authorisation.status]
    return _message(heading, text)


async def get_style(request: Request) -> Response:  # noqa: ARG001 - every route takes the request
    return Response(_style, media_type="text/css")


async def get_start(request: Request) -> Response:
    world = world_of(request)
    banks = [bank for bank in world.book.banks.values() if not bank.removed]
    accounts = [(account, world.ledger(account.bank_account_id).count) for account in world.book.bank_accounts.values()]
    return show("start.html", addresses=world.addresses, banks=banks, accounts=accounts)


# --- the provider's page --------------------------------------------------------------------------------------------


def _by_link(world: World, link_id: str) -> Authorisation | None:
    return next((a for a in world.book.authorisations.values() if a.link_id == link_id), None)


async def get_link(request: Request) -> Response:
    """The page that `redirect` leads to: what the provider's auth call returned, in our body."""
    world = world_of(request)
    authorisation = _by_link(world, request.path_params["link_id"])
    if authorisation is None:
        return _message("Unknown link", "This link leads nowhere. Start again from your Sage product.", 404)
    linking.expire(world, authorisation)
    if authorisation.status not in linking.OPEN:
        return _ending(authorisation) if authorisation.status in _ENDINGS else _picker(world, authorisation)
    await linking.make_known(world, authorisation)
    page = await callbacks.fetch_provider_page(world, authorisation)
    if page.html is None:
        return _message("Your bank cannot be reached", f"{page.problem} Close this window and try again.", 502)
    return show("embed.html", html=page.html)


# --- back from the provider -------------------------------------------------------------------------------------------


def _by_redirect(world: World, redirect_id: str) -> Authorisation | None:
    return next((a for a in world.book.authorisations.values() if a.redirect_id == redirect_id), None)


def _returning(request: Request) -> Authorisation | HTMLResponse:
    world = world_of(request)
    authorisation = _by_redirect(world, request.path_params["redirect_id"])
    if authorisation is None:
        return _message("Unknown address", "This address belongs to no connection.", 404)
    if request.query_params.get("state") != authorisation.state:
        request.scope[RULE] = Rule("STATE_DIFFERS", "5.2", "`state` goes back as it was given")
        return _message("Wrong state", "The provider came back with another `state` than it was given.", 400)
    if request.method == "GET" and not linking.keeps_query(authorisation, request.query_params.multi_items()):
        request.scope[RULE] = Rule(
            "REDIRECT_URI_CHANGED", "5.2", "redirect_uri is used as given; state is added to its query"
        )
        return _message("Wrong address", "The provider changed the address that it was given to come back to.", 400)
    return authorisation


async def get_redirect(request: Request) -> Response:
    world = world_of(request)
    authorisation = _returning(request)
    if isinstance(authorisation, Response):
        return authorisation
    linking.come_back(world, authorisation)
    if authorisation.status == "returned":
        return _picker(world, authorisation)
    return _ending(authorisation)


def _picker(world: World, authorisation: Authorisation, problem: str = "", start_date: str = "") -> HTMLResponse:
    today = world.clock.now().date()
    return show(
        "picker.html",
        400 if problem else 200,
        action=f"{authorisation.redirect_id}?state={authorisation.state}",
        bank=world.book.banks[authorisation.bank_id],
        candidates=[world.book.candidates[c] for c in authorisation.candidate_ids],
        not_listed=linking.NOT_LISTED,
        start_date=start_date or (today - _HISTORY).isoformat(),
        today=today.isoformat(),
        problem=problem,
    )


async def post_redirect(request: Request) -> Response:
    """The user's choice."""
    world = world_of(request)
    authorisation = _returning(request)
    if isinstance(authorisation, Response):
        return authorisation
    linking.expire(world, authorisation)
    if authorisation.status != "returned":
        return _ending(authorisation) if authorisation.status in _ENDINGS else _message("Not yet", "Log in first.", 409)
    form = await read_form(request)
    choice, start_date = form.get("account", ""), form.get("startDate", "").strip()
    if choice != linking.NOT_LISTED:
        if choice not in authorisation.candidate_ids:
            return _picker(world, authorisation, "Choose one of the accounts.", start_date)
        try:
            read_instant(start_date, "startDate")
        except Refusal:
            return _picker(world, authorisation, "Give the start date as year-month-day.")
    linking.pick(world, authorisation, choice, start_date)
    return _ending(authorisation)
