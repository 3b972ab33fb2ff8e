"""No page in French says anything in English that is ours: every page walked to by its links, every form filled in wrongly."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from bankfeeds.domain.outcome import Unknown
from bankfeeds.flows import branding, integration, keys, listings, operate, pausing
from bankfeeds.flows.pausing import Target
from bankfeeds.store.seal import Sealer
from bankfeeds.web.portal import phrases
from bankfeeds.web.portal.words import LANGUAGES

from .... import consent, worlds
from ....flows.delivery.operators import ANN, WHY, park
from .. import portal_site
from ..test_integrations import Sage

pytestmark = pytest.mark.parametrize("make_platform", ["sqlite"], indirect=True)
PRE, TAG = re.compile(r"<(head|pre)[\s\S]*?</\1>"), re.compile(r"<[^>]*>")
PLACE = re.compile(r"\{\w*\}")
LETTERS_MIN = 12
"""Of a text in one piece: fewer are in French words too."""
NOT_OURS = re.compile(
    r"^(developers/api|sign-out|branding/(preview|logo)|assets|accounts/[^/]+/reconciliation/(csv|html))"
)
"""The description of the API is in English, as the API is; so are files to keep."""
ODD = "\u00a7 !"
QUERIES = ("before=x", "after=x", "page=x", "page=0", "status=x", "from=x", "show=x", "lines=x", "q=%00")


def pieces(text: str) -> list[str]:
    return [part for part in PLACE.split(text) if len(re.sub(r"[^A-Za-z]", "", part)) >= LETTERS_MIN and " " in part]


def english() -> set[str]:
    """What our pages and flows say in English and not in French."""
    french = "\n".join([*LANGUAGES["fr"].texts.values(), *phrases.PHRASES["fr"].values()])
    said = [*LANGUAGES["en"].texts.values(), *phrases.PHRASES["fr"]]
    return {piece.strip() for text in said for piece in pieces(text) if piece.strip() not in french}


class Walk:
    """Through all pages by their links; `forms` by their addresses, with the names of their fields."""

    def __init__(self, site: Any) -> None:
        self._site, self._english = site, english()
        self.found: dict[str, str] = {}
        self.pages: set[str] = set()
        self.forms: dict[str, list[str]] = {}

    def go(self, start: str = "") -> None:
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if path in self.pages or NOT_OURS.match(path) or len(self.pages) > 300:
                continue
            self.pages.add(path)
            answer = self._site.get(path, "fr")
            self.look(path, answer)
            waiting += [unescape(each) for each in re.findall(r'href="/portal/([^"#]*)', answer.text)]
            for form in re.findall(r'<form[^>]*method="post"[\s\S]*?</form>', answer.text):
                action = re.search(r'action="/portal/([^"]*)', form)
                names = re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', form)
                self.forms[unescape(action[1]) if action else path] = [name for name in names if name != "csrf"]

    def fill_in(self, value: str) -> None:
        """What takes something away comes last."""
        for path, names in sorted(self.forms.items(), key=lambda form: (form[0].endswith(("remove", "unlink")), form)):
            if not NOT_OURS.match(path):
                self._post(path, dict.fromkeys(names, value), f"{path} filled in with {value[:3]!r}")

    def _post(self, path: str, given: dict[str, str], told: str) -> None:
        answer = self._site.post(path, given, "fr")
        self.look(told, answer)
        if answer.status_code == 303:
            to = answer.headers["location"].removeprefix("/portal/")
            self.look(f"{told}, and led on to {to}", self._site.get(to, "fr"))

    def look(self, path: str, answer: Any) -> None:
        assert answer.status_code < 500, (path, answer.text)
        text = " ".join(unescape(TAG.sub(" ", PRE.sub(" ", answer.text))).split())
        self.found |= {piece: path for piece in self._english if piece in text}


@pytest.fixture
def busy(server: worlds.Server, platform: Any, make_lines: Any) -> Any:
    """Something of everything: a parked feed, a skipped line, warnings, a pause, a consumer, a second listing."""
    world = platform.world = replace(platform.world, sealer=Sealer(("a secret key of these tests",)))
    park(platform, make_lines)
    operate.skip(world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = {"t-7"}
    platform.run()
    platform.push(*make_lines("2026-02-01", start=1))
    pausing.pause(world, ANN, Target(), WHY)
    listings.add(world, ANN, consent.listing(id="second", bank_id=None), consent.SECRETS)
    integration.change(world, ANN, "second", {"enabled": "off"})
    branding.change(world, ANN, {"name": "Banque du Port", "colour": "#0b3b71"})
    keys.create(world, ANN, "grand livre")
    registrar = Sage(Unknown("Sage's answer names no bank id"))
    with portal_site.serving(server, world, registrar=registrar) as site:
        site.sign_in_as("administrator")
        yield site


def test_no_page_in_french_says_anything_of_ours_in_english(busy: Any) -> None:
    walk = Walk(busy)
    walk.go()
    assert len(walk.pages) > 30, walk.pages
    assert len(walk.forms) > 20, walk.forms
    for path in [path for path in walk.pages if "?" not in path]:
        for query in QUERIES:
            walk.look(f"{path}?{query}", busy.get(f"{path}?{query}", "fr"))
    for path in ("companies/none", "accounts/none", "pushes/none", "feeds/999", "integrations/none", "operators/99",
                 "webhooks/none", "nowhere"):  # fmt: skip
        walk.look(path, busy.get(path, "fr"))
    for value in ("", ODD, "x" * 2500):
        walk.fill_in(value)
    assert walk.found == {}
