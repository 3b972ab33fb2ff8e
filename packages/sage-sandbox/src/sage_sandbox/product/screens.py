"""How the product's pages are made: one visit a request, its words, its profile, its headers, who may post to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sage_sandbox.exchange import world_of
from sage_sandbox.product import formats
from sage_sandbox.product.client import Answered, ConsumerClient
from sage_sandbox.product.profiles import Profile, profile_of
from sage_sandbox.product.tenancy import LedgerAccount, ProductCompany
from sage_sandbox.product.words import LANGUAGES, Words, wanted, words_in
from sage_sandbox.world import World

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action {targets}; frame-src {frames}"
)
_templates = Environment(
    loader=PackageLoader("sage_sandbox", "product/templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Missing(Exception):
    """Nothing is at this address (any more)."""


@dataclass(slots=True)
class Visit:
    """A user of one company, looking at one page."""

    request: Request
    world: World
    company: ProductCompany
    profile: Profile

    @property
    def words(self) -> Words:
        return words_in(self.company.language)

    @property
    def client(self) -> ConsumerClient:
        return ConsumerClient(self.world, self.company, self.profile)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def home(self) -> str:
        return home_of(self.company)

    def say(self, key: str, **values: object) -> str:
        return say(self.company, self.profile, key, **values)

    def account(self) -> LedgerAccount:
        found = self.company.account(self.request.path_params["account_id"])
        if found is None:
            raise Missing
        return found

    def url(self, account: LedgerAccount, verb: str = "") -> str:
        return f"{self.home}/accounts/{account.account_id}{verb and '/'}{verb}"

    def money(self, amount: Decimal | None, currency: str) -> str:
        if amount is None:
            return ""
        shown = formats.major(amount, currency, self.world.settings.amount_unit)
        return formats.money(shown, currency, self.company.language)

    def day(self, on: date) -> str:
        return formats.day(on, self.company.language)

    def moment(self, at: datetime) -> str:
        return formats.moment(at, self.profile.zone, self.company.language)

    def show(self, template: str, status: int = 200, *, frames: bool = False, **values: Any) -> HTMLResponse:
        context: dict[str, Any] = {
            "t": self.say,
            "language": self.company.language,
            "languages": LANGUAGES,
            "visit": self,
            "company": self.company,
            "profile": self.profile,
            "money": self.money,
            "day": self.day,
            "moment": self.moment,
            "here": self.request.url.path,
        }
        return render(template, status, "*" if frames else "'none'", **context, **values)

    def refuse(self, heading: str, text: str, status: int, onward: str = "") -> HTMLResponse:
        return self.show("message.html", status, heading=heading, text=text, onward=onward or self.home)


def home_of(company: ProductCompany) -> str:
    return f"/ui/c/{company.company_key}"


def say(company: ProductCompany, profile: Profile, key: str, **values: object) -> str:
    named = {"product": profile.product.name, **values}
    return words_in(company.language).say(key, profile.product.style, profile.region.key, **named)


def render(
    template: str, status: int = 200, frames: str = "'none'", targets: str = "'self'", **values: Any
) -> HTMLResponse:
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _POLICY.format(frames=frames, targets=targets),
        "Content-Language": values["language"],
    }
    return HTMLResponse(_templates.get_template(template).render(**values), status, headers)


def language_of(request: Request) -> str:
    """For pages outside any company: as asked for, else as the browser says."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else wanted(request.headers.get("accept-language", ""))


def go(url: str) -> Response:
    return RedirectResponse(url, 303)


# --- who asks -------------------------------------------------------------------------------------------------------


def is_loopback(host: str | None) -> bool:
    return host in _LOOPBACK or (host or "").endswith(".localhost")


def origin_of(request: Request) -> str:
    """Where the user's browser has us; a proxy before us may have taken the call by https."""
    public = world_of(request).addresses.origin
    is_public = urlsplit(public).netloc == request.url.netloc
    return public if is_public else f"{request.url.scheme}://{request.url.netloc}"


def is_foreign(request: Request) -> bool:
    """Whether a form was sent by a page of somebody else's; clients that are no browsers say nothing."""
    origin = request.headers.get("origin")
    if origin is None or origin == origin_of(request):
        return False
    try:
        parts = urlsplit(origin)
        same_port = parts.port == request.url.port
    except ValueError:
        return True
    return not (same_port and is_loopback(parts.hostname) and is_loopback(request.url.hostname))


def outside(request: Request, key: str, status: int) -> HTMLResponse:
    """A message that belongs to no company."""
    words = words_in(language_of(request))
    return render(
        "outside.html", status, t=words.say, language=words.language, languages=LANGUAGES,
        heading=words.say(f"{key}.title"), text=words.say(f"{key}.text"),
    )  # fmt: skip


def page(handler: Callable[[Visit], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint of a company's: it exists, the form is its own, and what the Banking Service refuses is told."""

    async def endpoint(request: Request) -> Response:
        world = world_of(request)
        company = world.book.product_companies.get(request.path_params["company_key"])
        profile = profile_of(company.product, company.region) if company else None
        if company is None or profile is None:
            return outside(request, "gone", 404)
        if request.method == "POST" and is_foreign(request):
            return outside(request, "foreign", 403)
        visit = Visit(request, world, company, profile)
        try:
            answer = await handler(visit)
        except Missing:
            return visit.refuse(visit.say("missing.title"), visit.say("missing.text"), 404)
        except Answered as answered:
            told = visit.say("refused.text", status=answered.status or "\u2013", message=answered.message)
            return visit.refuse(visit.say("refused.title"), told, 502)
        finally:
            if world.book.product_companies.get(company.company_key) is company:
                world.keep(company)
        return answer

    return endpoint
