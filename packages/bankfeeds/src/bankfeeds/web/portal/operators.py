"""Operators: who may sign in to the portal and as whom, passwords handed out, and who is let in no longer."""

from bankfeeds.domain.errors import NotFound, Refusal
from bankfeeds.domain.operator import INITIAL_PASSWORD_LASTS, NAME_LENGTH_MAX, Operator, Role
from bankfeeds.flows import operators
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import confirming
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.visit import PortalPage, Visit

ROLES = tuple(Role)
HANDED_OUT, ELSEWHERE = "handed_out", "elsewhere"


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, Form())


def add(desk: Desk, visit: Visit) -> Answer:
    """The password is in the answer itself: nothing keeps it, so no other page could show it."""
    role = visit.fields.get("role", "")
    signs_in = ELSEWHERE if desk.sign_on and visit.fields.get("signs_in") == ELSEWHERE else HANDED_OUT
    password = operators.new_password(desk.world) if signs_in == HANDED_OUT else None
    try:
        made = operators.add(
            desk.world,
            visit.actor,
            visit.fields.get("name", ""),
            Role(role) if role in ROLES else Role.viewer,
            password,
            is_initial=password is not None,
        )
    except Refusal as refusal:
        return _page(desk, visit, refused(visit.words, visit.fields, refusal, "operator_"), 422)
    if password is None:
        return desk.go(visit, "operators", "operator_added", name=made.name)
    return _handed_out(desk, visit, made, password)


def manage(desk: Desk, visit: Visit) -> Answer:
    return _one(desk, visit, _named(desk, visit))


def set_role(desk: Desk, visit: Visit) -> Answer:
    found, role = _named(desk, visit), visit.fields.get("role", "")
    try:
        operators.set_role(desk.world, visit.actor, found.name, Role(role) if role in ROLES else found.role)
    except Refusal as refusal:
        return _one(desk, visit, found, refused(visit.words, visit.fields, refusal), 409)
    return desk.go(visit, f"operators/{found.pk}", "operator_role_said")


def hand_out(desk: Desk, visit: Visit) -> Answer:
    found, password = _named(desk, visit), operators.new_password(desk.world)
    operators.set_password(desk.world, visit.actor, found.name, password, is_initial=True)
    return _handed_out(desk, visit, found, password)


def unlock(desk: Desk, visit: Visit) -> Answer:
    found = _named(desk, visit)
    operators.unlock(desk.world, visit.actor, found.name)
    return desk.go(visit, f"operators/{found.pk}", "operator_unlocked")


def ask_end(desk: Desk, visit: Visit) -> Answer:
    found = _named(desk, visit)
    return confirming.ask(desk, visit, "operator_end", f"operators/{found.pk}", who=found.name)


def end(desk: Desk, visit: Visit) -> Answer:
    found = _named(desk, visit)
    try:
        operators.remove(desk.world, visit.actor, found.name)
    except Refusal as refusal:
        return _one(desk, visit, found, refused(visit.words, visit.fields, refusal), 409)
    return desk.go(visit, "operators", "operator_ended", name=found.name)


def to_one(desk: Desk, visit: Visit) -> Answer:
    """What was shown once is not shown again."""
    return desk.go(visit, f"operators/{_named(desk, visit).pk}")


def _named(desk: Desk, visit: Visit) -> Operator:
    """By number: a name may have any printable character."""
    number = whole_number(visit.path["operator"], "operator", 0)
    live = (each for each in operators.every(desk.world) if each.removed_at is None)
    found = next((each for each in live if each.pk == number), None)
    if found is None:
        raise NotFound("operator", f"there is no operator {number}")
    return found


def _page(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    words, now = visit.words, desk.world.clock()
    every = operators.every(desk.world)
    ways = [(each, words[f"operator_signs_in_{each}"]) for each in (HANDED_OUT, ELSEWHERE)] if desk.sign_on else []
    return desk.page(
        visit,
        "operators.html",
        words["operators_title"],
        status,
        form=form,
        live=[(each, _signs_in(each, is_over=_is_over(each, desk))) for each in every if each.removed_at is None],
        gone=sorted((each for each in every if each.removed_at), key=lambda each: each.removed_at or now, reverse=True),
        roles=_roles(visit),
        ways=ways,
        name_length_max=NAME_LENGTH_MAX,
    )


def _one(desk: Desk, visit: Visit, found: Operator, form: Form | None = None, status: int = 200) -> Answer:
    return desk.page(
        visit,
        "operator.html",
        found.name,
        status,
        form=form or Form(),
        found=found,
        signs_in=_signs_in(found, is_over=_is_over(found, desk)),
        roles=_roles(visit),
        is_self=found.pk == visit.operator.pk,
    )


def _handed_out(desk: Desk, visit: Visit, found: Operator, password: str) -> Answer:
    return desk.page(
        visit,
        "operator_password.html",
        visit.words["operator_password_title"].format(name=found.name),
        found=found,
        password=password,
        until=desk.world.clock() + INITIAL_PASSWORD_LASTS,
        address=f"{desk.public_url}/portal/",
    )


def _roles(visit: Visit) -> list[tuple[str, str]]:
    return [(role.value, visit.words[f"role_{role.value}_may"]) for role in ROLES]


def _is_over(each: Operator, desk: Desk) -> bool:
    return each.initial_until is not None and each.initial_until <= desk.world.clock()


def _signs_in(each: Operator, *, is_over: bool) -> tuple[str, str]:
    """A word of the catalogue, and its tone."""
    if not each.has_password:
        return "operator_with_organisation", ""
    if each.initial_until is None:
        return "operator_with_password", "good"
    return ("operator_initial_over", "bad") if is_over else ("operator_initial", "busy")


_ONE = "operators/{operator}"
_ADMINISTRATOR = Role.administrator
PAGES = (
    PortalPage("operators", show, add, needs=_ADMINISTRATOR),
    PortalPage(_ONE, manage, set_role, needs=_ADMINISTRATOR),
    PortalPage(f"{_ONE}/password", to_one, hand_out, needs=_ADMINISTRATOR),
    PortalPage(f"{_ONE}/unlock", to_one, unlock, needs=_ADMINISTRATOR),
    PortalPage(f"{_ONE}/end", ask_end, end, needs=_ADMINISTRATOR),
)
