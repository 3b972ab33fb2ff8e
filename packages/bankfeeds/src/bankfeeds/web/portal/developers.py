"""Developers: API keys, each shown once, and a first call to copy."""

from datetime import timedelta

from bankfeeds.domain.api_key import KEYS_MAX, NAME_LENGTH_MAX, Scope
from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.operator import Role
from bankfeeds.flows import keys
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import confirming
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.samples import first_calls
from bankfeeds.web.portal.visit import PortalPage, Visit

LIFETIMES_DAYS = ("", "30", "90", "365")
"""What may be chosen; empty for a key that does not expire."""


SCOPES = tuple(scope.value for scope in Scope)


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, Form())


def make(desk: Desk, visit: Visit) -> Answer:
    """The page that shows the key is the answer itself: nothing keeps it, so no other page could."""
    name, days, chosen = (visit.fields.get(field, "") for field in ("name", "days", "scope"))
    scope = Scope(chosen) if chosen in SCOPES else Scope.read
    ends_at = desk.world.clock() + timedelta(days=int(days)) if days in LIFETIMES_DAYS[1:] else None
    try:
        key, secret = keys.create(desk.world, visit.actor, name, ends_at, scope=scope)
    except Refusal as refusal:
        wrong = Form(visit.fields, {"name": visit.words["flaw_key_name"]}) if refusal.flaws else None
        return _page(desk, visit, wrong or refused(visit.words, visit.fields, refusal), 422)
    return desk.page(
        visit,
        "key_made.html",
        visit.words["key_made_title"].format(name=key.name),
        key=key,
        secret=secret,
        calls=first_calls(desk.public_url, secret),
    )


def confirm(desk: Desk, visit: Visit) -> Answer:
    """Revoking stops programs at once, so it is asked once more."""
    key = next((each for each in keys.every(desk.world) if each.id == visit.path["key"]), None)
    if key is None or key.revoked_at is not None:
        raise keys.unknown(visit.path["key"])
    return confirming.ask(desk, visit, "key_revoke", "developers", key=key.name, hint=key.hint)


def revoke(desk: Desk, visit: Visit) -> Answer:
    keys.revoke(desk.world, visit.actor, visit.path["key"])
    return desk.go(visit, "developers", "key_revoked_said")


def _page(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    now = desk.world.clock()
    every = sorted(keys.every(desk.world), key=lambda key: (not key.is_live(now), key.created_at))
    return desk.page(
        visit,
        "developers.html",
        visit.words["developers_title"],
        status,
        form=form,
        keys=[(key, _state(key.revoked_at is not None, is_live=key.is_live(now))) for key in every],
        live=sum(key.is_live(now) for key in every),
        keys_max=KEYS_MAX,
        name_length_max=NAME_LENGTH_MAX,
        lifetimes=[(days, visit.words[f"key_days_{days or 'never'}"]) for days in LIFETIMES_DAYS],
        scopes=[(scope, visit.words[f"key_scope_{scope}"]) for scope in SCOPES],
        calls=first_calls(desk.public_url, "bf_…"),
    )


def _state(is_revoked: bool, *, is_live: bool) -> str:  # noqa: FBT001 - two facts of one key
    return "live" if is_live else "revoked" if is_revoked else "expired"


PAGES = (
    PortalPage("developers", show, make, needs=Role.developer, act_needs=Role.developer),
    PortalPage("developers/keys/{key}/revoke", confirm, revoke, needs=Role.developer, act_needs=Role.developer),
)
