"""The page's HTML and headers. It lives in Sage's iframe: no script, no cookie, nothing from elsewhere."""

import hashlib
import math
from pathlib import Path
from urllib.parse import urlsplit

import jinja2

from bankfeeds.domain.authorisation import AuthorisationKind
from bankfeeds.domain.branding import Branding, Logo, is_pale, text_on
from bankfeeds.domain.origins import Origins
from bankfeeds.flows.authorise import Session
from bankfeeds.flows.context import Limits
from bankfeeds.web.authorise.words import LANGUAGES, Words
from bankfeeds.web.endpoint import Answer

HTML = "text/html; charset=utf-8"
CONNECTION_ID_SHOWN_MAX = 100
_FOLDER = Path(__file__).with_name("templates")
STYLESHEET = (_FOLDER / "page.css").read_bytes()
_VERSION = hashlib.sha256(STYLESHEET).hexdigest()[:12]
_KEPT = {"cache-control": "public, max-age=86400", "x-content-type-options": "nosniff"}
_PICTURE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""What a drawing may do where it is opened by itself: have its own style attributes."""
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


class Page:
    """Made once: the addresses follow from where we are reached."""

    def __init__(self, limits: Limits, public_url: str) -> None:
        self._prefix = urlsplit(public_url).path.rstrip("/") + "/authorise"
        self._limits = limits

    def form(
        self, words: Words, shown: Session, handle: str, status: int = 200, problem: str = "", typed: str = ""
    ) -> Answer:
        """`problem` is one of the catalogue's keys; the password typed is never shown again."""
        is_renewal = shown.kind is AuthorisationKind.reauthorisation
        kind = "renewal" if is_renewal else "onboarding"
        institution = shown.institution or ""
        return self._answer(
            "form.html",
            status,
            words,
            shown,
            title=words[f"title_{kind}"],
            lead=words[f"lead_{kind}"].format(institution=institution),
            renews=shown.renews if is_renewal else None,
            shared=[] if is_renewal else [words[f"shared_{each.value}"] for each in shown.data_types],
            call_to_action=shown.call_to_action,
            otp_help=words["otp_help"].format(institution=institution),
            problem=words[problem].format(institution=institution) if problem else "",
            is_wrong=problem == "wrong",
            connection_id=typed[:CONNECTION_ID_SHOWN_MAX],
            cancel_url=f"{self._prefix}/{handle}/cancel{_chosen(words)}",
        )

    def waiting(self, words: Words, shown: Session, status: int = 200) -> Answer:
        title, lead, known = words["waiting_title"], words["waiting"], shown.connection_id or ""
        return self._answer("waiting.html", status, words, shown, title=title, lead=lead, connection_id=known)

    def cancel(self, words: Words, shown: Session, handle: str) -> Answer:
        title, lead = words["cancel_title"], words["cancel_lead"]
        back = f"{self._prefix}/{handle}{_chosen(words)}"
        return self._answer("cancel.html", 200, words, shown, title=title, lead=lead, form_url=back)

    def too_many(self, words: Words, shown: Session, handle: str, retry_after_s: int) -> Answer:
        minutes = math.ceil(retry_after_s / 60)
        lead = words["too_many"].format(minutes=minutes)
        again = f"{self._prefix}/{handle}{_chosen(words)}"
        answer = self._message(words, shown, 429, "too_many", lead, again)
        return Answer(429, answer.body, HTML, {**answer.headers, "retry-after": str(retry_after_s)})

    def message(self, words: Words, shown: Session, status: int, name: str) -> Answer:
        """A page that says one thing, with the way back to Sage if it is known."""
        minutes = self._limits.session_s // 60
        return self._message(words, shown, status, name, words[name].format(minutes=minutes))

    def redirect(self, shown: Session, url: str) -> Answer:
        return Answer(303, headers={**self._headers(shown.targets), "location": url})

    def stylesheet(self) -> Answer:
        return Answer(200, STYLESHEET, "text/css; charset=utf-8", _KEPT)

    def colours(self, branding: Branding) -> Answer:
        """The institution's colour as a style sheet: the page takes none that stands in it."""
        colour = branding.colour
        if colour is None:
            return Answer(404)
        edge = "#16202c" if is_pale(colour) else colour
        css = f":root {{ --go: {colour}; --go-ink: {text_on(colour)}; --go-edge: {edge}; }}\n"
        return Answer(200, css.encode(), "text/css; charset=utf-8", _KEPT)

    def logo(self, logo: Logo | None) -> Answer:
        return Answer(404) if logo is None else Answer(200, logo.content, logo.type, {**_KEPT, **_PICTURE})

    def _message(
        self, words: Words, shown: Session, status: int, name: str, lead: str, again_url: str | None = None
    ) -> Answer:
        return self._answer(
            "message.html",
            status,
            words,
            shown,
            title=words[f"{name}_title"],
            lead=lead,
            role="status" if name == "done" else "alert",
            return_to=shown.return_to,
            again_url=again_url,
        )

    def _answer(self, template: str, status: int, words: Words, shown: Session, **values: object) -> Answer:
        looks, assets = shown.branding, f"{self._prefix}/assets"
        html = _templates.get_template(template).render(
            words=words,
            languages=LANGUAGES.values(),
            institution=shown.institution,
            stylesheet=f"{assets}/page.css?v={_VERSION}",
            colours=f"{assets}/colours.css?v={looks.colour[1:]}" if looks.colour else None,
            logo=f"{assets}/logo?v={looks.logo_digest[:12]}" if looks.logo_digest else None,
            **values,
        )
        headers = {**self._headers(shown.targets), "content-language": words.language, "vary": "accept-language"}
        return Answer(status, html.encode("utf-8", "replace"), HTML, headers)

    def _headers(self, targets: Origins) -> dict[str, str]:
        """Redirect targets are form actions too: a browser checks them when it follows the answer to the form."""
        policy = (
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            f"form-action 'self' {' '.join(targets.patterns)}",
            f"frame-ancestors 'self' {' '.join(self._limits.frames.patterns)}",
        )
        return {
            "content-security-policy": "; ".join(policy),
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }


def _chosen(words: Words) -> str:
    """What keeps a language that was chosen, where the browser asks for another."""
    return f"?lang={words.language}" if words.is_chosen else ""
