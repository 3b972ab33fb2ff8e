"""Integrations: there is one, Sage Bank Feeds. Its picture is our own drawing: Sage's logo is Sage's."""

from collections.abc import Mapping, Sequence

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.selection import holds
from bankfeeds.web.codat import wire
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.body import reply
from bankfeeds.web.codat.errors import legible
from bankfeeds.web.codat.exchange import Api
from bankfeeds.web.codat.paging import page, window
from bankfeeds.web.codat.querying import INTEGRATIONS, selection
from bankfeeds.web.endpoint import Answer, Call

NAME = "Sage Bank Feeds"
LOGO_PATH = "/link/integrations/olpr.svg"
_LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64" role="img" \
aria-label="Bank feeds"><rect width="64" height="64" rx="12" fill="#0b5345"/><g fill="none" stroke="#fff" \
stroke-width="4" stroke-linecap="round" stroke-linejoin="round"><path d="M12 26 32 14 52 26Z"/>\
<path d="M18 32v12M28 32v12M38 32v12M48 32v4M12 50h26"/><path d="M42 48h10M48 43l5 5-5 5"/></g></svg>"""
_FEATURES = {"bankAccounts": ("Put",), "bankTransactions": ("Post",)}


def listed(api: Api, call: Call, _actor: str) -> Answer:
    view = window(call)
    wanted = selection(call, INTEGRATIONS)
    found = [each for each in (_integration(api),) if holds(wanted.condition, _fields(each))]
    return reply(page(call, view, found[view.offset : view.offset + view.size], len(found)))


def get(api: Api, call: Call, _actor: str) -> Answer:
    _check(call)
    return reply(_integration(api))


def branding(api: Api, call: Call, _actor: str) -> Answer:
    _check(call)
    image = words.BrandingImage(words.Image(api.public_url + LOGO_PATH, NAME))
    return reply(words.Branding(words.BrandingLogo(image, image), wire.SOURCE_ID))


def logo(_api: Api, _call: Call, _actor: str) -> Answer:
    return Answer(200, _LOGO.encode(), "image/svg+xml", {"cache-control": "public, max-age=86400"})


def _integration(api: Api) -> words.Integration:
    return words.Integration(
        key=wire.PLATFORM_KEY,
        logo_url=api.public_url + LOGO_PATH,
        name=NAME,
        enabled=True,
        source_id=wire.SOURCE_ID,
        source_type=wire.SOURCE_TYPE,
        integration_id=wire.INTEGRATION_ID,
        is_offline_connector=False,
        is_beta=False,
        datatype_features=[_feature(name, types) for name, types in _FEATURES.items()],
    )


def _fields(each: words.Integration) -> Mapping[str, Sequence[str | bool]]:
    return {name: (getattr(each, name),) for name in ("name", "enabled")}


def _feature(name: str, types: tuple[str, ...]) -> words.DataTypeFeature:
    return words.DataTypeFeature(name, name, [words.SupportedFeature(each, "Release") for each in types])


def _check(call: Call) -> None:
    key = call.path["platform_key"]
    if key != wire.PLATFORM_KEY:
        shown = legible(key[:40])
        raise NotFound("integration", f"Integration {shown!r} was not found; this server has {wire.PLATFORM_KEY} only")
