"""An institution's own web app binds Sage's authorisation to a connection, or says that the person refused."""

from bankfeeds.domain.errors import one_flaw
from bankfeeds.flows.authorise import bind_by_api, refuse_by_api
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, authorization_id, company_id, connection_id
from bankfeeds.web.endpoint import Answer, Call

_body = Reader(wire.Authorization)


def put(api: Api, call: Call, actor: str) -> Answer:
    company, connection, body = company_id(call), connection_id(call), _body.read_storable(call)
    if not body.authorization_id:
        raise one_flaw("authorizationId", "is missing; send the `state` that Sage's user arrived with")
    bound = bind_by_api(api.world, actor, company, connection, body.authorization_id, body.bank_id or None)
    return reply(translate.connection(bound, api.public_url))


def refuse(api: Api, call: Call, actor: str) -> Answer:
    refuse_by_api(api.world, actor, authorization_id(call), call.first("bankId") or None)
    return Answer(204)
