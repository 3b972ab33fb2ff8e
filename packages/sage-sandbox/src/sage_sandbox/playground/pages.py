"""The pages at which a customer of the playground bank signs in and decides; framed by Sage's pages."""

import re
from importlib import resources

import httpx2
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sage_sandbox.exchange import read_form
from sage_sandbox.playground import feeds
from sage_sandbox.playground.bank import PATH, Playground, playground_of
from sage_sandbox.playground.connector import check_usable
from sage_sandbox.playground.records import PlaygroundSession
from sage_sandbox.playground.sage import Reply
from sage_sandbox.playground.words import LANGUAGES, language_of, words_in
from sage_sandbox.refusals import Refusal

_CUSTOMER = re.compile(r"[\w .-]{1,40}")
_SOMEBODY = "demo"
_FRAMED_BY = (
    "'self' http://localhost:* http://127.0.0.1:* http://*.localhost:* "
    "https://*.sagebankdrive.com https://*.sage.com https://*.intacct.com https://*.sageone.com"
)
_templates = Environment(
    loader=PackageLoader("sage_sandbox", "playground/templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_style = resources.files("sage_sandbox").joinpath("playground/templates/bank.css").read_bytes()


def show(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    language = language_of(request)
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    frame = {"words": words_in(language), "lang": language, "other": other, "root": PATH}
    page = _templates.get_template(template).render(**frame, **values)
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        # no form-action: it would stop the redirect back to Sage
        "Content-Security-Policy": f"default-src 'none'; style-src 'self'; img-src data:; frame-ancestors {_FRAMED_BY}",
    }
    return HTMLResponse(page, status, headers)


async def get_style(request: Request) -> Response:  # noqa: ARG001 - every route takes the request
    return Response(_style, media_type="text/css")


def _problem(request: Request, status: int, name: str, detail: str = "") -> HTMLResponse:
    return show(request, "problem.html", status, problem=name, detail=detail)


def _session(request: Request, playground: Playground) -> PlaygroundSession | None:
    """The session whose page this is, if its customer has still to decide."""
    for session in playground.world.book.playground_sessions.values():
        if session.handle == request.path_params["handle"] and session.presented:
            try:
                check_usable(playground, session)
            except Refusal:
                return None
            return session
    return None


async def get_login(request: Request) -> Response:
    session = _session(request, playground_of(request))
    if session is None:
        return _problem(request, 410, "unknownLink")
    return show(request, "login.html", session=session, problem="")


async def post_login(request: Request) -> Response:
    """Signed in: who is shown what Sage would get; or cancelled."""
    playground = playground_of(request)
    session = _session(request, playground)
    if session is None:
        return _problem(request, 410, "unknownLink")
    form = await read_form(request)
    if form.get("step") == "cancel":
        return await _decided(request, playground, session, _SOMEBODY, allow=False)
    customer = session.customer if session.external_id else form.get("customer", "").strip() or _SOMEBODY
    if customer is None or not _CUSTOMER.fullmatch(customer):
        return show(request, "login.html", 400, session=session, problem="nameProblem")
    accounts = playground.accounts_of(session.bank_id, customer)
    return show(request, "consent.html", session=session, customer=customer, accounts=accounts)


async def post_consent(request: Request) -> Response:
    playground = playground_of(request)
    session = _session(request, playground)
    if session is None:
        return _problem(request, 410, "unknownLink")
    form = await read_form(request)
    customer = form.get("customer", "")
    if not _CUSTOMER.fullmatch(customer):
        return show(request, "login.html", 400, session=session, problem="nameProblem")
    return await _decided(request, playground, session, customer, allow=form.get("decision") == "allow")


async def _decided(
    request: Request, playground: Playground, session: PlaygroundSession, customer: str, *, allow: bool
) -> Response:
    """Sage is told first, then the browser goes back there."""
    reply = await decide(playground, session, customer, allow=allow)
    if not reply.taken:
        return _problem(request, 502, "sageRefused", f"{reply.status or ''} {reply.text[:300]}")
    back = httpx2.URL(session.redirect_uri).copy_merge_params({"state": session.state})
    return RedirectResponse(str(back), 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


async def decide(playground: Playground, session: PlaygroundSession, customer: str, *, allow: bool) -> Reply:
    """Report the customer's decision (6.2); a session takes one, and is free again if Sage took none."""
    session.used = True
    customer = session.customer if session.external_id and session.customer else customer
    accounts = None if session.external_id or not allow else playground.accounts_of(session.bank_id, customer)
    reply = await playground.sage(session.region).report(session.authorisation_id, accounts, success=allow)
    session.used = reply.taken
    session.customer = customer
    playground.world.keep(session)
    if reply.taken and allow and session.external_id:
        feeds.renewed(playground, session.bank_id, customer)
    return reply
