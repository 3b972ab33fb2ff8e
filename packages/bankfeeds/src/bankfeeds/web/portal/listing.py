"""One listing: how it stands, its settings, its credentials (rotated, never read), its amount unit, and Sage.

Administrators change it; everybody else reads the same facts, without the credentials' forms.
"""

from collections.abc import Callable
from dataclasses import fields

from bankfeeds.domain.audit import check_reason
from bankfeeds.domain.errors import Conflict, Invalid, Refusal, Unavailable
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.domain.operator import Role
from bankfeeds.flows import integration, listings, registering
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused, whole
from bankfeeds.web.portal.phrases import told
from bankfeeds.web.portal.visit import PortalPage, Visit

_PATH = "integrations/{listing}"
TEXTS = ("name", "region", "country", "url", "provider_url", "token_url", "jwks_url", "client_id", "audience")
_SECRETS = ("client_secret", "api_key", "header_value")
_FIELDS = {"header_values": "header_value", "header_values[0]": "header_value"}
"""What a flow calls it, and the form."""
_SETTINGS = ("call_to_action_text", "call_to_action_url", "authorization_redirect_url")


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, "", Form())


def settings(desk: Desk, visit: Visit) -> Answer:
    """On or off, and where people are led."""
    changes: dict[str, object] = {name: visit.fields.get(name, "") for name in _SETTINGS}
    changes["enabled"] = "enabled" in visit.fields
    listing_id = visit.path["listing"]
    return _changed(desk, visit, "settings", lambda: integration.change(desk.world, visit.actor, listing_id, changes))


def facts(desk: Desk, visit: Visit) -> Answer:
    """Names and addresses."""
    changes: dict[str, object] = {name: visit.fields.get(name, "").strip() for name in (*TEXTS, "header_name")}
    changes["jwks_url"] = changes["jwks_url"] or registering.usual_jwks_url(str(changes["token_url"]))
    changes["bank_id"] = visit.fields.get("bank_id", "").strip() or None
    return _changed(
        desk, visit, "facts", lambda: listings.update(desk.world, visit.actor, visit.path["listing"], changes)
    )


def rotate(desk: Desk, visit: Visit) -> Answer:
    """What is filled in, anew; what is not stays. The header's value before goes on counting beside the new one."""
    listing_id, reason = visit.path["listing"], visit.fields.get("reason", "")
    given = {name: visit.fields.get(name, "").strip() or None for name in _SECRETS}

    def change() -> None:
        if listing_id == desk.settings_listing:
            raise Conflict("settings_listing", f"listing {listing_id} goes by the settings; change its secrets there")
        listings.rotate(desk.world, visit.actor, listing_id, listings.NewSecrets(**given), check_reason(reason))

    return _changed(desk, visit, "secrets", change)


def drop_old_header(desk: Desk, visit: Visit) -> Answer:
    """Once Sage sends the new one."""
    listing_id, reason = visit.path["listing"], visit.fields.get("reason", "")
    return _changed(
        desk,
        visit,
        "header",
        lambda: listings.drop_old_header(desk.world, visit.actor, listing_id, check_reason(reason)),
    )


def amounts(desk: Desk, visit: Visit) -> Answer:
    """The unit changed; or confirmed by Sage, on the evidence named; or the confirmation taken back."""
    listing_id, reason = visit.path["listing"], visit.fields.get("reason", "")
    unit, evidence = _unit(visit), visit.fields.get("evidence", "")
    changes: dict[str, Callable[[], object]] = {
        "unit": lambda: listings.update(
            desk.world, visit.actor, listing_id, {"amount_unit": unit}, None, check_reason(reason)
        ),
        "confirm": lambda: listings.confirm(desk.world, visit.actor, listing_id, unit, evidence, reason),
        "withdraw": lambda: listings.withdraw_confirmation(desk.world, visit.actor, listing_id, reason),
    }
    change = changes.get(visit.fields.get("do", ""), changes["confirm"])
    return _changed(desk, visit, "amounts", change)


def try_connection(desk: Desk, visit: Visit) -> Answer:
    listing_id = visit.path["listing"]
    trial = registering.try_connection(desk.world, visit.actor, listing_id)
    to = f"integrations/{listing_id}"
    if trial.problem is not None:
        return desk.go(visit, to, "listing_answers_not", kind="bad", reason=told(visit.words.language, trial.problem))
    return desk.go(visit, to, "listing_answers" if trial.is_registered else "listing_answers_stranger")


def register(desk: Desk, visit: Visit) -> Answer:
    listing_id = visit.path["listing"]
    to = f"integrations/{listing_id}"
    try:
        registering.register(desk.world, desk.registrar, visit.actor, listing_id, desk.public_url, None)
    except (Conflict, Unavailable) as refusal:
        return desk.go(visit, to, "listing_not_registered", kind="bad", reason=whole(visit.words, refusal))
    return desk.go(visit, to, "listing_registered")


def ask_remove(desk: Desk, visit: Visit) -> Answer:
    found = listings.get(desk.world, visit.path["listing"])
    title = visit.words["listing_remove_title"].format(name=found.name)
    return desk.page(visit, "listing_remove.html", title, listing=found)


def remove(desk: Desk, visit: Visit) -> Answer:
    listing_id, reason = visit.path["listing"], visit.fields.get("reason", "").strip() or None
    if visit.fields.get("at_sage"):
        registering.unregister(desk.world, desk.registrar, visit.actor, listing_id, reason)
    else:
        listings.remove(desk.world, visit.actor, listing_id, reason)
    return desk.go(visit, "integrations", "listing_removed", id=listing_id)


def ask_new(desk: Desk, visit: Visit) -> Answer:
    return _new_page(desk, visit, Form())


def add(desk: Desk, visit: Visit) -> Answer:
    """A listing that Sage does not know yet, or knows by a bank id."""
    given = {name: visit.fields.get(name, "").strip() for name in (*TEXTS, "id", "header_name", "bank_id")}
    try:
        made = Listing(
            id=given["id"],
            name=given["name"],
            region=given["region"],
            country=given["country"],
            url=given["url"],
            provider_url=given["provider_url"],
            token_url=given["token_url"],
            client_id=given["client_id"],
            audience=given["audience"],
            bank_id=given["bank_id"] or None,
            external_ref=desk.world.ids.uuid(),
            jwks_url=given["jwks_url"] or registering.usual_jwks_url(given["token_url"]),
            connector_issuer=None,
            connector_audience=None,
            header_name=given["header_name"],
            amount_unit=_unit(visit),
            created_at=desk.world.clock(),
        )
        listings.add(desk.world, visit.actor, made, _secrets(visit))
    except (Invalid, Conflict) as refusal:
        return _new_page(desk, visit, _said(visit, refusal), 422)
    return desk.go(visit, f"integrations/{made.id}", "listing_added")


def _new_page(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    return desk.page(visit, "listing_new.html", visit.words["listing_new"], status, form=form, texts=TEXTS)


def _changed(desk: Desk, visit: Visit, section: str, change: Callable[[], object]) -> Answer:
    """Back to the listing; or the page again, with what was filled in and what is wrong with it."""
    try:
        change()
    except (Invalid, Conflict) as refusal:
        return _page(desk, visit, section, _said(visit, refusal), 422)
    return desk.go(visit, f"integrations/{visit.path['listing']}", "done_saved")


def _page(desk: Desk, visit: Visit, section: str, form: Form, status: int = 200) -> Answer:
    listing_id = visit.path["listing"]
    found, linking = listings.get(desk.world, listing_id), integration.get(desk.world, listing_id)
    stored = {each.name: str(getattr(found, each.name) or "") for each in fields(Listing)}
    stored |= {name: getattr(linking, name) or "" for name in _SETTINGS}
    forms = {name: Form(stored) for name in ("settings", "facts", "secrets", "header", "amounts")}
    if section:
        forms[section] = form
    return desk.page(
        visit,
        "listing.html" if visit.may(Role.administrator) else "listing_read.html",
        found.name,
        status,
        listing=found,
        linking=linking,
        forms=forms,
        texts=TEXTS,
        units=list(AmountUnit),
        header_values=listings.header_values_in_force(desk.world, listing_id),
        goes_by_settings=listing_id == desk.settings_listing,
        callbacks=registering.callbacks_of(desk.public_url, listing_id),
    )


def _said(visit: Visit, refusal: Refusal) -> Form:
    kept = {name: text for name, text in visit.fields.items() if name not in _SECRETS}
    form = refused(visit.words, kept, refusal, "listing_")
    problems = {_FIELDS.get(name, name): problem for name, problem in form.problems.items()}
    return Form(form.values, problems, problems.pop("secrets", form.problem))


def _secrets(visit: Visit) -> ListingSecrets:
    client_secret, api_key, header_value = (visit.fields.get(name, "").strip() for name in _SECRETS)
    return ListingSecrets(client_secret, api_key, (header_value,))


def _unit(visit: Visit) -> AmountUnit:
    return AmountUnit.major if visit.fields.get("amount_unit") == AmountUnit.major.value else AmountUnit.minor


PAGES = (
    PortalPage("integrations/new", ask_new, add, needs=Role.administrator),
    PortalPage(_PATH, show),
    PortalPage(f"{_PATH}/settings", act=settings),
    PortalPage(f"{_PATH}/facts", act=facts),
    PortalPage(f"{_PATH}/secrets", act=rotate),
    PortalPage(f"{_PATH}/drop-old-header", act=drop_old_header),
    PortalPage(f"{_PATH}/amounts", act=amounts),
    PortalPage(f"{_PATH}/try", act=try_connection),
    PortalPage(f"{_PATH}/register", act=register),
    PortalPage(f"{_PATH}/remove", ask_remove, remove, needs=Role.administrator),
)
