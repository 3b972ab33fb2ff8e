"""Where `redirect` and `linkUrl` lead: one page without secrets that says where to start in Sage.

No key is asked for: whoever has the address has the ids in it already, and learns nothing more than that they exist.
"""

import base64
import hashlib
from dataclasses import replace

import jinja2

from bankfeeds.domain.errors import Refusal
from bankfeeds.flows import companies, connections
from bankfeeds.web.codat.errors import headers_of, status_of
from bankfeeds.web.codat.exchange import Api, company_id, connection_id
from bankfeeds.web.endpoint import Answer, Call

_pages = jinja2.Environment(
    loader=jinja2.PackageLoader("bankfeeds.web.codat"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_CSS = _pages.get_template("link.css").render()
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}


def company(api: Api, call: Call, _actor: str) -> Answer:
    companies.get(api.world, company_id(call))
    return _page("link.html", 200, connection_id=None)


def connection(api: Api, call: Call, _actor: str) -> Answer:
    found = connections.get(api.world, company_id(call), connection_id(call))
    return _page("link.html", 200, connection_id=found.id)


def on_error(error: Exception, call: Call) -> Answer:
    """The JSON surface's statuses, told to a person; a reference only where it is our fault."""
    if not isinstance(error, Refusal):
        return _page("link_trouble.html", 500, correlation_id=call.correlation_id)
    page = _page("link_trouble.html", status_of(error), correlation_id=None)
    return replace(page, headers={**page.headers, **headers_of(error)})


def _page(template: str, status: int, **facts: str | None) -> Answer:
    html = _pages.get_template(template).render(css=_CSS, **facts)
    return Answer(status, html.encode(), "text/html; charset=utf-8", _HEADERS)
