"""The page's HTML and headers. It lives in Sage's iframe: no script, no cookie, nothing from elsewhere."""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import jinja2

from bankfeeds.domain.authorisation import AuthorisationKind
from bankfeeds.flows.authorise import Session
from bankfeeds.flows.context import Limits
from bankfeeds.web.authorise.words import Words
from bankfeeds.web.endpoint import Answer

HTML = "text/html; charset=utf-8"
CONNECTION_ID_SHOWN_MAX = 100
_FOLDER = Path(__file__).with_name("templates")
STYLESHEET = (_FOLDER / "page.css").read_bytes()
_VERSION = hashlib.sha256(STYLESHEET).hexdigest()[:12]
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


class Page:
    """Made once: the headers follow from the limits, the addresses from where we are reached."""

    def __init__(self, limits: Limits, public_url: str) -> None:
        self._prefix = urlsplit(public_url).path.rstrip("/") + "/authorise"
        self._headers = _headers(limits)

    def form(
        self, words: Words, shown: Session, handle: str, status: int = 200, problem: str = "", typed: str = ""
    ) -> Answer:
        """`problem` is one of the catalogue's keys; the password typed is never shown again."""
        kind = "renewal" if shown.kind is AuthorisationKind.reauthorisation else "onboarding"
        institution = shown.institution or ""
        return self._answer(
            "form.html",
            status,
            words,
            shown,
            title=words[f"title_{kind}"],
            lead=words[f"lead_{kind}"].format(institution=institution),
            otp_help=words["otp_help"].format(institution=institution),
            problem=words[problem].format(institution=institution) if problem else "",
            is_wrong=problem == "wrong",
            connection_id=typed[:CONNECTION_ID_SHOWN_MAX],
            cancel_url=f"{self._prefix}/{handle}/cancel",
        )

    def waiting(self, words: Words, shown: Session, status: int = 200) -> Answer:
        title, lead, known = words["waiting_title"], words["waiting"], shown.connection_id or ""
        return self._answer("waiting.html", status, words, shown, title=title, lead=lead, connection_id=known)

    def cancel(self, words: Words, shown: Session, handle: str) -> Answer:
        title, lead, back = words["cancel_title"], words["cancel_lead"], f"{self._prefix}/{handle}"
        return self._answer("cancel.html", 200, words, shown, title=title, lead=lead, form_url=back)

    def message(self, words: Words, shown: Session | None, status: int, name: str) -> Answer:
        """A page that says one thing, with the way back to Sage if it is known."""
        return self._answer(
            "message.html",
            status,
            words,
            shown,
            title=words[f"{name}_title"],
            lead=words[name],
            role="status" if name == "done" else "alert",
            return_to=shown.return_to if shown else None,
        )

    def redirect(self, url: str) -> Answer:
        return Answer(303, headers={**self._headers, "location": url})

    def stylesheet(self) -> Answer:
        headers = {"cache-control": "public, max-age=86400", "x-content-type-options": "nosniff"}
        return Answer(200, STYLESHEET, "text/css; charset=utf-8", headers)

    def _answer(
        self, template: str, status: int, words: Words, shown: Session | None, **values: str | bool | None
    ) -> Answer:
        html = _templates.get_template(template).render(
            words=words,
            institution=shown.institution if shown else None,
            stylesheet=f"{self._prefix}/assets/page.css?v={_VERSION}",
            **values,
        )
        headers = {**self._headers, "content-language": words.language, "vary": "accept-language"}
        return Answer(status, html.encode("utf-8", "replace"), HTML, headers)


def _headers(limits: Limits) -> dict[str, str]:
    """Redirect targets are form actions too: a browser checks them when it follows the answer to the form."""
    targets, frames = " ".join(limits.redirects.patterns), " ".join(limits.frames.patterns)
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        f"form-action 'self' {targets}",
        f"frame-ancestors 'self' {frames}",
    )
    return {
        "content-security-policy": "; ".join(policy),
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
