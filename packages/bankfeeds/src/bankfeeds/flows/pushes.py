"""Reading push operations, with what holds a pending one up."""

from dataclasses import replace

from bankfeeds.domain.delivery import Delivery
from bankfeeds.domain.errors import Flaw, NotFound
from bankfeeds.domain.push_operation import PushOperation, PushStatus
from bankfeeds.domain.selection import EVERYTHING, Selection
from bankfeeds.flows import quarantine
from bankfeeds.flows.context import World
from bankfeeds.store import companies, feeds, pushes
from bankfeeds.store.engine import Read

PAUSED = "deliveries of this account are paused by the operator"


def get(world: World, company_id: str, key: str) -> PushOperation:
    """NotFound if the company has no such operation, or is gone."""
    return world.db.read(lambda tx: _with_causes(tx, [find(tx, company_id, key)])[0])


def find(tx: Read, company_id: str, key: str) -> tuple[int, PushOperation]:
    """With the number of the account it wrote to. NotFound as `get`."""
    _check_company(tx, company_id)
    found = pushes.find(tx, company_id, key)
    if found is None:
        raise NotFound("push_operation", f"Push operation {key} was not found")
    return found


def page(
    world: World, company_id: str, offset: int, limit: int, wanted: Selection = EVERYTHING
) -> tuple[list[PushOperation], int]:
    """Newest first unless another order is wanted, and the number of all that are."""

    def read(tx: Read) -> tuple[list[PushOperation], int]:
        _check_company(tx, company_id)
        found, total = pushes.page(tx, company_id, offset, limit, wanted)
        return _with_causes(tx, found), total

    return world.db.read(read)


def _check_company(tx: Read, company_id: str) -> None:
    if companies.find(tx, company_id) is None:
        raise NotFound("company", f"Company {company_id} was not found")


def _with_causes(tx: Read, found: list[tuple[int, PushOperation]]) -> list[PushOperation]:
    """A pending operation on a parked or paused feed says why it waits."""
    waiting = sorted({account_pk for account_pk, push in found if push.status is PushStatus.pending})
    if not waiting:
        return [push for _, push in found]
    causes = dict.fromkeys(feeds.held_accounts(tx, waiting), PAUSED) | quarantine.causes(tx, waiting)
    causes |= feeds.parked_causes(tx, waiting)
    return [
        replace(push, warnings=(*push.warnings, Flaw("transactions", causes[account_pk])))
        if push.status is PushStatus.pending and account_pk in causes
        else push
        for account_pk, push in found
    ]


PUSHES_NAMED_MAX = 50


def keys_carried(world: World, delivery: Delivery) -> list[str]:
    """The push operations that brought the lines of a statement: the newest PUSHES_NAMED_MAX, oldest first."""
    statement = delivery.statement
    if statement.first_seq is None or statement.last_seq is None:
        return []
    first, last = statement.first_seq, statement.last_seq
    return world.db.read(lambda tx: pushes.keys_between(tx, statement.feed_pk, first, last, PUSHES_NAMED_MAX))
