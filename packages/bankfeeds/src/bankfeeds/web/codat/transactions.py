"""Bank transactions: the model that describes a push, and the push itself."""

from typing import Any

from bankfeeds.domain.errors import NotFound, one_flaw
from bankfeeds.domain.ids import uuid_of
from bankfeeds.flows import accept as accepting
from bankfeeds.flows import connections, source_accounts
from bankfeeds.flows.accept import accept
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.rehearse import rehearse
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.errors import legible
from bankfeeds.web.codat.exchange import Api, account_id, company_id, connection_id
from bankfeeds.web.codat.model import BANK_TRANSACTIONS
from bankfeeds.web.codat.paging import whole
from bankfeeds.web.endpoint import Answer, Begun, Call

TIMEOUT_MINUTES_MAX = 525_600
"""A year."""

_body = Reader(wire.CreateTransactions)


def model(api: Api, call: Call, _actor: str) -> Answer:
    source_accounts.get(api.world, company_id(call), connection_id(call), account_id(call))
    return reply(BANK_TRANSACTIONS)


def options(api: Api, call: Call, _actor: str) -> Answer:
    """By data type: there is one that can be written."""
    connections.get(api.world, company_id(call), connection_id(call))
    if call.path["data_type"] != "bankTransactions":
        kind = legible(call.path["data_type"][:40])
        raise NotFound("data_type", f"{kind!r} cannot be written to Sage Bank Feeds; bankTransactions can")
    return reply(BANK_TRANSACTIONS)


def create(api: Api, call: Call, actor: str) -> Answer:
    """HTTP 200 whatever the operation's own code: Codat's clients refuse a 202."""
    if flag(call, "dryRun"):
        return reply(translate.rehearsal(rehearse(api.world, _request(call))))
    return reply(translate.push_operation(accept(api.world, actor, _request(call))))


def begin(api: Api, call: Call, actor: str) -> Begun | None:
    """As `create`, without waiting; None where only `create` will do."""
    if flag(call, "dryRun"):
        return None
    begun = accepting.begin(api.world, actor, _request(call))
    if begun is None:
        return None

    def end(numbered: Any) -> Answer | None:
        push = begun.end(numbered)
        return None if push is None else reply(translate.push_operation(push))

    return Begun(begun.stored, end)


def _request(call: Call) -> PushRequest:
    company, connection, account = company_id(call), connection_id(call), account_id(call)
    timeout_minutes = whole(call, "timeoutInMinutes", 1, TIMEOUT_MINUTES_MAX)
    flag(call, "allowSyncOnPushComplete")  # accepted for Codat's clients' sake; it means nothing for Sage
    body = _body.read(call)
    if body.transactions is None:
        raise one_flaw("transactions", "is missing; send an array of transactions, oldest first")
    key = uuid_of(call.correlation_id)
    return PushRequest(company, connection, account, body.account_id, body.transactions, timeout_minutes, key)


def flag(call: Call, name: str) -> bool:
    """False where the query has not got it."""
    text = call.first(name)
    if text is None:
        return False
    if text.lower() not in {"true", "false"}:
        raise one_flaw(name, "must be true or false")
    return text.lower() == "true"
