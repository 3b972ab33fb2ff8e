"""Companies: create, list, get, replace, update, delete; their access tokens and products."""

from bankfeeds.flows import companies, company_token, products
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, company_id
from bankfeeds.web.codat.paging import page, window
from bankfeeds.web.codat.querying import COMPANIES, selection
from bankfeeds.web.endpoint import Answer, Call

_body = Reader(wire.CompanyBody)


def create(api: Api, call: Call, actor: str) -> Answer:
    draft = translate.company_draft(_body.read_storable(call))
    return reply(translate.company(companies.create(api.world, actor, draft), api.public_url))


def listed(api: Api, call: Call, _actor: str) -> Answer:
    view = window(call)
    found, total = companies.page(api.world, view.offset, view.size, selection(call, COMPANIES, has_tags=True))
    return reply(page(call, view, [translate.company(each, api.public_url) for each in found], total))


def get(api: Api, call: Call, _actor: str) -> Answer:
    return reply(translate.company(companies.get(api.world, company_id(call)), api.public_url))


def replace(api: Api, call: Call, actor: str) -> Answer:
    company, draft = company_id(call), translate.company_draft(_body.read_storable(call))
    return reply(translate.company(companies.replace_all(api.world, actor, company, draft), api.public_url))


def update(api: Api, call: Call, actor: str) -> Answer:
    company, draft = company_id(call), translate.company_draft(_body.read_storable(call))
    return reply(translate.company(companies.update(api.world, actor, company, draft), api.public_url))


def access_token(api: Api, call: Call, _actor: str) -> Answer:
    token = company_token.issue(api.world, company_id(call))
    return reply(words.AccessToken(company_token.LIFETIME_S, token, "Bearer"))


def add_product(api: Api, call: Call, actor: str) -> Answer:
    products.add(api.world, actor, company_id(call), call.path["product"])
    return Answer(204)


def remove_product(api: Api, call: Call, actor: str) -> Answer:
    products.remove(api.world, actor, company_id(call), call.path["product"])
    return Answer(204)


def delete(api: Api, call: Call, actor: str) -> Answer:
    companies.delete(api.world, actor, company_id(call))
    return Answer(204)
