"""Where `redirect` and `linkUrl` lead: one page without secrets that says where to start in Sage.

No key is asked for: whoever has the address has the ids in it already, and learns nothing more than that they exist.
"""

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
_VERSION = hashlib.sha256(_CSS.encode()).hexdigest()[:12]
STYLESHEET_PATH = "/link/page.css"
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}


def stylesheet(_api: Api, _call: Call, _actor: str) -> Answer:
    kept = {"cache-control": "public, max-age=86400", "x-content-type-options": "nosniff"}
    return Answer(200, _CSS.encode(), "text/css; charset=utf-8", kept)


def company(api: Api, call: Call, _actor: str) -> Answer:
    companies.get(api.world, company_id(call))
    return _page(call, "link.html", 200, connection_id=None)


def connection(api: Api, call: Call, _actor: str) -> Answer:
    found = connections.get(api.world, company_id(call), connection_id(call))
    return _page(call, "link.html", 200, connection_id=found.id)


def on_error(error: Exception, call: Call) -> Answer:
    """The JSON surface's statuses, told to a person; a reference only where it is our fault."""
    if not isinstance(error, Refusal):
        return _page(call, "link_trouble.html", 500, correlation_id=call.correlation_id)
    page = _page(call, "link_trouble.html", status_of(error), correlation_id=None)
    return replace(page, headers={**page.headers, **headers_of(error)})


def _page(call: Call, template: str, status: int, **facts: str | None) -> Answer:
    """The stylesheet's address is relative, so that it is right behind any proxy."""
    up = "../" * call.url_path.partition("/link/")[2].count("/")
    html = _pages.get_template(template).render(stylesheet=f"{up}page.css?v={_VERSION}", **facts)
    return Answer(status, html.encode(), "text/html; charset=utf-8", _HEADERS)
