"""`GET /sage/{listing}/auth` and `/authrefresh`: HTML that Sage puts into a page of its own.

It sends the person on to our page, or to the institution's web app. Nothing secret is in it but the one-time handle.
"""

import base64
import hashlib
import json
from dataclasses import replace
from html import escape

from bankfeeds.domain.errors import Refusal, one_flaw
from bankfeeds.domain.origins import with_parameters
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.authorise import present
from bankfeeds.flows.context import World
from bankfeeds.flows.integration import redirects_in_force
from bankfeeds.web.authorise.words import Words, words_for
from bankfeeds.web.endpoint import Answer, Call
from bankfeeds.web.form import read_form
from bankfeeds.web.surface import Surface

PARAMETER_LENGTH_MAX = 2048
_HTML = "text/html; charset=utf-8"
_EXPLAINED = frozenset(
    {"session_unknown", "session_used", "session_over", "redirect_refused", "account_unknown", "listing"}
)


def authorise(world: World, surface: Surface, call: Call) -> Answer:
    """A first authorisation."""
    return _answer(world, surface, call, is_renewal=False)


def renew(world: World, surface: Surface, call: Call) -> Answer:
    """A renewal, for the account that Sage names by the id we gave it. Sage's documents also speak of a POST."""
    if call.method == "POST" and not call.query:
        call = replace(call, query=tuple(read_form(call.body).items()))
    return _answer(world, surface, call, is_renewal=True)


def _answer(world: World, surface: Surface, call: Call, *, is_renewal: bool) -> Answer:
    words = words_for(call.headers.get("accept-language", ""))
    try:
        url = _present(world, surface, call, is_renewal=is_renewal)
    except Refusal as refusal:
        return _explanation(world, call, words, refusal.code if refusal.code in _EXPLAINED else "malformed")
    return _onward(words, url)


def _present(world: World, surface: Surface, call: Call, *, is_renewal: bool) -> str:
    presented = present(
        world,
        call.path["listing"],
        _parameter(call, "authorisation_id"),
        None if is_renewal else _parameter(call, "bank"),
        _parameter(call, "redirect_uri"),
        _parameter(call, "state"),
        _parameter(call, "externalId") if is_renewal else None,
    )
    return presented.elsewhere or f"{surface.public_url}/authorise/{presented.handle}"


def _parameter(call: Call, name: str) -> str:
    value = call.first(name) or ""
    if not 1 <= len(value) <= PARAMETER_LENGTH_MAX or not is_storable(value):
        raise one_flaw(name, "is missing", "malformed")
    return value


def _onward(words: Words, url: str) -> Answer:
    """The form Sage documents, an immediate script; and a plain link, where scripts are not run."""
    quoted = json.dumps(url).replace("<", "\\u003c").replace(">", "\\u003e")
    script = f"window.location = {quoted};"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html = f'<script>{script}</script>\n<p><a href="{escape(url)}">{escape(words["continue"])}</a></p>\n'
    return _page(html, f"script-src 'sha256-{digest}'")


def _explanation(world: World, call: Call, words: Words, code: str) -> Answer:
    link = ""
    redirect_uri, state = call.first("redirect_uri") or "", call.first("state") or ""
    if redirects_in_force(world).allow(redirect_uri):
        url = with_parameters(redirect_uri, state=state) if state else redirect_uri
        link = f'<p><a href="{escape(url)}">{escape(words["return"])}</a></p>\n'
    html = f"<h1>{escape(words['refused_title'])}</h1>\n<p>{escape(words[f'refused_{code}'])}</p>\n{link}"
    return _page(html, "")


def _page(html: str, policy: str) -> Answer:
    headers = {
        "content-security-policy": "; ".join(part for part in ("default-src 'none'", policy) if part),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Answer(200, html.encode("utf-8", "replace"), _HTML, headers)
