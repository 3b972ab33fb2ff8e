"""The Consumer API's transactions: one page of what an account holds, by sequential ids (7.11)."""

from itertools import islice

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.bank_accounts import account_of, account_view
from sage_sandbox.exchange import answer, world_of
from sage_sandbox.refusals import refuse

PAGE_MAX = 100
_SPELT = [(field.name, field.encode_name) for field in msgspec.structs.fields(wire.Line)]


async def get_transactions(request: Request) -> Response:
    """One page, from startIndex on; a disconnected account has no history any more."""
    world = world_of(request)
    account = account_of(world, request)
    start, end = _index(request, "startIndex", 1), _index(request, "endIndex", None)
    ledger = world.ledger(account.bank_account_id)
    last = None if account.status == "cancelled" else ledger.last_id
    numbered = ledger.numbered(start or 1) if last is not None else iter(())
    page = [(number, line) for number, line in islice(numbered, PAGE_MAX) if end is None or number <= end]
    shown: dict[str, object] = {
        "startIndex": page[0][0] if page else start,
        "endIndex": page[-1][0] if page else start,
        "total": 0 if last is None else ledger.count,
        "transactions": [line_view(number, line) for number, line in page],
        "last": last,
        "next": page[-1][0] + 1 if page and last is not None and page[-1][0] < last else None,
    }
    return answer({"bankAccount": account_view(world, account), "bankTransactionList": shown})


def _index(request: Request, name: str, default: int | None) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - what an id can be
        raise refuse(400, "SCHEMA_INVALID", "Expected a number from 0", name)
    return int(text)


def line_view(number: int, line: wire.Line) -> dict[str, object]:
    view: dict[str, object] = {"transactionId": number}
    for name, spelt in _SPELT:
        value = getattr(line, name)
        if value is not None:
            view[spelt] = value
    return view
