"""The bank's pages: linking inside Sage's frame, and the codes for those who link on Bankfeeds' page."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bank_app import sage
from bank_app.config import Config
from bank_app.customers import sign_in
from bank_app.feeds import Busy, Declined, Feeds, NotTheirs, SessionOver
from bank_app.products import PRODUCTS
from bank_app.sessions import Session, Sessions

_log = logging.getLogger(__name__)
COOKIE = "bank_session"
_IN_SAGE = "Close this page in Sage, and start again there when you like."
FIELDS_MAX = 20
FORM_BYTES_MAX = 10_000
_FOLDER = Path(__file__).parent
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
)
Form = Mapping[str, str]


def make_app(
    config: Config, now: Callable[[], float] = time.time, transport: httpx2.BaseTransport | None = None
) -> Starlette:
    """`now` and `transport` are for tests."""
    bank = _Bank(config, now, transport)
    return Starlette(
        routes=[
            Route("/", _page(bank.home)),
            Route("/sign-in", _page(bank.sign_in), methods=["POST"]),
            Route("/sign-out", _page(bank.sign_out), methods=["POST"]),
            Route("/codes", _page(bank.codes), methods=["POST"]),
            Route("/link", _page(bank.link)),
            Route("/link/sign-in", _page(bank.link_sign_in), methods=["POST"]),
            Route("/link/consent", _page(bank.link_consent), methods=["POST"]),
            Route("/link/cancel", _page(bank.link_cancel), methods=["POST"]),
            Mount("/static", StaticFiles(directory=_FOLDER / "static")),
        ],
        exception_handlers={Exception: bank.broken},
    )


def _page(handler: Callable[[Request, Form], Response]) -> Callable[[Request], Any]:
    """In a thread: handlers wait for Bankfeeds."""

    async def endpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > FORM_BYTES_MAX:
                return Response(status_code=413)
        try:
            form = dict(parse_qsl(body.decode("latin-1"), max_num_fields=FIELDS_MAX))
        except ValueError:
            form = {}
        return await run_in_threadpool(handler, request, form)

    return endpoint


class _Bank:
    def __init__(self, config: Config, now: Callable[[], float], transport: httpx2.BaseTransport | None) -> None:
        self._hosts, self._listed_as, self._now = config.hosts, config.listed_as, now
        self._feeds = Feeds(config, transport)
        self._sessions = Sessions(config.journey_s, now)

    # --- inside Sage's frame: no cookie reaches us there, so each form carries the session's secret

    def link(self, request: Request, _form: Form) -> Response:
        """Where Sage's customer arrives: the listing's authorization redirect URL."""
        given = [request.query_params.get(name, "") for name in ("authorizationId", "redirectUri", "bankId")]
        if not all(given) or not sage.may_return(given[1], self._hosts):
            words = "This address is incomplete, or does not come from Sage."
            return self._stopped(400, words)
        return self._framed("link_sign_in.html", secret=self._sessions.start(*given), wrong=False)

    def link_sign_in(self, _request: Request, form: Form) -> Response:
        secret, session = self._found(form)
        if session is None:
            return self._over(secret)
        customer = sign_in(form.get("customer", ""), form.get("pin", ""))
        if customer is None:
            return self._framed("link_sign_in.html", 422, secret=secret, wrong=True)
        secret = self._sessions.sign_in(secret, customer)
        return self._framed("consent.html", secret=secret, customer=customer, busy=False)

    def link_consent(self, _request: Request, form: Form) -> Response:
        """Company, connection and accounts on the spot; then Bankfeeds tells Sage, and the customer goes back there.

        The session stays: a second click is answered like the first.
        """
        secret, session = self._found(form)
        if session is None or session.customer is None:
            return self._over(secret)
        try:
            path = self._feeds.connection_path(session.customer)
            self._feeds.authorise(path, session.authorization_id, session.bank_id)
        except SessionOver:
            return self._stopped(410, f"Sage has ended this attempt. {_IN_SAGE}")
        except NotTheirs:
            return self._stopped(403, "Sage asked for an account of another customer.", again=_again(session))
        except Declined as declined:
            _log.warning("link: declined for customer %s: %s", session.customer.id, declined)
            return self._stopped(409, f"Linking is not possible at the moment. {_IN_SAGE}")
        except Busy:
            return self._framed("consent.html", 503, secret=secret, customer=session.customer, busy=True)
        return RedirectResponse(_back_of(session), 303, sage.headers(self._hosts, in_frame=True))

    def _found(self, form: Form) -> tuple[str, Session | None]:
        secret = form.get("session", "")
        session = self._sessions.find(secret)
        return secret, session if session is not None and session.redirect_uri else None

    def link_cancel(self, _request: Request, form: Form) -> Response:
        """Sage is told, and the customer goes back; if nobody could tell it, the customer closes the page there."""
        secret, session = self._found(form)
        self._sessions.end(secret)
        try:
            is_told = session is not None and self._feeds.refuse(session.authorization_id, session.bank_id)
        except Busy:
            is_told = False
        if session is None or not is_told:
            return self._stopped(200, _IN_SAGE)
        return RedirectResponse(_back_of(session), 303, sage.headers(self._hosts, in_frame=True))

    def _over(self, secret: str) -> Response:
        session = self._sessions.find_even_over(secret)
        again = _again(session) if session is not None and session.redirect_uri else None
        return self._stopped(410, f"This took too long. {'' if again else _IN_SAGE}", again)

    def _stopped(self, status: int, words: str, again: str | None = None) -> Response:
        return self._framed("stopped.html", status, words=words.strip(), again=again)

    # --- by themselves, in a window of their own: a cookie holds the session

    def home(self, request: Request, _form: Form) -> Response:
        session = self._signed_in(request)
        if session is None:
            return self._own("sign_in.html", wrong=False)
        return self._codes(session)

    def sign_in(self, request: Request, form: Form) -> Response:
        customer = sign_in(form.get("customer", ""), form.get("pin", ""))
        if customer is None:
            return self._own("sign_in.html", 422, wrong=True)
        answer = RedirectResponse("/", 303, sage.headers((), in_frame=False))
        secret = self._sessions.sign_in(self._sessions.start(), customer)
        answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    def sign_out(self, request: Request, _form: Form) -> Response:
        self._sessions.end(request.cookies.get(COOKIE, ""))
        return RedirectResponse("/", 303, sage.headers((), in_frame=False))

    def codes(self, request: Request, _form: Form) -> Response:
        """A new one-time password, shown in the answer and nowhere else. SameSite=Strict: no other site asks for it."""
        session = self._signed_in(request)
        if session is None:
            return RedirectResponse("/", 303, sage.headers((), in_frame=False))
        return self._codes(session, is_new=True)

    def _codes(self, session: Session, *, is_new: bool = False) -> Response:
        customer = session.customer
        if customer is None:
            raise AssertionError("a session that is signed in has a customer")
        try:
            path = self._feeds.connection_path(customer)
            password, ends = self._feeds.one_time_password(path) if is_new else ("", "")
        except Busy:
            return self._own("busy.html", 503, again="/")
        shown = {"customer": customer, "connection_id": path.rpartition("/")[2], "password": password}
        expiry = self._expiry(ends) if ends else {}
        return self._own("codes.html", products=PRODUCTS, listed_as=self._listed_as, **shown, **expiry)

    def _expiry(self, ends: str) -> dict[str, Any]:
        """As a distance, which is right in every time zone, and as a time of day."""
        ends_at = datetime.fromisoformat(ends)
        return {"minutes": round((ends_at.timestamp() - self._now()) / 60), "until": ends_at.strftime("%H:%M UTC")}

    def _signed_in(self, request: Request) -> Session | None:
        session = self._sessions.find(request.cookies.get(COOKIE, ""))
        return session if session is not None and session.customer is not None else None

    # --- pages

    def broken(self, request: Request, _error: Exception) -> Response:
        """A mistake of ours: logged by the server, and told without a word of it."""
        if request.url.path.startswith("/link"):
            return self._framed("busy.html", 500, again=None)
        return self._own("busy.html", 500, again="/")

    def _framed(self, template: str, status: int = 200, **values: Any) -> Response:
        return _rendered(template, status, sage.headers(self._hosts, in_frame=True), values)

    def _own(self, template: str, status: int = 200, **values: Any) -> Response:
        return _rendered(template, status, sage.headers((), in_frame=False), values)


def _back_of(session: Session) -> str:
    return sage.return_address(session.redirect_uri, session.authorization_id)


def _again(session: Session) -> str:
    """The address that the customer arrived at: in it are only what Sage put there."""
    given = {
        "authorizationId": session.authorization_id,
        "redirectUri": session.redirect_uri,
        "bankId": session.bank_id,
    }
    return f"/link?{urlencode(given)}"


def _rendered(template: str, status: int, headers: dict[str, str], values: Mapping[str, Any]) -> Response:
    html = _templates.get_template(template).render(**values)
    return Response(html, status, headers, "text/html; charset=utf-8")
