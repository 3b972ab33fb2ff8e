"""Before every page: who is signed in, in which language, whether the form is ours, and whether the role allows it."""

import hmac
from dataclasses import replace
from urllib.parse import urlencode

import msgspec
import structlog

from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from bankfeeds.domain.operator import Role
from bankfeeds.flows import operators
from bankfeeds.flows.operators import Session
from bankfeeds.web.endpoint import Answer, Call, Handler, TooLarge
from bankfeeds.web.portal import cookies
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import read_fields, whole
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.web.portal.words import LANGUAGES, words_for

SIGN_IN = "sign-in"
OWN_PASSWORD = "password"
_OPEN_TO_INITIAL = frozenset({OWN_PASSWORD, "sign-out"})
_ELSEWHERE = frozenset({"cross-site", "same-site"})
_STATUSES: tuple[tuple[type[Refusal], int], ...] = (
    (TooLarge, 413),
    (Invalid, 422),
    (NotFound, 404),
    (Conflict, 409),
    (Forbidden, 403),
    (Unavailable, 503),
)
_NAMES = {403: "forbidden", 404: "not_found", 413: "too_large", 503: "unavailable"}
_FLASH = msgspec.json.Decoder(dict[str, str])
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web")


def guarded(desk: Desk, page: PortalPage) -> Handler:
    """The page behind everything that is asked of a visit."""

    def answer(call: Call) -> Answer:
        chosen = call.first("lang")
        if chosen is not None and chosen in LANGUAGES and call.method != "POST":
            return _choose_language(desk, call, chosen)
        kept = cookies.read(call.headers, is_https=desk.is_https)
        session = None if page.is_public else operators.session(desk.world, kept.get(cookies.SESSION, ""))
        visit = _visit(desk, call, session, kept)
        if session is None and not page.is_public:
            return to_sign_in(desk, visit)
        if session is not None and session.operator.initial_until is not None and page.path not in _OPEN_TO_INITIAL:
            return desk.redirect(f"{desk.root}/{OWN_PASSWORD}")
        return _act(desk, page, visit) if call.method == "POST" else _show(desk, page, visit)

    return answer


def to_sign_in(desk: Desk, visit: Visit) -> Answer:
    """And back to where they wanted to go; what was posted is lost, and the page says so."""
    is_post = visit.call.method == "POST"
    wanted = "" if is_post else visit.here
    why = {"over": "1"} if is_post else {}
    query = urlencode({**({"next": wanted} if wanted else {}), **why})
    return desk.redirect(f"{desk.root}/{SIGN_IN}{'?' + query if query else ''}")


def on_error(desk: Desk, error: Exception, call: Call) -> Answer:
    """A page that says what was refused; of a bug, the number it is found by in the log."""
    visit = _visit(desk, call, None, cookies.read(call.headers, is_https=desk.is_https))
    try:
        session = operators.session(
            desk.world, cookies.read(call.headers, is_https=desk.is_https).get(cookies.SESSION, "")
        )
        visit = replace(visit, session=session)
    except Exception:
        log.exception("no session for the page of an error")
    status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
    if not isinstance(error, Refusal):
        return problem(desk, visit, 500, "broken", visit.words["broken"].format(number=call.correlation_id))
    name = _NAMES.get(status, "refused")
    return problem(desk, visit, status, name, whole(visit.words, error))


def problem(desk: Desk, visit: Visit, status: int, name: str, lead: str) -> Answer:
    return desk.page(visit, "problem.html", visit.words[f"{name}_title"], status, lead=lead)


def _show(desk: Desk, page: PortalPage, visit: Visit) -> Answer:
    if page.show is None:
        return desk.redirect(f"{desk.root}/")
    if not page.is_public and not visit.may(page.needs):
        return _not_allowed(desk, visit, page.needs)
    if visit.session is not None:
        text = operators.take_word(desk.world, visit.session)
        visit = replace(visit, word=_FLASH.decode(text) if text else None)
    return page.show(desk, visit)


def _act(desk: Desk, page: PortalPage, visit: Visit) -> Answer:
    if page.act is None:
        return problem(desk, visit, 405, "not_found", visit.words["not_found"])
    fields, files = read_fields(visit.call.headers.get("content-type", ""), visit.call.body)
    visit = replace(visit, fields=fields, files=files)
    if not _is_ours(visit):
        return problem(desk, visit, 403, "stale", visit.words["stale"])
    if not page.is_public and not visit.may(page.act_needs):
        return _not_allowed(desk, visit, page.act_needs)
    return page.act(desk, visit)


def _is_ours(visit: Visit) -> bool:
    """The form came from a page of ours that this browser was given."""
    if visit.call.headers.get("sec-fetch-site") in _ELSEWHERE:
        return False
    given = visit.fields.get("csrf", "").encode("utf-8", "replace")
    return bool(visit.token) and hmac.compare_digest(given, visit.token.encode())


def _not_allowed(desk: Desk, visit: Visit, needed: Role) -> Answer:
    lead = visit.words["forbidden"].format(role=visit.words[f"role_{needed.value}"])
    return problem(desk, visit, 403, "forbidden", lead)


def _visit(desk: Desk, call: Call, session: Session | None, kept: dict[str, str]) -> Visit:
    words = words_for(call.headers.get("accept-language", ""), kept.get(cookies.LANGUAGE))
    secret = kept.get(cookies.FORM, "")
    token = session.csrf if session else operators.form_token(desk.world, secret) if secret else ""
    _, _, below = call.url_path.partition("/portal")
    return Visit(call, words, session, token, below.strip("/"))


def _choose_language(desk: Desk, call: Call, chosen: str) -> Answer:
    """The choice is kept in a cookie, and goes from the address."""
    _, _, below = call.url_path.partition("/portal")
    rest = urlencode([(name, value) for name, value in call.query if name != "lang"])
    kept = cookies.write(cookies.LANGUAGE, chosen, desk.root, is_https=desk.is_https, kept_s=cookies.LANGUAGE_KEPT_S)
    where = f"{desk.root}/{below.lstrip('/')}"
    return desk.redirect(where + (f"?{rest}" if rest else ""), **{"set-cookie": kept})
