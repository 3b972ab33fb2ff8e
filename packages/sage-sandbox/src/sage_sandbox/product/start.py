"""The sandbox's first page: every product and region to choose from, and where everything else is."""

from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox.exchange import read_form, world_of
from sage_sandbox.product import screens
from sage_sandbox.product.client import Answered, sign_up
from sage_sandbox.product.profiles import PRODUCTS, REGIONS, Profile, profile_of
from sage_sandbox.product.screens import is_foreign, is_loopback, language_of, outside, render
from sage_sandbox.product.tenancy import Kind, LedgerAccount, ProductCompany
from sage_sandbox.product.words import LANGUAGES, words_in
from sage_sandbox.records import Region
from sage_sandbox.world import PREFIXES, World

COMPANIES_MAX = 500
NAME_LENGTH_MAX = 80
_LEDGERS: tuple[tuple[Kind, str], ...] = (("current", "1200"), ("savings", "1210"), ("card", "1240"))


async def get_start(request: Request) -> Response:
    world, language = world_of(request), language_of(request)
    companies = [
        (company, profile, site_of(request, profile) + screens.home_of(company))
        for company in reversed(world.book.product_companies.values())
        if (profile := profile_of(company.product, company.region))
    ]
    banks = [bank for bank in world.book.banks.values() if not bank.removed]
    accounts = [(account, world.ledger(account.bank_account_id).count) for account in world.book.bank_accounts.values()]
    return render(
        "start.html",
        targets=_targets(request),
        t=words_in(language).say,
        language=language,
        languages=LANGUAGES,
        products=[(product, _site(request, product.key)) for product in PRODUCTS.values()],
        regions=REGIONS,
        companies=companies,
        addresses=world.addresses,
        banks=banks,
        accounts=accounts,
    )


def _site(request: Request, product_key: str) -> str:
    """A product has a site of its own, so that a frame inside it is from another one; on this machine alone."""
    if not is_loopback(request.url.hostname):
        return ""
    port = f":{request.url.port}" if request.url.port else ""
    name = product_key if product_key[0].isalpha() else f"sage{product_key}"
    return f"{request.url.scheme}://{name}.localhost{port}"


def site_of(request: Request, profile: Profile) -> str:
    return _site(request, profile.product.key)


def _targets(request: Request) -> str:
    if not is_loopback(request.url.hostname):
        return "'self'"
    port = f":{request.url.port}" if request.url.port else ""
    return f"'self' {request.url.scheme}://*.localhost{port}"


async def post_company(request: Request) -> Response:
    world = world_of(request)
    if is_foreign(request):
        return outside(request, "foreign", 403)
    form = await read_form(request)
    product, _, region = form.get("profile", "").partition(".")
    profile = profile_of(product, region)
    if profile is None:
        return outside(request, "unsold", 400)
    if len(world.book.product_companies) >= COMPANIES_MAX:
        return outside(request, "full", 409)
    language = form.get("language", "")
    language = language if language in LANGUAGES else language_of(request)
    name = form.get("name", "").strip()[:NAME_LENGTH_MAX] or words_in(language).say("company.default")
    try:
        cluster, key, now = _cluster(world, profile), world.new_id(), world.clock.now()
        company = await sign_up(world, profile, cluster, key, name, language, now)
    except Answered:
        return outside(request, "unreachable", 502)
    company.accounts = _first_accounts(world, company, profile)
    world.keep(company)
    return screens.go(screens.home_of(company))


def _cluster(world: World, profile: Profile) -> Region:
    """The region's own; but where the provider under test has registered with another one alone, that one."""
    own = profile.region.cluster
    wired: list[Region] = [region for region in PREFIXES if world.first_of(region)[1].callbacks is not None]
    return own if own in wired or not wired else wired[0]


def _first_accounts(world: World, company: ProductCompany, profile: Profile) -> list[LedgerAccount]:
    return [
        LedgerAccount(
            account_id=world.new_id(),
            name=screens.say(company, profile, f"ledger.{kind}"),
            number=number,
            kind=kind,
            currency=profile.region.currency,
        )
        for kind, number in _LEDGERS
    ]
