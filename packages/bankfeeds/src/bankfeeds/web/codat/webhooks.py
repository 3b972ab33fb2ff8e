"""Webhook consumers: made, listed, removed. Their signing secrets are not told here (contract 5)."""

from bankfeeds.domain.webhook import Consumer, ConsumerDraft
from bankfeeds.flows import webhooks
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, webhook_id
from bankfeeds.web.endpoint import Answer, Call

_body = Reader(words.NewConsumer)


def create(api: Api, call: Call, actor: str) -> Answer:
    body: words.NewConsumer = _body.read_storable(call)
    draft = ConsumerDraft(body.url, body.event_types, body.company_tags, body.disabled or False)
    return reply(_shown(webhooks.create(api.world, actor, draft)), 201)


def listed(api: Api, _call: Call, _actor: str) -> Answer:
    return reply(words.Consumers([_shown(each) for each in webhooks.every(api.world)]))


def delete(api: Api, call: Call, actor: str) -> Answer:
    webhooks.remove(api.world, actor, webhook_id(call))
    return Answer(204)


def _shown(found: Consumer) -> words.Consumer:
    return words.Consumer(found.id, found.url, found.is_disabled, found.event_types, found.company_tags)
