"""An operator's own password, changed by themselves; the only page there is for who signed in with an initial one."""

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.operator import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, Role
from bankfeeds.flows import operators
from bankfeeds.flows.operators import SignInLocked, WrongSignIn
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import cookies, door, telling
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.visit import PortalPage, Visit


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, Form())


def change(desk: Desk, visit: Visit) -> Answer:
    words, session = visit.words, visit.session
    current, new, again = (visit.fields.get(name, "") for name in ("current", "password", "again"))
    if session is None or new != again:
        return _page(desk, visit, Form({}, {"again": words["flaw_password_again"]}), 422)
    try:
        token = operators.change_password(desk.world, session, current, new, visit.call.address)
    except WrongSignIn:
        return _page(desk, visit, Form({}, {"current": words["flaw_password_current"]}), 422)
    except SignInLocked as locked:
        said = words["sign_in_locked"].format(until=telling.instant(locked.until))
        return _page(desk, visit, Form({}, {}, said), 429)
    except Refusal as refusal:
        return _page(desk, visit, refused(words, {}, refusal), 422)
    kept = cookies.write(cookies.SESSION, token, desk.root, is_https=desk.is_https)
    following = operators.session(desk.world, token)
    if following is not None:
        operators.leave_word(desk.world, following, '{"say": "password_changed"}')
    return desk.redirect(f"{desk.root}/", **{"set-cookie": kept})


def _page(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    return desk.page(
        visit,
        "own_password.html",
        visit.words["password_title"],
        status,
        form=form,
        is_initial=visit.operator.initial_until is not None,
        length_min=PASSWORD_LENGTH_MIN,
        length_max=PASSWORD_LENGTH_MAX,
    )


PAGES = (PortalPage(door.OWN_PASSWORD, show, change, act_needs=Role.viewer),)
