"""Branding: the institution's name, colour and logo on the authorisation page, with that page beside the form."""

from urllib.parse import urlencode

from bankfeeds.domain.authorisation import AuthorisationKind
from bankfeeds.domain.branding import NAME_LENGTH_MAX, Branding, contrast, text_on, tidy_colour
from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.logo import BYTES_MAX
from bankfeeds.flows import branding, integration, listings
from bankfeeds.flows.session import Session, Stage
from bankfeeds.web.authorise.page import Page
from bankfeeds.web.authorise.words import words_for
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.visit import PortalPage, Visit

PATH = "branding"
_PREVIEW = f"{PATH}/authorise"
"""Below which the previewed page finds its style sheets and its logo, as it would below /authorise."""
FORM_BYTES_MAX = BYTES_MAX + 16 * 1024
_FIELDS = ("name", "colour")


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, Form(), branding.get(desk.world))


def act(desk: Desk, visit: Visit) -> Answer:
    """Saved; or shown in the preview alone, if that was asked for."""
    given = {name: visit.fields.get(name, "").strip() for name in _FIELDS}
    if visit.fields.get("do") == "preview":
        looks = Branding(given["name"][:NAME_LENGTH_MAX] or None, tidy_colour(given["colour"]))
        return _page(desk, visit, Form(given), looks)
    try:
        branding.change(desk.world, visit.actor, given)
    except Invalid as refusal:
        return _page(desk, visit, refused(visit.words, given, refusal, "branding_"), branding.get(desk.world), 422)
    return desk.go(visit, PATH, "done_saved")


def change_logo(desk: Desk, visit: Visit) -> Answer:
    """A file, or none: then the logo goes."""
    posted = visit.files.get("logo")
    content = posted.content if posted and posted.content else None
    is_away = visit.fields.get("do") == "remove"
    if content is None and not is_away:
        form = Form(problems={"logo": visit.words["branding_no_file"]})
        return _page(desk, visit, form, branding.get(desk.world), 422)
    try:
        branding.change_logo(desk.world, visit.actor, None if is_away else content)
    except Invalid as refusal:
        form = refused(visit.words, {}, refusal, "branding_")
        return _page(desk, visit, form, branding.get(desk.world), 422)
    return desk.go(visit, PATH, "done_saved")


def preview(desk: Desk, visit: Visit) -> Answer:
    """The authorisation page as it would look; it is shown in a frame, where nothing of it can be sent."""
    saved = branding.get(desk.world)
    looks = Branding(None, tidy_colour(visit.first("colour")), saved.logo_type, saved.logo_digest)
    listed = listings.every(desk.world)
    shown = Session(
        Stage.open,
        AuthorisationKind.onboarding,
        visit.first("name") or (listed[0].name if listed else visit.words["branding_your_bank"]),
        branding=looks,
        call_to_action=_call_to_action(desk),
        data_types=integration.institution(desk.world).data_types,
    )
    return _looks_like(desk).form(words_for(visit.words.language), shown, "preview")


def stylesheet(desk: Desk, _visit: Visit) -> Answer:
    return _looks_like(desk).stylesheet()


def colours(desk: Desk, visit: Visit) -> Answer:
    """Of the colour in the address, which need not be the one that is saved."""
    return _looks_like(desk).colours(Branding(colour=tidy_colour(f"#{visit.first('v')}")))


def logo(desk: Desk, _visit: Visit) -> Answer:
    return _looks_like(desk).logo(branding.logo(desk.world))


def _looks_like(desk: Desk) -> Page:
    return Page(desk.world.limits, f"{desk.public_url}/portal/{PATH}")


def _call_to_action(desk: Desk) -> tuple[str, str] | None:
    for each in integration.every(desk.world):
        if each.call_to_action_text and each.call_to_action_url:
            return each.call_to_action_text, each.call_to_action_url
    return None


def _page(desk: Desk, visit: Visit, form: Form, looks: Branding, status: int = 200) -> Answer:
    saved = branding.get(desk.world)
    query = urlencode({name: text for name in _FIELDS if (text := getattr(looks, name))})
    return desk.page(
        visit,
        "branding.html",
        visit.words["branding_title"],
        status,
        form=form,
        saved=saved,
        name_length_max=NAME_LENGTH_MAX,
        contrast=_contrast(visit, looks.colour) if looks.colour else None,
        is_white=looks.colour is not None and text_on(looks.colour) == "#ffffff",
        preview_url=f"{desk.root}/{PATH}/preview" + (f"?{query}" if query else ""),
        logo_url=f"{desk.root}/{_PREVIEW}/assets/logo?v={saved.logo_digest[:12]}" if saved.logo_digest else None,
    )


def _contrast(visit: Visit, colour: str) -> str:
    return f"{contrast(colour, text_on(colour)):.1f}".replace(".", visit.words["decimals"])


PAGES = (
    PortalPage(PATH, show, act),
    PortalPage(f"{PATH}/logo", act=change_logo, body_bytes_max=FORM_BYTES_MAX),
    PortalPage(f"{PATH}/preview", preview),
    PortalPage(f"{_PREVIEW}/assets/page.css", stylesheet),
    PortalPage(f"{_PREVIEW}/assets/colours.css", colours),
    PortalPage(f"{_PREVIEW}/assets/logo", logo),
)
