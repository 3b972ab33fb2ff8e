"""The pages behind `redirect` and `redirect_uri`: the provider's page embedded, then the account picker.

Opened by the sandbox's own product they speak its language, and lead on to it; opened by anybody else's they say that
the window may be closed.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sage_sandbox import callbacks, linking
from sage_sandbox.calls.rules import Rule
from sage_sandbox.exchange import RULE, read_form, read_instant, world_of
from sage_sandbox.product.words import words_in
from sage_sandbox.records import Authorisation
from sage_sandbox.refusals import Refusal
from sage_sandbox.world import World

_pages = Environment(
    loader=PackageLoader("sage_sandbox", "product/templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_HISTORY = timedelta(days=90)
_ENDED = frozenset({"consumed", "failed", "expired"})


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opened the session: `onward` is where the sandbox's product goes on, empty for anybody else's."""

    language: str = "en"
    onward: str = ""


def opener_of(world: World, authorisation: Authorisation) -> Opener:
    """By the correlation id that the product gave."""
    company_key, _, attempt_id = (authorisation.e2e or "").partition(".")
    company = world.book.product_companies.get(company_key)
    attempt = company.attempt(attempt_id) if company else None
    if company is None or attempt is None:
        return Opener()
    return Opener(company.language, f"{attempt.origin}/ui/c/{company_key}/attempts/{attempt_id}/done")


def _show(template: str, opener: Opener, status: int = 200, policy: str = "", **values: object) -> HTMLResponse:
    words = words_in(opener.language)
    page = _pages.get_template(template).render(t=words.say, language=words.language, onward=opener.onward, **values)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
    policies = [policy] if policy else []
    if opener.onward:
        parts = urlsplit(opener.onward)
        policies.append(f"frame-ancestors {parts.scheme}://{parts.netloc}")
    if policies:
        headers["Content-Security-Policy"] = "; ".join(policies)
    return HTMLResponse(page, status, headers)


def _own(opener: Opener) -> str:
    """What our own pages may do; the provider's HTML, which one of them carries, may do what it likes."""
    target = urlsplit(opener.onward)
    onward = f" {target.scheme}://{target.netloc}" if opener.onward else ""
    return f"default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'{onward}"


def _message(key: str, opener: Opener | None = None, status: int = 200, problem: str = "") -> HTMLResponse:
    opener = opener or Opener()
    words = words_in(opener.language)
    return _show(
        "service_message.html", opener, status, _own(opener),
        heading=words.say(f"{key}.title"), text=words.say(key, problem=problem),
    )  # fmt: skip


def _ending(world: World, authorisation: Authorisation) -> HTMLResponse:
    reauth = authorisation.kind == "reauth" and authorisation.status == "consumed"
    return _message(f"ending.{'reauth' if reauth else authorisation.status}", opener_of(world, authorisation))


# --- the provider's page --------------------------------------------------------------------------------------------


def _by_link(world: World, link_id: str) -> Authorisation | None:
    return next((a for a in world.book.authorisations.values() if a.link_id == link_id), None)


async def get_link(request: Request) -> Response:
    """The page that `redirect` leads to: what the provider's auth call returned, in our body."""
    world = world_of(request)
    authorisation = _by_link(world, request.path_params["link_id"])
    if authorisation is None:
        return _message("link.unknown", status=404)
    linking.expire(world, authorisation)
    if authorisation.status not in linking.OPEN:
        return _ending(world, authorisation) if authorisation.status in _ENDED else _picker(world, authorisation)
    await linking.make_known(world, authorisation)
    opener = opener_of(world, authorisation)
    languages = request.headers.get("accept-language", "")
    page = await callbacks.fetch_provider_page(world, authorisation, languages)
    if page.html is None:
        return _message("bank.unreachable", opener, 502, page.problem)
    return _show("service_embed.html", opener, html=page.html)


# --- back from the provider -------------------------------------------------------------------------------------------


def _by_redirect(world: World, redirect_id: str) -> Authorisation | None:
    return next((a for a in world.book.authorisations.values() if a.redirect_id == redirect_id), None)


def _returning(request: Request) -> Authorisation | HTMLResponse:
    world = world_of(request)
    authorisation = _by_redirect(world, request.path_params["redirect_id"])
    if authorisation is None:
        return _message("address.unknown", status=404)
    if request.query_params.get("state") != authorisation.state:
        request.scope[RULE] = Rule("STATE_DIFFERS", "5.2", "`state` goes back as it was given")
        return _message("state.wrong", opener_of(world, authorisation), 400)
    if request.method == "GET" and not linking.keeps_query(authorisation, request.query_params.multi_items()):
        request.scope[RULE] = Rule(
            "REDIRECT_URI_CHANGED", "5.2", "redirect_uri is used as given; state is added to its query"
        )
        return _message("address.changed", opener_of(world, authorisation), 400)
    return authorisation


async def get_redirect(request: Request) -> Response:
    world = world_of(request)
    authorisation = _returning(request)
    if isinstance(authorisation, Response):
        return authorisation
    linking.come_back(world, authorisation)
    if authorisation.status == "returned":
        return _picker(world, authorisation)
    return _ending(world, authorisation)


def _picker(world: World, authorisation: Authorisation, problem: str = "", start_date: str = "") -> HTMLResponse:
    today = world.clock.now().date()
    opener = opener_of(world, authorisation)
    return _show(
        "service_picker.html",
        opener,
        400 if problem else 200,
        _own(opener),
        action=f"{authorisation.redirect_id}?state={authorisation.state}",
        bank=world.book.banks[authorisation.bank_id],
        candidates=[world.book.candidates[c] for c in authorisation.candidate_ids],
        not_listed=linking.NOT_LISTED,
        start_date=start_date or (today - _HISTORY).isoformat(),
        today=today.isoformat(),
        problem=words_in(opener.language).say(problem) if problem else "",
    )


async def post_redirect(request: Request) -> Response:
    """The user's choice; the sandbox's product asks for the start date on a page of its own."""
    world = world_of(request)
    authorisation = _returning(request)
    if isinstance(authorisation, Response):
        return authorisation
    linking.expire(world, authorisation)
    opener = opener_of(world, authorisation)
    if authorisation.status != "returned":
        is_over = authorisation.status in _ENDED
        return _ending(world, authorisation) if is_over else _message("early", opener, 409)
    form = await read_form(request)
    choice, start_date = form.get("account", ""), form.get("startDate", "").strip()
    if choice != linking.NOT_LISTED:
        if choice not in authorisation.candidate_ids:
            return _picker(world, authorisation, "picker.wrong", start_date)
        try:
            read_instant(start_date or ("" if not opener.onward else "2000-01-01"), "startDate")
        except Refusal:
            return _picker(world, authorisation, "picker.wrong_date")
    linking.pick(world, authorisation, choice, start_date or None)
    return RedirectResponse(opener.onward, 303) if opener.onward else _ending(world, authorisation)
