"""API keys: made, listed without their secrets, deleted."""

from bankfeeds.domain.api_key import ApiKey, Scope
from bankfeeds.domain.errors import one_flaw
from bankfeeds.flows import keys
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, api_key_id
from bankfeeds.web.endpoint import Answer, Call

UNNAMED = "unnamed"
_MASK = "••••"
_body = Reader(words.NewApiKey)


def create(api: Api, call: Call, actor: str) -> Answer:
    """The one time that the key itself is told."""
    body: words.NewApiKey = _body.read_storable(call)
    name, scope = UNNAMED if body.name is None else body.name, Scope(body.scope or Scope.admin)
    if body.expires_at is not None and body.expires_at.tzinfo is None:
        raise one_flaw("expiresAt", "has no time zone; end it in Z")
    key, secret = keys.create(api.world, actor, name, body.expires_at, scope=scope)
    return reply(_shown(key, secret), 201)


def listed(api: Api, _call: Call, _actor: str) -> Answer:
    """Those that work."""
    now = api.world.clock()
    live = [key for key in keys.every(api.world) if key.is_live(now)]
    return reply(words.ApiKeys([_shown(key, _MASK + key.hint) for key in live]))


def delete(api: Api, call: Call, actor: str) -> Answer:
    """Even the one that asks, but not the last: nobody could make another through the API."""
    keys.delete(api.world, actor, api_key_id(call))
    return Answer(204)


def _shown(key: ApiKey, secret: str) -> words.ApiKey:
    return words.ApiKey(key.id, key.name, secret, key.created_at, key.scope.value, key.expires_at)
