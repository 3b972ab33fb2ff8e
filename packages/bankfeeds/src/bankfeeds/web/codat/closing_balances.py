"""`PUT closingBalances`, beyond Codat: the institution's own closing balances, for the proof of balances."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.transaction import parse_day
from bankfeeds.flows import reconcile
from bankfeeds.web.codat import wire
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, account_id, company_id, connection_id
from bankfeeds.web.endpoint import Answer, Call

FLAWS_SHOWN_MAX = 20
_body = Reader(wire.ClosingBalancesBody)


def put(api: Api, call: Call, actor: str) -> Answer:
    """A day that was stated before is replaced; nothing is taken if anything is wrong."""
    company, connection, account = company_id(call), connection_id(call), account_id(call)
    given = _days(_body.read_storable(call).closing_balances or [])
    reconcile.state_by_api(api.world, actor, company, connection, account, given)
    return reply(wire.ClosingBalancesStated(len(given)))


def _days(items: Sequence[wire.ClosingBalance]) -> dict[date, Decimal]:
    given: dict[date, Decimal] = {}
    flaws: list[Flaw] = []
    for position, item in enumerate(items):
        on = parse_day(item.date or "")
        found = list(_flaws(f"closingBalances[{position}]", item, on, given))
        flaws += found
        if not found and on is not None and item.balance is not None:
            given[on] = item.balance
    if flaws:
        shown = tuple(flaws[:FLAWS_SHOWN_MAX])
        raise Invalid("closing_balances", f"{shown[0].field}: {shown[0].message}", shown)
    return given


def _flaws(where: str, item: wire.ClosingBalance, on: date | None, given: dict[date, Decimal]) -> Iterator[Flaw]:
    if on is None:
        yield Flaw(f"{where}.date", "is missing or not a calendar day; write it as 2026-02-28")
    elif on in given:
        yield Flaw(f"{where}.date", f"{on} is there twice; give each day one closing balance")
    if item.balance is None:
        yield Flaw(f"{where}.balance", "is missing; 0 is allowed")
