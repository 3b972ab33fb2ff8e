"""How the portal answers: the layout around every page, redirects with a word for the next page, headers."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from bankfeeds.domain.operator import Role
from bankfeeds.domain.ports import Registrar, SignOn
from bankfeeds.flows import operators
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import navigation, telling
from bankfeeds.web.portal.visit import Visit
from bankfeeds.web.portal.words import LANGUAGES
from bankfeeds.web.surface import Surface

HTML = "text/html; charset=utf-8"
_FOLDER = Path(__file__).with_name("templates")
STYLESHEET = (_FOLDER / "portal.css").read_bytes()
_VERSION = hashlib.sha256(STYLESHEET).hexdigest()[:12]
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Desk:
    """Made once; every page is given it. `root` is the path of the portal where browsers reach it."""

    def __init__(self, world: World, surface: Surface, registrar: Registrar, sign_on: SignOn | None = None) -> None:
        self.world = world
        self.registrar = registrar
        self.sign_on = sign_on
        self.public_url = surface.public_url
        self.settings_listing = surface.settings_listing
        self.root = urlsplit(surface.public_url).path.rstrip("/") + "/portal"
        self.is_https = surface.public_url.startswith("https://")

    def page(self, visit: Visit, template: str, title: str, status: int = 200, **values: object) -> Answer:
        """A template that extends base.html, with `values` and what every page has (see `_shared`)."""
        html = _templates.get_template(template).render(**self._shared(visit), title=title, **values)
        headers = {**HEADERS, "content-language": visit.words.language, "vary": "accept-language, cookie"}
        return Answer(status, html.encode("utf-8", "replace"), HTML, headers)

    def go(self, visit: Visit, to: str, say: str | None = None, **values: str) -> Answer:
        """To another page, by GET; `to` is below /portal. `say` is a key of the catalogue with its `values`, shown once
        on the next page.
        """
        if say is not None and visit.session is not None:
            operators.leave_word(self.world, visit.session, json.dumps({"say": say, **values}))
        return self.redirect(f"{self.root}/{to.lstrip('/')}")

    def redirect(self, location: str, **headers: str) -> Answer:
        return Answer(303, headers={**HEADERS, "location": location, **headers})

    def stylesheet(self) -> Answer:
        kept = {"cache-control": "public, max-age=86400", "x-content-type-options": "nosniff"}
        return Answer(200, STYLESHEET, "text/css; charset=utf-8", kept)

    def _shared(self, visit: Visit) -> dict[str, object]:
        words = visit.words
        tells = telling.Teller(words, self.world.clock())
        token = Markup('<input type="hidden" name="csrf" value="{}">').format(visit.token)
        return {
            "words": words,
            "languages": LANGUAGES.values(),
            "root": self.root,
            "here": f"{self.root}/{visit.here}",
            "back_here": visit.here,
            "stylesheet": f"{self.root}/assets/portal.css?v={_VERSION}",
            "environment": "production" if self.world.is_production else "development",
            "operator": visit.session.operator if visit.session else None,
            "may": visit.may,
            "may_change": visit.may(Role.administrator),
            "menu": _menu(visit),
            "word": _word(visit),
            "csrf": token,
            "now": tells.now,
            "query": tells.query,
            "instant": telling.instant,
            "when": tells.when,
            "age": tells.age,
            "lasting": telling.lasting,
            "number": tells.number,
            "count": tells.count,
            "amount": tells.amount,
            "told": tells.told,
        }


def _menu(visit: Visit) -> list[tuple[str, list[tuple[navigation.Item, bool]]]]:
    if visit.session is None or visit.session.operator.initial_until is not None:
        return []
    seen = [
        (group, [(item, navigation.is_current(item, visit.here)) for item in items if visit.may(item.needs)])
        for group, items in navigation.GROUPS
    ]
    return [(group, items) for group, items in seen if items]


def _word(visit: Visit) -> Mapping[str, str] | None:
    """`kind` and `text` of what the page before left."""
    if visit.word is None or visit.word.get("say") not in visit.words.texts:
        return None
    values = {name: text for name, text in visit.word.items() if name != "say"}
    return {"kind": values.pop("kind", "good"), "text": visit.words[visit.word["say"]].format(**values)}
