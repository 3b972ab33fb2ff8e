"""Connections: create, list, get, unlink, delete. One integration exists here: Sage, `olpr`."""

from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.flows import connections
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.errors import legible
from bankfeeds.web.codat.exchange import Api, company_id, connection_id
from bankfeeds.web.codat.paging import page, window
from bankfeeds.web.codat.querying import CONNECTIONS, selection
from bankfeeds.web.endpoint import Answer, Call

_creation = Reader(wire.CreateConnection)
_change = Reader(wire.UpdateConnection)


def create(api: Api, call: Call, actor: str) -> Answer:
    company, body = company_id(call), _creation.read(call)
    if body.platform_key is None:
        raise one_flaw("platformKey", f"is missing; send {wire.PLATFORM_KEY}, Sage Bank Feeds")
    if body.platform_key != wire.PLATFORM_KEY:
        key = legible(body.platform_key[:40])
        raise NotFound("integration", f"Integration {key!r} was not found; this server has {wire.PLATFORM_KEY} only")
    return reply(translate.connection(connections.create(api.world, actor, company), api.public_url))


def listed(api: Api, call: Call, _actor: str) -> Answer:
    view = window(call)
    found, total = connections.page(api.world, company_id(call), view.offset, view.size, selection(call, CONNECTIONS))
    return reply(page(call, view, [translate.connection(each, api.public_url) for each in found], total))


def get(api: Api, call: Call, _actor: str) -> Answer:
    found = connections.get(api.world, company_id(call), connection_id(call))
    return reply(translate.connection(found, api.public_url))


def unlink(api: Api, call: Call, actor: str) -> Answer:
    company, connection, body = company_id(call), connection_id(call), _change.read(call)
    if body.status != "Unlinked":
        raise one_flaw("status", "must be Unlinked; nothing else of a connection can be changed")
    return reply(translate.connection(connections.unlink(api.world, actor, company, connection), api.public_url))


def delete(api: Api, call: Call, actor: str) -> Answer:
    """200 with an empty body, unlike every other delete: Codat's clients refuse a 204 here."""
    connections.delete(api.world, actor, company_id(call), connection_id(call))
    return Answer(200)
