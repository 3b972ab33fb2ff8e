"""Signing in and out."""

import re
from dataclasses import replace

from bankfeeds.domain.operator import Role
from bankfeeds.flows import operators
from bankfeeds.flows.operators import InitialPasswordOver, SignInLocked, WrongSignIn
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import cookies, telling
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit

_BELOW = re.compile(r"[A-Za-z0-9_.%-]+(/[A-Za-z0-9_.%-]+)*")
_BELOW_LENGTH_MAX = 500


def show(desk: Desk, visit: Visit) -> Answer:
    """The form, with a secret behind it that this browser alone has."""
    problem = visit.words["sign_in_over"] if visit.first("over") else ""
    return _form(desk, visit, visit.first("next"), problem=problem)


def act(desk: Desk, visit: Visit) -> Answer:
    name, wanted = visit.fields.get("name", ""), visit.fields.get("next", "")
    try:
        token = operators.sign_in(desk.world, name, visit.fields.get("password", ""), visit.call.address)
    except InitialPasswordOver:
        return _form(desk, visit, wanted, name, visit.words["sign_in_initial_over"], 422)
    except WrongSignIn:
        return _form(desk, visit, wanted, name, visit.words["sign_in_wrong"], 422)
    except SignInLocked as locked:
        until = telling.instant(locked.until)
        return _form(desk, visit, wanted, name, visit.words["sign_in_locked"].format(until=until), 429)
    return let_in(desk, token, wanted)


def let_in(desk: Desk, token: str, wanted: str) -> Answer:
    """To the page they wanted, if it is one of ours."""
    is_ours = len(wanted) <= _BELOW_LENGTH_MAX and _BELOW.fullmatch(wanted) is not None
    kept = cookies.write(cookies.SESSION, token, desk.root, is_https=desk.is_https)
    return desk.redirect(f"{desk.root}/{wanted if is_ours else ''}", **{"set-cookie": kept})


def sign_out(desk: Desk, visit: Visit) -> Answer:
    operators.sign_out(desk.world, cookies.read(visit.call.headers, is_https=desk.is_https).get(cookies.SESSION, ""))
    gone = cookies.write(cookies.SESSION, "", desk.root, is_https=desk.is_https, kept_s=0)
    return desk.redirect(f"{desk.root}/sign-in", **{"set-cookie": gone})


def _form(desk: Desk, visit: Visit, wanted: str, name: str = "", problem: str = "", status: int = 200) -> Answer:
    secret = cookies.read(visit.call.headers, is_https=desk.is_https).get(cookies.FORM) or desk.world.ids.secret()
    visit = replace(visit, token=operators.form_token(desk.world, secret))
    title = visit.words["sign_in_title"]
    answer = desk.page(
        visit,
        "sign_in.html",
        title,
        status,
        wanted=wanted[:_BELOW_LENGTH_MAX],
        name=name[:100],
        problem=problem,
        has_sign_on=desk.sign_on is not None,
    )
    kept = cookies.write(cookies.FORM, secret, desk.root, is_https=desk.is_https)
    return Answer(answer.status, answer.body, answer.content_type, {**answer.headers, "set-cookie": kept})


PAGES = (
    PortalPage("sign-in", show, act, is_public=True),
    PortalPage("sign-out", act=sign_out, act_needs=Role.viewer),
)
