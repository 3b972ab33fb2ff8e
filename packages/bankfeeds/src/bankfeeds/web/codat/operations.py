"""Push operations: get one, list a company's."""

from bankfeeds.flows import pushes
from bankfeeds.flows import receipts as receipt_flows
from bankfeeds.web.codat import translate
from bankfeeds.web.codat.body import reply
from bankfeeds.web.codat.exchange import Api, company_id, push_key
from bankfeeds.web.codat.paging import page, window
from bankfeeds.web.codat.querying import OPERATIONS, selection
from bankfeeds.web.endpoint import Answer, Call


def get(api: Api, call: Call, _actor: str) -> Answer:
    return reply(translate.push_operation(pushes.get(api.world, company_id(call), push_key(call))))


def receipts(api: Api, call: Call, _actor: str) -> Answer:
    """Beyond Codat: a line of each transaction that the operation brought."""
    view = window(call)
    found, total = receipt_flows.page(api.world, company_id(call), push_key(call), view.offset, view.size)
    return reply(page(call, view, [translate.receipt(each) for each in found], total))


def listed(api: Api, call: Call, _actor: str) -> Answer:
    view = window(call)
    found, total = pushes.page(api.world, company_id(call), view.offset, view.size, selection(call, OPERATIONS))
    return reply(page(call, view, [translate.push_operation(each) for each in found], total))
