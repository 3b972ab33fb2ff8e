"""What belongs to the institution as a whole: its profile, and the origins whose pages may call the API."""

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.profile import Profile
from bankfeeds.flows import profile as flow
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api
from bankfeeds.web.endpoint import Answer, Call

_profile = Reader(words.ProfileBody)
_origins = Reader(words.OriginsBody)


def get_profile(api: Api, _call: Call, _actor: str) -> Answer:
    default = Profile("Bankfeeds", f"{api.public_url}/link/companies/{{companyId}}")
    return reply(_told(flow.profile(api.world, default)))


def set_profile(api: Api, call: Call, actor: str) -> Answer:
    """All of it: what is absent is cleared."""
    body: words.ProfileBody = _profile.read_storable(call)
    if body.name is None:
        raise one_flaw("name", "is missing; give the institution's name")
    if body.redirect_url is None:
        raise one_flaw("redirectUrl", "is missing; say where to send people once they have linked")
    urls = tuple(body.white_list_urls or ())
    wanted = Profile(body.name, body.redirect_url, body.logo_url or None, body.icon_url or None, urls)
    return reply(_told(flow.set_profile(api.world, actor, wanted)))


def get_origins(api: Api, _call: Call, _actor: str) -> Answer:
    return reply(words.Origins(flow.allowed_origins(api.world)))


def set_origins(api: Api, call: Call, actor: str) -> Answer:
    body: words.OriginsBody = _origins.read_storable(call)
    if body.allowed_origins is None:
        raise one_flaw("allowedOrigins", "is missing; send an array, an empty one to allow no other origin")
    return reply(words.Origins(flow.set_allowed_origins(api.world, actor, body.allowed_origins)))


def _told(profile: Profile) -> words.Profile:
    return words.Profile(
        profile.name, profile.redirect_url, profile.white_list_urls, profile.logo_url, profile.icon_url
    )
